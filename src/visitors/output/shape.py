"""The shape of a record: which fields it has, in which order, and how a table shows it.

A record is a nested dict under public names. A field is a path: `id`, `contact.email`, or, into an
open object, `contact.metadata.plan`.
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
    """A column of a table: its heading, and what it shows of a record at an instant.

    Where the terminal is narrow it may become as narrow as `shrinks_to` (None: it stays whole, as an id does, which
    somebody may copy), or goes on in the next line if it `wraps`. A column without any value is left out unless it is
    `always` there, and an `extra` one unless the terminal is wide.
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
    """The fields of one kind of record; those in `open_objects` hold keys of their own. What has a page of its own, or
    is changed by its id, is called by a `noun`. The fields of a `flat` one are what they are called, whatever dots are
    in their names.
    """

    fields: tuple[str, ...]
    columns: tuple[Column, ...]
    noun: str = ""
    open_objects: tuple[str, ...] = ()
    id_field: str = "id"
    flat: bool = False

    def led_by(self, *fields: str) -> Shape:
        """The shape with `fields` before the others: what a command adds about what it did."""
        leading = tuple(Column(field.upper(), _text(field)) for field in fields)
        return msgspec.structs.replace(self, fields=fields + self.fields, columns=leading + self.columns)

    def followed_by(self, *fields: str) -> Shape:
        """The shape with `fields` after the others."""
        return msgspec.structs.replace(self, fields=self.fields + fields)

    def paths(self, chosen: Iterable[str] | None) -> list[Path]:
        """The paths of `chosen` fields, a group (`contact`) standing for all in it; of all if None.

        Raises UsageProblem for a field that there is not, with the list of those there are.
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
    """What stands at `path`, None where a part of it is missing or null."""
    value: Any = record
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def picked(record: Record, paths: list[Path]) -> Record:
    """The record with only what stands at `paths`, in their order, nested as before."""
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
