"""What a text that is searched for means: to the full-text index, and to a test of one row."""

from __future__ import annotations

import string

SHORTEST = 3
"""How many characters a text must have for the full-text index to find it."""

_OF_IDS = frozenset(string.ascii_lowercase + string.digits + "._:-")

# Letters that are one but for their case, though neither is the other's capital: the kelvin sign and K, two sigmas.
_ALIKE = ("kK\u212a", "sS\u017f", "åÅ\u212b", "ß\u1e9e", "µμΜ", "βΒϐ", "εΕϵ", "θΘϑϴ", "ιΙ\u0345\u1fbe", "κΚϰ",
          "πΠϖ", "ρΡϱ", "σΣς", "φΦϕ", "ωΩ\u2126", "ṡṠẛ")  # fmt: skip


def trigrams(text: str) -> str:
    """The full-text query for what has every three letters in a row of `text`, whatever these mean in queries. More has
    them than contains `text`.
    """
    parts = dict.fromkeys(text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)


def part_of_an_id(text: str) -> str | None:
    """The LIKE pattern, with `!` as its escape, of the ids that contain `text`; None where none can, for LIKE is not
    asked in vain. LIKE makes no difference between the cases of A to Z, which are the only letters of ids.
    """
    plain = text.casefold()
    if len(plain) != len(text) or not _OF_IDS.issuperset(plain):
        return None
    return "%" + plain.replace("_", "!_") + "%"


def containing(text: str) -> str:
    """The GLOB pattern of what contains `text`, whatever the case of letters, as the full-text index has it."""
    return "*" + "".join(map(_class, text)) + "*"


def _class(letter: str) -> str:
    alike = next((letters for letters in _ALIKE if letter in letters), letter)
    cases = {letter, *alike, *(other for other in (letter.lower(), letter.upper()) if _same(letter, other))}
    # in brackets no character has a meaning but ^ at the start and ] at the end
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or letter in "*?[" else letter


def _same(letter: str, other: str) -> bool:
    return len(other) == 1 and letter.casefold() == other.casefold()
