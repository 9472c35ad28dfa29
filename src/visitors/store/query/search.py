"""Search text as a full-text query, and as a test of one row."""

from __future__ import annotations

from visitors.store.query.filters import Filter
from visitors.store.query.listing import Condition, Table

SHORTEST = 3
"""The minimum number of characters for the full-text index."""

_OF_IDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._:-")


def trigrams(text: str) -> str:
    """Build the full-text query for rows with all trigrams of `text`, quoted. It also matches rows without `text`
    itself.
    """
    parts = dict.fromkeys(text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)


def of_ids(text: str, table: Table, alias: str) -> list[Filter]:
    """Return the filter for records whose ids contain the folded `text`, as a list, which is empty if no id can. LIKE
    ignores the case of ASCII letters, and ids have no others.
    """
    if not _OF_IDS.issuperset(text):
        return []
    test = Condition(f"{alias}.id LIKE ? ESCAPE '!'", ("%" + text.replace("_", "!_") + "%",))
    # all ids are scanned, in the index of the UNIQUE constraint: 0.05 s at a million
    scan = f"SELECT {alias}.pk FROM {table} AS {alias} INDEXED BY sqlite_autoindex_{table}_1 WHERE {test.sql}"
    return [Filter(test=test, members=Condition(scan, test.parameters))]
