"""`visitors contacts duplicates`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.output.answers import DUPLICATE
from visitors.output.machine import as_record
from visitors.store.records import duplicates


def command(ctx: typer.Context) -> None:
    """List contacts that have the same email address, however it is written, with the command that merges them.

    The command suggests as survivor the contact with an external id, or else the oldest one. No command creates
    duplicates, but a store may have received them from elsewhere.
    """
    context = context_of(ctx)
    with context.reading() as store:
        found = duplicates.find(store)
    records = [{**as_record(one), "command": f"visitors contacts merge {' '.join(one.contact_ids)}"} for one in found]
    shown = context.output.records(DUPLICATE, records)
    if shown == 0:
        context.output.note("no duplicates found")
