"""`visitors contacts split`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.operations import references
from visitors.operations.merge import split
from visitors.output.machine import as_record
from visitors.output.shapes import CONTACT
from visitors.output.words import number
from visitors.store.records import contacts

OPTION_GROUPS = (options.person,)


def command(
    ctx: typer.Context,
    contact: options.ContactArgument,
    visitor: Annotated[
        list[str],
        typer.Argument(
            metavar="VISITOR...",
            help="Visitors to move to the new contact; - reads ids from standard input.",
            show_default=False,
        ),
    ],
    dry_run: options.DryRun = False,
) -> None:
    """Move visitors from a contact to a new one, with the conversations that they started.

    The options describe the new contact; without any, it has no name, email or external id yet. An active block
    of the old contact also applies to the new one.
    """
    context = context_of(ctx)
    typed = context.references(visitor)
    said = options.person_said(context)
    with context.operation(dry_run=dry_run) as operation:
        source = references.live_contact(context.store, contact, operation.at)
        ids = references.visitor_ids(context.store, typed, live=True)
        new_id = split(context.store, operation, source, ids, said)
        created = contacts.find(context.store, new_id, operation.at)
        assert created is not None
    start = "Would move" if dry_run else "Moved"
    line = f"{start} {number(len(ids), 'visitor')} from contact {source.id} to contact {new_id}."
    result = {"outcome": "would create" if dry_run else "created", **as_record(created)}
    context.output.done(CONTACT.led_by("outcome"), [result], [] if dry_run else [new_id], line, single=True)
