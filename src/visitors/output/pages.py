"""The page of one visitor or contact, in sections, for investigating it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from visitors.domain.block import Block
from visitors.domain.contact import called
from visitors.domain.page import Device
from visitors.domain.times import Instant, Zone, in_zone, relative
from visitors.output import cells
from visitors.output.history_shapes import CHANGE, LINK
from visitors.output.machine import as_text
from visitors.output.sanitise import visible
from visitors.output.shape import Column, Record, Shape
from visitors.output.shapes import CONVERSATION, MESSAGE
from visitors.output.tables import write_table

_DEVICE = Shape(
    fields=tuple(cells.field_names(Device)),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("DEVICE", cells.device, shrinks_to=6),
        Column("FROM", cells.field("countryCode")),
        Column("CREATED", cells.age("createdAt")),
        Column("SEEN", cells.age("lastSeenAt"), style="dim"),
    ),
)
_BLOCK = Shape(
    fields=tuple(cells.field_names(Block)),
    columns=(
        Column("STATE", cells.block_state),
        Column("WHOM", lambda record, _: "contact" if record["contactId"] else "visitor"),
        Column("SINCE", cells.age("blockedAt")),
        Column("BY", cells.field("blockedBy")),
        Column("REASON", cells.field("reason"), shrinks_to=8),
        Column("ENDS", cells.age("expiresAt")),
        Column("LIFTED", cells.age("liftedAt")),
    ),
)
_LISTS = {
    "devices": _DEVICE,
    "blocks": _BLOCK,
    "conversations": CONVERSATION,
    "messages": MESSAGE,
    "links": LINK,
    "changes": CHANGE,
}
_HEADINGS = {("visitor", "devices"): "Other devices", ("", "changes"): "Recent changes"}
_SHOWN_ELSEWHERE = {"id", "isBlocked", "blockedAt", "blockedBy", "blockReason", "blockExpiresAt", "metadataHash"}
LIST_LIMIT = 20
_NARROWEST_VALUE = 14
"""The minimum width for a value, and the gap after its name."""


def write_page(
    target: Console,
    shape: Shape,
    record: Record,
    current: Instant,
    shared: Mapping[str, str] = MappingProxyType({}),
    zone: Zone | None = None,
) -> None:
    """Write the page of a visitor or contact, beginning with what an investigator asks first: who it is, and who
    blocked it when. `shared` says who else has its values. Times are in `zone`.
    """
    title = Text(f"{shape.noun.capitalize()} ", style="bold")
    title.append(visible(record["id"]), style="bold cyan")
    title.append("".join(f"  {word}" for word in _states(shape, record)), style="bold red")
    target.print(title, soft_wrap=True)
    if who := _who(shape, record):
        target.print(Text(visible(who), style="bold"))
    if record.get("isBlocked"):
        target.print(Text(visible(_blocked(record, current, zone)), style="bold red"))
    write_properties(
        target,
        (
            (key, value)
            for key, value in record.items()
            if key not in _LISTS and key not in _SHOWN_ELSEWHERE and not isinstance(value, dict)
        ),
        current,
        zone=zone,
    )
    for key, value in record.items():
        if isinstance(value, dict) and value:
            target.print(Text(f"\n{_title(key)}", style="bold"))
            shown = ((name, one) for name, one in value.items() if name not in _SHOWN_ELSEWHERE or name == "id")
            write_properties(target, shown, current, zone=zone)
    if shared:
        target.print(Text("\nShared with others", style="bold"))
        write_properties(target, shared.items(), current)
    for key, list_shape in _LISTS.items():
        if record.get(key):
            heading = _HEADINGS.get((shape.noun, key)) or _HEADINGS.get(("", key)) or _title(key)
            target.print(Text(f"\n{heading} ({len(record[key]):,})", style="bold"))
            write_table(target, list_shape, record[key][:LIST_LIMIT], current)
            if len(record[key]) > LIST_LIMIT:
                target.print(
                    Text(f"… and {len(record[key]) - LIST_LIMIT:,} more; --format json shows all", style="dim")
                )


def _states(shape: Shape, record: Record) -> Iterator[str]:
    if record.get("deletedAt"):
        yield "deleted"
    if shape.noun == "visitor" and record["contact"] is None:
        yield "anonymous"


def _who(shape: Shape, record: Record) -> str:
    """Format the contact, as far as it is known."""
    contact = record.get("contact") if shape.noun == "visitor" else record if shape.noun == "contact" else None
    if not contact or not (contact["name"] or contact["email"] or contact["externalId"]):
        return ""
    name = called(contact["id"], contact["name"], contact["email"], contact["externalId"])
    return name if contact is not record else name.removesuffix(f" ({record['id']})")  # it is the heading


def _blocked(record: Record, current: Instant, zone: Zone | None) -> str:
    """Format `blocked 3h ago by eve (spam), until 2026-03-09T12:00:00.000Z`, or as much of it as is known."""
    parts = ["blocked"]
    if record.get("blockedAt"):
        parts.append(relative(record["blockedAt"], current))
    if record.get("blockedBy"):
        parts.append(f"by {record['blockedBy']}")
    if record.get("blockReason"):
        parts.append(f"({record['blockReason']})")
    until = f", until {in_zone(record['blockExpiresAt'], zone)}" if record.get("blockExpiresAt") else ""
    return " ".join(parts) + until


def write_properties(
    target: Console,
    properties: Iterable[tuple[str, Any]],
    current: Instant,
    *,
    blanks: bool = False,
    zone: Zone | None = None,
) -> None:
    """Write names and values, times in `zone`; those without a value only with `blanks`. If the terminal is too narrow
    for two columns, values follow their names directly.
    """
    shown = []
    for key, value in properties:
        if not blanks and value in (None, "", {}, [], False):
            continue
        text = visible(as_text(value))
        if key.endswith("At") and isinstance(value, str):
            text = f"{in_zone(value, zone)}  ({relative(value, current)})"
        shown.append((_label(key), text))
    if max((cell_len(label) for label, _ in shown), default=0) + _NARROWEST_VALUE > target.width:
        for label, text in shown:
            line = Text(f"{label}  ", style="dim")
            line.append(text, style="not dim")
            # wrapped by the terminal itself, so that it is copied in one piece
            target.print(line, soft_wrap=" " not in text)
        return
    grid = Table.grid(padding=(0, 2, 0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in shown:
        grid.add_row(Text(label), Text(text))
    target.print(grid)


def _label(key: str) -> str:
    """Convert `lastSeenAt` to `last seen at`; keys of metadata are data and unchanged."""
    if not key.isalpha() or not key.isascii():
        return visible(key)
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)
    return words.strip() if key[0].islower() else key


def _title(key: str) -> str:
    return _label(key).capitalize()
