"""What a text that is searched for means: to the full-text index, and to a test of one row."""

from __future__ import annotations

SHORTEST = 3
"""How many characters a text must have for the full-text index to find it."""

# Letters that are one but for their case, though neither is the other's capital: the kelvin sign and K, two sigmas.
_ALIKE = ("kK\u212a", "sS\u017f", "åÅ\u212b", "ß\u1e9e", "µμΜ", "βΒϐ", "εΕϵ", "θΘϑϴ", "ιΙ\u0345\u1fbe", "κΚϰ",
          "πΠϖ", "ρΡϱ", "σΣς", "φΦϕ", "ωΩ\u2126", "ṡṠẛ")  # fmt: skip


def phrase(text: str) -> str:
    """The full-text query for what contains `text`, whatever its characters mean in queries."""
    return '"' + text.replace('"', '""') + '"'


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
