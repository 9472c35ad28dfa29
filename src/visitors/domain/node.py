"""What a written file holds, before anything is known of its meaning: values with their places."""

from __future__ import annotations

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


class Node(msgspec.Struct, frozen=True):
    """A mapping, a list, or a single value.

    `text` is a single value as it stands in the file, for where text is meant: YAML's `no` and
    `10.10` without quotes, which as values are a string and a number. A number of JSON has none.
    """

    place: Place
    value: dict[str, Node] | list[Node] | str | int | float | bool | None
    text: str | None = None
    key_places: dict[str, Place] = {}

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
