"""What a written file holds, before anything is known of its meaning: values with their places."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import Any

import msgspec

from visitors.errors import InvalidData


class Place(msgspec.Struct, frozen=True):
    """Where something is written; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line:,}, column {self.column:,}"


class Written:
    """A text whose values are read: its file, and where its lines begin."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = array("L", [0])
        self._lines.extend(match.end() for match in re.finditer("\n", text))

    def place(self, position: int) -> Place:
        """The place of the character at `position`."""
        line = bisect_right(self._lines, position)
        return Place(self._file, line, position - self._lines[line - 1] + 1)


class Node(msgspec.Struct, frozen=True, gc=False):
    """A mapping, a list, or a single value, at a position of what was written.

    A file has millions, so a node is small: its place, and in a mapping that of its key, are made when
    they are asked for. `text` is a single value as it stands in the file, for where text is meant: YAML's `no` and
    `10.10` without quotes, which as values are a string and a number. A number of JSON has none.
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
        """Where its key begins, of a value in a mapping."""
        return self.written.place(self.key_position)

    @property
    def kind(self) -> str:
        """What it is, as a person would say it."""
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
    """Invalid data at a place of a file: `reason` is the message without the place."""

    def __init__(
        self, place: Place, reason: str, *, code: str = "invalid", hint: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(f"{place}: {reason}", code=code, hint=hint, field=field)
        self.place = place
        self.where = str(place)
        self.reason = reason


def plain(node: Node) -> Any:
    """The value of `node` and of all that is in it, without places."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value
