"""The text of a query that somebody typed: its words, and where in it something stands."""

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
    """A word of a query: which kind it is of, its text, and where that begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What it names, without its quotes, whatever its case."""
        inner = self.text[1:-1] if self.kind == "quoted" else self.text
        return inner.replace('""', '"').lower()


def words(query: str) -> list[Word]:
    """The words of a query, without blanks and comments."""
    return list(_words(query))


def _words(query: str) -> Iterator[Word]:
    for found in _WORD.finditer(query):
        kind = found.lastgroup or ""
        if kind != "blank":
            yield Word(kind, found[0], found.start(), found.end())


def place(query: str, at: int) -> str:
    """Where in the query that is: `line 2, column 8`."""
    before = query[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
