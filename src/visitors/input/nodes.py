"""Build nodes one by one, within limits on count and depth."""

from __future__ import annotations

import re
import sys

from visitors.domain.node import BadPlace, Node, Place, Written

NODE_LIMIT = 2_000_000
DEPTH_LIMIT = 200

NUMBER = r"(?a)-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
"""A JSON number."""

_INTEGER = r"(?a)-?(?:0|[1-9]\d*)"
_DIGITS_LIMIT = 400


class Builder:
    """Builds and counts nodes."""

    def __init__(self, written: Written) -> None:
        self.root: Node | None = None
        self._written = written
        self._open: list[dict[str, Node] | list[Node]] = []
        self._key: str | None = None  # of the next value
        self._key_position = 0
        self._count = 0

    @property
    def expects_key(self) -> bool:
        """Whether the next node is the key of a mapping."""
        return self._key is None and bool(self._open) and isinstance(self._open[-1], dict)

    def begin(self, position: int, container: dict[str, Node] | list[Node]) -> None:
        """Begin a mapping or a list; `container` is an empty one."""
        if self.expects_key:
            kind = "a mapping" if isinstance(container, dict) else "a list"
            raise BadPlace(self._written.place(position), f"a key must be text, not {kind}", code="invalid_key")
        if len(self._open) == DEPTH_LIMIT:
            raise too_deep(self._written.place(position))
        self.single(position, container)
        self._open.append(container)

    def end(self) -> None:
        """End the innermost mapping or list."""
        self._open.pop()

    def key(self, position: int, key: str) -> None:
        """Add the key of the next value."""
        container = self._open[-1]
        if isinstance(container, dict) and key in container:
            first = container[key].key_place
            raise BadPlace(
                self._written.place(position),
                f"duplicate key {key!r}, first at line {first.line:,}, column {first.column:,}",
                code="duplicate_key",
            )
        self._key, self._key_position = sys.intern(key), position  # records repeat the names of their fields

    def single(
        self,
        position: int,
        value: dict[str, Node] | list[Node] | str | float | bool | None,  # noqa: FBT001 - what was read
        text: str | None = None,
    ) -> None:
        """Add a scalar."""
        self._count += 1
        if self._count > NODE_LIMIT:
            raise BadPlace(self._written.place(position), f"more than {NODE_LIMIT:,} values", code="file_too_large")
        node = Node(self._written, position, value, text, self._key_position)
        container = self._open[-1] if self._open else None
        if container is None:
            self.root = node
        elif isinstance(container, list):
            container.append(node)
        elif self._key is not None:
            container[self._key], self._key = node, None


def number(text: str, written: Written, position: int) -> int | float:
    """Parse the number in `text`, which has the form `NUMBER`. Raises BadPlace if it is out of range."""
    if len(text) > _DIGITS_LIMIT:
        reason = f"the number has too many digits ({len(text):,} characters)"
        raise BadPlace(written.place(position), reason, code="too_long", hint="if it is text, put it in quotes")
    value = int(text) if re.fullmatch(_INTEGER, text) else float(text)
    if abs(value) == float("inf"):
        reason = f"the number {text} is too large"
        raise BadPlace(written.place(position), reason, code="too_long", hint="if it is text, put it in quotes")
    return value


def too_deep(place: Place) -> BadPlace:
    """Make the error for too deep nesting."""
    return BadPlace(place, f"nested deeper than {DEPTH_LIMIT} levels", code="too_deep")


def empty(name: str) -> BadPlace:
    """Make the error for an empty file."""
    return BadPlace(
        Place(name, 1, 1), "the file is empty", code="empty_file", hint="it needs at least the line: version: 1"
    )
