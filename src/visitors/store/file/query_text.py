"""The text of a user-supplied query: its words, and their positions."""

from __future__ import annotations

import re

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
    found = [Word(one.lastgroup or "", one[0], one.start(), one.end()) for one in _WORD.finditer(query)]
    return [word for word in found if word.kind != "blank"]


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
