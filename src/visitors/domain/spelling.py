"""Suggest the known word closest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_LONGEST = 100
"""The number of characters compared; no name is longer."""
_ALIKE = 0.65
"""The minimum similarity: above it are lang and language, below it stats and contacts."""


def near(word: str, known: Iterable[str], synonyms: Mapping[str, str] = {}) -> str | None:
    """Return the one of `known` closest to `word`, if any is close; `synonyms` map bare words to known ones."""
    from difflib import get_close_matches  # needed only after a mistake

    spelled = {bare(name): name for name in known}
    sought = bare(word)[:_LONGEST]
    if sought not in spelled and synonyms.get(sought) in spelled.values():
        return synonyms[sought]
    close = get_close_matches(sought, spelled, n=1, cutoff=_ALIKE)
    return spelled[close[0]] if close else None


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint with the one of `known` that was probably meant, or `otherwise` if none is close."""
    close = near(word, known)
    return f"did you mean {close}?" if close else otherwise


def one_of(word: str, known: Iterable[str], what: str) -> str:
    """Return a hint with the one of `known` that was probably meant, and the full list after `what`."""
    names = list(known)
    close = near(word, names)
    return (f"did you mean {close}? " if close else "") + f"{what} {', '.join(names)}"


def bare(text: str) -> str:
    """Return `text` without differences of spelling: letter case, dashes, underscores, spaces."""
    for letter in "-_ ":
        text = text.replace(letter, "")
    return text.lower()
