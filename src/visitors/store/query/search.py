"""Search text as a full-text query, and as a test of one row."""

from __future__ import annotations

SHORTEST = 3
"""The minimum number of characters for the full-text index."""

_OF_IDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._:-")


def trigrams(text: str) -> str:
    """Build the full-text query for rows with all trigrams of `text`, quoted. It also matches rows without `text`
    itself.
    """
    parts = dict.fromkeys(text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)


def part_of_an_id(text: str) -> str | None:
    """Return the LIKE pattern, with `!` as its escape, for ids that contain the folded `text`; None if no id can. LIKE
    ignores the case of ASCII letters, and ids have no others.
    """
    return "%" + text.replace("_", "!_") + "%" if _OF_IDS.issuperset(text) else None
