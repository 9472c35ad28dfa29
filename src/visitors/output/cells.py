"""How the fields of a record are shown in table cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from visitors.domain.block import Block
from visitors.domain.times import Instant, Zone, in_zone, relative
from visitors.output.machine import as_text
from visitors.output.sanitise import visible
from visitors.output.shape import Column, Record, Shape, value_at

Cell: TypeAlias = Callable[[Record, Instant], str]
"""Formats the cell of a record, as of the current instant."""


def field_names(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Return the public names of the fields of `struct`, with a prefix."""
    return (prefix + name for name in struct.__struct_encode_fields__)


def of_fields(shape: Shape, fields: list[str], zone: Zone | None = None) -> Shape:
    """Return the shape with exactly the columns of `--fields`, unformatted except for times, which are in `zone`.
    Raises UsageProblem.
    """
    return msgspec.structs.replace(
        shape,
        columns=tuple(
            Column(
                visible(".".join(path)),
                time_at(path, zone) if path[-1].endswith("At") else value(path),
                always=True,
                shrinks_to=None if _is_id(path) else 12,
            )
            for path in shape.paths(fields)
        ),
    )


def _is_id(path: tuple[str, ...]) -> bool:
    return path[-1] == "id" or path[-1].endswith("Id")


def value(path: tuple[str, ...]) -> Cell:
    """Format the value at a path in the record."""
    return lambda record, _: as_text(value_at(record, path))


def field(name: str) -> Cell:
    """Format the field with this public name: `id`, `contact.email`."""
    return value(tuple(name.split(".")))


def age(name: str) -> Cell:
    """Format how long ago the instant in the field was."""

    def show(record: Record, current: Instant) -> str:
        instant = value_at(record, tuple(name.split(".")))
        return relative(instant, current) if instant else ""

    return show


def time_at(path: tuple[str, ...], zone: Zone | None) -> Cell:
    """Format the time at a path in the record, in `zone`."""

    def show(record: Record, _: Instant) -> str:
        text = as_text(value_at(record, path))
        return in_zone(text, zone) if text else ""

    return show


def moment(record: Record, _: Instant) -> str:
    """Format an instant to the minute, for a timeline."""
    return _to_the_minute(str(record["at"]))


def _to_the_minute(time: str) -> str:
    return time[:16].replace("T", " ")


def in_local_time(shape: Shape, zone: Zone | None) -> Shape:
    """Return the shape with its timeline's times in `zone`."""
    if zone is None:
        return shape

    def show(record: Record, _: Instant) -> str:
        return _to_the_minute(in_zone(record["at"], zone))

    columns = (
        msgspec.structs.replace(column, heading=f"WHEN ({zone.name})", show=show) if column.show is moment else column
        for column in shape.columns
    )
    return msgspec.structs.replace(shape, columns=tuple(columns))


def who(record: Record, _: Instant) -> str:
    """Format the visitor's contact."""
    contact = record["contact"]
    return contact["name"] or contact["email"] or contact["externalId"] or contact["id"] if contact else "anonymous"


def device(record: Record, _: Instant) -> str:
    """Format the browser and system of a visitor."""
    parts = [record["browser"], record["os"] or record["deviceType"]]
    return " · ".join(part for part in parts if part)


def place(record: Record, _: Instant) -> str:
    """Format the location of a visitor, as far as it is known."""
    return record["countryCode"] or record["country"] or record["timezone"] or ""


def state(record: Record, _: Instant) -> str:
    """Format the state: `blocked`, `deleted`, both or nothing."""
    states = [word for word, holds in (("blocked", record["isBlocked"]), ("deleted", record["deletedAt"])) if holds]
    return ", ".join(states)


def block_state(record: Record, current: Instant) -> str:
    """Format the current state of a block."""
    return msgspec.convert(record, Block).state(current)


def words(name: str) -> Cell:
    """Join the list of words in the field."""
    return lambda record, _: " ".join(record[name])


def deed(record: Record, current: Instant) -> str:
    """Format what an operation did to which records: `block v1, v2 (spam, ends in 7d)`."""
    terms = _terms(record, current)
    return " ".join(part for part in (record["command"], _targets(record), terms and f"({terms})") if part)


def _targets(record: Record) -> str:
    """Format the targets of an operation: `v1, contact ada and 3 more`; targets other than visitors have their kind."""
    told = ", ".join(
        one["id"] if one["kind"] == "visitor" else f"{one['kind']} {one['id']}" for one in record["targets"]
    )
    if record["targetCount"] is None:
        return f"{told} and many more"
    more = record["targetCount"] - len(record["targets"])
    return f"{told} and {more:,} more" if more else told


def _terms(record: Record, current: Instant) -> str:
    expiry = record["expiresAt"]
    ends = f"end{'s' if expiry > current else 'ed'} {relative(expiry, current)}" if expiry else ""
    return ", ".join(part for part in (record["reason"], ends) if part)


def text_line(shape: Shape, record: Record, current: Instant, zone: Zone | None) -> str:
    """Format a record as one line, beginning with its time, without ages, which would all be zero."""
    cells_ = [column.show(record, current) for column in shape.columns if column.heading != "WHEN"]
    return "  ".join(visible(cell) for cell in (in_zone(record["at"], zone), *cells_) if cell)


def counts(name: str) -> Cell:
    """Format counts: `3 visitors, 1 contact`."""
    return lambda record, _: ", ".join(f"{count:,} {what}" for what, count in record[name].items())


def difference(record: Record, _: Instant) -> str:
    """Format a change: `city: Oslo → Bergen`; empty for created or removed records."""
    before, after = record["before"] or {}, record["after"] or {}
    if not before or not after:
        return ""
    return ", ".join(
        f"{key}: {as_text(before.get(key)) or '∅'} → {as_text(after.get(key)) or '∅'}"
        for key in after
        if key != "updatedAt"
    )
