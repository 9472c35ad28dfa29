"""The text of a user-supplied query: its words, and their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_WORD = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string> '(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" | \[[^\]]*\] | `(?:[^`]|``)*` )
    | (?P<parameter> \?\d* | [:@$]\w+ )
    | (?P<name> [^\W\d][\w$]* )
    | (?P<other> \d\w*(?:\.\w+)? | . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Word(msgspec.Struct, frozen=True):
    """A word of a query: its kind, its text, and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name, without quotes and in lower case."""
        inner = self.text[1:-1] if self.kind == "quoted" else self.text
        return inner.replace('""', '"').lower()


def words(query: str) -> list[Word]:
    """Split a query into words, without white space and comments."""
    return list(_words(query))


def _words(query: str) -> Iterator[Word]:
    for found in _WORD.finditer(query):
        kind = found.lastgroup or ""
        if kind != "blank":
            yield Word(kind, found[0], found.start(), found.end())


def place(query: str, at: int) -> str:
    """Format a position in the query: `line 2, column 8`."""
    before = query[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
