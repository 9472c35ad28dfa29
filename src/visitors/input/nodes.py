"""Nodes put together one by one, within bounds that no file can exceed by being clever."""

from __future__ import annotations

import re

from visitors.domain.node import BadPlace, Node, Place

NODE_LIMIT = 2_000_000
DEPTH_LIMIT = 200

NUMBER = r"(?a)-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
"""A number as JSON has it."""

_INTEGER = r"(?a)-?(?:0|[1-9]\d*)"
_DIGITS_LIMIT = 400


class Builder:
    """Puts nodes together, and counts them."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[tuple[Node, list[Node]]] = []  # containers, each with its pending key
        self._count = 0

    @property
    def expects_key(self) -> bool:
        """Whether the next node is the key of a mapping."""
        return bool(self._open) and isinstance(self._open[-1][0].value, dict) and not self._open[-1][1]

    def begin(self, node: Node) -> None:
        """A mapping or a list begins."""
        if self.expects_key:
            raise BadPlace(node.place, f"a key is text, not {node.kind}", code="invalid_key")
        if len(self._open) == DEPTH_LIMIT:
            raise too_deep(node.place)
        self._add(node)
        self._open.append((node, []))

    def end(self) -> None:
        """The innermost mapping or list ends."""
        self._open.pop()

    def single(self, node: Node) -> None:
        """A single value, or a key."""
        if not self.expects_key:
            self._add(node)
            return
        key, places = node.text or "", self._open[-1][0].key_places
        if key in places:
            first = places[key]
            raise BadPlace(
                node.place,
                f"{key!r} is there twice; the first is in line {first.line:,}, column {first.column:,}",
                code="duplicate_key",
            )
        places[key] = node.place
        self._open[-1][1].append(node)

    def _add(self, node: Node) -> None:
        self._count += 1
        if self._count > NODE_LIMIT:
            raise BadPlace(node.place, f"more than {NODE_LIMIT:,} values", code="file_too_large")
        if not self._open:
            self.root = node
            return
        container, pending = self._open[-1]
        if isinstance(container.value, dict):
            container.value[pending.pop().text or ""] = node
        elif isinstance(container.value, list):
            container.value.append(node)


def number(text: str, place: Place) -> int | float:
    """The number that `text`, of the form `NUMBER`, means. Raises BadPlace for one out of all bounds."""
    if len(text) > _DIGITS_LIMIT:
        raise BadPlace(place, f"a number of {len(text):,} characters", code="too_long", hint="for text, use quotes")
    value = int(text) if re.fullmatch(_INTEGER, text) else float(text)
    if abs(value) == float("inf"):
        raise BadPlace(place, f"{text} is too large for a number", code="too_long", hint="for text, use quotes")
    return value


def too_deep(place: Place) -> BadPlace:
    """The error of a container in too many others."""
    return BadPlace(place, f"nested deeper than {DEPTH_LIMIT} levels", code="too_deep")


def empty(name: str) -> BadPlace:
    """The error of a file in which nothing is written."""
    return BadPlace(Place(name, 1, 1), "the file is empty", code="empty_file", hint="an empty fixture is: version: 1")
