"""What was probably meant by a word that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_LONGEST = 100
"""How much of a word is compared: more than any name has."""
_ALIKE = 0.65
"""How much of two words is the same, at least: lang and language are, stats and contacts are not."""


def near(word: str, known: Iterable[str], synonyms: Mapping[str, str] = {}) -> str | None:
    """The one of `known` that was probably meant by `word`; `synonyms` are bare words for some of them."""
    from difflib import get_close_matches  # only after a mistake

    spelled = {bare(name): name for name in known}
    sought = bare(word)[:_LONGEST]
    if sought not in spelled and synonyms.get(sought) in spelled.values():
        return synonyms[sought]
    close = get_close_matches(sought, spelled, n=1, cutoff=_ALIKE)
    return spelled[close[0]] if close else None


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint at the one of `known` that was probably meant, or `otherwise` where none is near."""
    close = near(word, known)
    return f"did you mean {close}?" if close else otherwise


def one_of(word: str, known: Iterable[str], what: str) -> str:
    """A hint with the one of `known` that was probably meant, and all of them after `what`."""
    names = list(known)
    close = near(word, names)
    return (f"did you mean {close}? " if close else "") + f"{what} {', '.join(names)}"


def bare(text: str) -> str:
    """`text` without what spellings of one name differ in: letter case, dashes, underscores, spaces."""
    for letter in "-_ ":
        text = text.replace(letter, "")
    return text.lower()
