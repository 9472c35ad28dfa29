"""The text of a user-supplied query: its words, and their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from visitors.errors import UsageProblem

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


def mistake(
    query: str, at: int | None, what: str, *, code: str | None = "bad_query", hint: str | None = None
) -> UsageProblem:
    """Return the error, with its position in the query where known: `line 2, column 8`."""
    if at is None:
        return UsageProblem(what, code=code, hint=hint)
    begins = query.rfind("\n", 0, at) + 1
    line = query[begins:].partition("\n")[0].rstrip("\r")
    problem = UsageProblem(
        f"line {query.count(chr(10), 0, at) + 1}, column {at - begins + 1}: {what}", code=code, hint=hint
    )
    problem.pointed_at = (line, at - begins)
    return problem
