"""The shape of a record: its fields, their order, and the columns of a table.

A record is a nested dict under public names. A field is a path: `id`, `contact.email`, or, into an open object,
`contact.metadata.plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from visitors.domain.spelling import one_of
from visitors.domain.times import Instant
from visitors.errors import UsageProblem

Record = dict[str, Any]
Path = tuple[str, ...]


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its heading, and how it formats a record as of an instant.

    On a narrow terminal it may shrink to `shrinks_to` (None: it stays whole, as an id does so that it can be copied),
    or wrap if it `wraps`. A column without any value is hidden unless it is `always` shown, and an `extra` one is shown
    only on a wide terminal.
    """

    heading: str
    show: Callable[[Record, Instant], str]
    style: str = ""
    shrinks_to: int | None = None
    right: bool = False
    wraps: bool = False
    always: bool = False
    extra: bool = False


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one kind of record.

    Fields in `open_objects` have arbitrary keys. A record that has a page, or is changed by id, is called a `noun`.
    Field names of a `flat` shape may contain dots.
    """

    fields: tuple[str, ...]
    columns: tuple[Column, ...]
    noun: str = ""
    open_objects: tuple[str, ...] = ()
    id_field: str = "id"
    flat: bool = False

    def led_by(self, *fields: str) -> Shape:
        """Return the shape with `fields` before the others, for what a command adds about its effect."""
        leading = tuple(Column(field.upper(), _text(field)) for field in fields)
        return msgspec.structs.replace(self, fields=fields + self.fields, columns=leading + self.columns)

    def followed_by(self, *fields: str) -> Shape:
        """Return the shape with `fields` after the others."""
        return msgspec.structs.replace(self, fields=self.fields + fields)

    def paths(self, chosen: Iterable[str] | None) -> list[Path]:
        """Return the paths of the `chosen` fields, expanding groups (`contact`); all if None.

        Raises UsageProblem for an unknown field, listing the valid ones.
        """
        return [path for name in (self.fields if chosen is None else chosen) for path in self._expand(name)]

    def _expand(self, name: str) -> list[Path]:
        if name in self.fields:
            return [(name,) if self.flat else tuple(name.split("."))]
        members = [tuple(field.split(".")) for field in self.fields if field.startswith(f"{name}.")]
        if members:
            return members
        for parent in self.open_objects:
            if name.startswith(f"{parent}.") and len(name) > len(parent) + 1:
                return [(*parent.split("."), name[len(parent) + 1 :])]
        hint = one_of(name, self.fields, "the fields are")
        raise UsageProblem(f"unknown field {name!r}", code="unknown_field", hint=hint)


def value_at(record: Record, path: Path) -> Any:
    """Return the value at `path`; None if part of it is missing or null."""
    value: Any = record
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def picked(record: Record, paths: list[Path]) -> Record:
    """Return the record reduced to `paths`, in their order, nested as before."""
    result: Record = {}
    for path in paths:
        target = result
        for depth, key in enumerate(path[:-1]):
            if value_at(record, path[: depth + 1]) is None:
                target.setdefault(key, None)
                break
            target = target.setdefault(key, {})
        else:
            target[path[-1]] = value_at(record, path)
    return result


def _text(field: str) -> Callable[[Record, Instant], str]:
    return lambda record, _: str(record.get(field) or "")
