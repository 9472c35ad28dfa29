"""What a text that is searched for means: to the full-text index, and to a test of one row."""

from __future__ import annotations

import string

SHORTEST = 3
"""How many characters a text must have for the full-text index to find it."""

_OF_IDS = frozenset(string.ascii_lowercase + string.digits + "._:-")


def trigrams(text: str) -> str:
    """The full-text query for what has every three letters in a row of `text`, whatever these mean in queries. More has
    them than contains `text`.
    """
    parts = dict.fromkeys(text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)


def part_of_an_id(text: str) -> str | None:
    """The LIKE pattern, with `!` as its escape, of the ids that contain `text`, which is folded; None where none can,
    for LIKE is not asked in vain. LIKE makes no difference between the cases of A to Z: ids have no other letters.
    """
    return "%" + text.replace("_", "!_") + "%" if _OF_IDS.issuperset(text) else None
