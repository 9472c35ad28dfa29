"""How what a record has is shown in one cell of a table, and which fields a record has."""

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
"""The text of a cell, of a record at the current instant."""


def field_names(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """The public names of the fields of `struct`, behind `prefix`."""
    return (prefix + name for name in struct.__struct_encode_fields__)


def of_fields(shape: Shape, fields: list[str], zone: Zone | None = None) -> Shape:
    """The shape with exactly the columns that `--fields` asks for, as they are but for times, which are in `zone`.
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
    """The value at a path in the record, as text."""
    return lambda record, _: as_text(value_at(record, path))


def field(name: str) -> Cell:
    """The field with this public name, as text: `id`, `contact.email`."""
    return value(tuple(name.split(".")))


def age(name: str) -> Cell:
    """How long ago the instant in the field was."""

    def show(record: Record, current: Instant) -> str:
        instant = value_at(record, tuple(name.split(".")))
        return relative(instant, current) if instant else ""

    return show


def time_at(path: tuple[str, ...], zone: Zone | None) -> Cell:
    """The time at a path in the record, in `zone`."""

    def show(record: Record, _: Instant) -> str:
        text = as_text(value_at(record, path))
        return in_zone(text, zone) if text else ""

    return show


def moment(record: Record, _: Instant) -> str:
    """An instant to the minute, as a timeline has it."""
    return _to_the_minute(str(record["at"]))


def _to_the_minute(time: str) -> str:
    return time[:16].replace("T", " ")


def in_local_time(shape: Shape, zone: Zone | None) -> Shape:
    """The shape with the times of a timeline in `zone`."""
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
    """What the visitor's contact is called by."""
    contact = record["contact"]
    return contact["name"] or contact["email"] or contact["externalId"] or contact["id"] if contact else "anonymous"


def device(record: Record, _: Instant) -> str:
    """Browser and system of a visitor."""
    parts = [record["browser"], record["os"] or record["deviceType"]]
    return " · ".join(part for part in parts if part)


def place(record: Record, _: Instant) -> str:
    """Where a visitor is, as far as is known."""
    return record["countryCode"] or record["country"] or record["timezone"] or ""


def state(record: Record, _: Instant) -> str:
    """`blocked`, `deleted`, both or nothing."""
    states = [word for word, holds in (("blocked", record["isBlocked"]), ("deleted", record["deletedAt"])) if holds]
    return ", ".join(states)


def block_state(record: Record, current: Instant) -> str:
    """What a block is now."""
    return msgspec.convert(record, Block).state(current)


def words(name: str) -> Cell:
    """The words of the list in the field."""
    return lambda record, _: " ".join(record[name])


def deed(record: Record, current: Instant) -> str:
    """What an operation did to whom: `block v1, v2 (spam, ends in 7d)`."""
    terms = _terms(record, current)
    return " ".join(part for part in (record["command"], _targets(record), terms and f"({terms})") if part)


def _targets(record: Record) -> str:
    """What an operation touched: `v1, contact ada and 3 more`; what is no visitor is called by its kind."""
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
    """A record on one line, beginning with its time: what is in its cells, but for ages, which would all be none."""
    cells_ = [column.show(record, current) for column in shape.columns if column.heading != "WHEN"]
    return "  ".join(visible(cell) for cell in (in_zone(record["at"], zone), *cells_) if cell)


def counts(name: str) -> Cell:
    """How many of what: `3 visitors, 1 contact`."""
    return lambda record, _: ", ".join(f"{count:,} {what}" for what, count in record[name].items())


def difference(record: Record, _: Instant) -> str:
    """What a change made of what: `city: Oslo → Bergen`; nothing for what is new or gone."""
    before, after = record["before"] or {}, record["after"] or {}
    if not before or not after:
        return ""
    return ", ".join(
        f"{key}: {as_text(before.get(key)) or '∅'} → {as_text(after.get(key)) or '∅'}"
        for key in after
        if key != "updatedAt"
    )
