"""Parsed files before their meaning is known: values with their positions."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import Any

import msgspec

from visitors.errors import InvalidData


class Place(msgspec.Struct, frozen=True):
    """A position in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line:,}, column {self.column:,}"


class Written:
    """A text whose values are read: its file name, and the start of each line."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = array("L", [0])
        self._lines.extend(match.end() for match in re.finditer("\n", text))

    def place(self, position: int) -> Place:
        """Return the line and column of the character at `position`."""
        line = bisect_right(self._lines, position)
        return Place(self._file, line, position - self._lines[line - 1] + 1)


class Node(msgspec.Struct, frozen=True, gc=False):
    """A mapping, list or scalar, at a position in the text.

    A file can have millions of nodes, so they are small: places are computed on request. `text` is a scalar as written,
    for where text is expected: in YAML, `no` and `10.10` without quotes are a boolean and a number as values. JSON
    numbers have none.
    """

    written: Written
    position: int
    value: dict[str, Node] | list[Node] | str | int | float | bool | None
    text: str | None = None
    key_position: int = 0

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.written.place(self.position)

    @property
    def key_place(self) -> Place:
        """Where its key begins, for a value in a mapping."""
        return self.written.place(self.key_position)

    @property
    def kind(self) -> str:
        """What it is, for error messages."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        if isinstance(self.value, bool):
            return "true or false"
        if isinstance(self.value, int | float):
            return "a number"
        return "nothing" if self.value is None else "text"


class BadPlace(InvalidData):
    """Invalid data at a position of a file; `reason` is the message without the position."""

    def __init__(
        self, place: Place, reason: str, *, code: str = "invalid", hint: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(f"{place}: {reason}", code=code, hint=hint, field=field)
        self.place = place
        self.where = str(place)
        self.reason = reason


def plain(node: Node) -> Any:
    """Return the plain value of `node` and everything in it, without positions."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value
