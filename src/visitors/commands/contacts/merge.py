"""`visitors contacts merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.contact import Contact
from visitors.errors import ChangedMeanwhile
from visitors.operations import references
from visitors.operations.merge import merge
from visitors.output.answers import MERGE_STEP
from visitors.output.machine import as_record
from visitors.output.shapes import CONTACT
from visitors.output.words import number
from visitors.store.records import contacts


def command(
    ctx: typer.Context,
    survivor: options.ContactArgument,
    other: Annotated[
        list[str], typer.Argument(metavar="CONTACT...", help="Contacts to merge into the survivor.", show_default=False)
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Merge even if external ids differ; the survivor's is kept.")
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Merge contacts that are the same person into the first one, the survivor.

    The survivor's values win, its empty fields are filled, and metadata is merged key by key. Visitors,
    conversations and blocks move to it. The other contacts remain as tombstones: their ids, emails and external
    ids lead to the survivor from now on.

    --dry-run shows each step: what is kept, filled, discarded or moved, and why.
    """
    context = context_of(ctx)
    asked: list[Contact] | None = None
    if not dry_run and not yes:
        with context.reading() as store:
            asked = references.mergeable(store, [survivor, *other], context.now)
        names = [one.label for one in asked]
        context.confirm(f"merge {', '.join(names[1:])} into {names[0]}")
    with context.operation(dry_run=dry_run) as operation:
        first, *rest = references.mergeable(context.store, [survivor, *other], operation.at)
        if asked is not None and _known_as(asked) != _known_as([first, *rest]):
            raise ChangedMeanwhile("the contacts have changed")
        steps = merge(context.store, operation, first, rest, force=force)
        contact = contacts.find(context.store, first.id, operation.at)
        assert contact is not None
    if dry_run:
        if context.output.format == "ids":  # steps have none
            context.output.ids([first.id])
        else:
            context.output.records(
                MERGE_STEP.led_by("outcome"), ({"outcome": "would merge", **as_record(step)} for step in steps)
            )
        context.output.note(f"would merge {number(len(rest), 'contact')} into {first.id}")
        return
    result = {**as_record(contact), "steps": [as_record(step) for step in steps]}
    line = f"Merged {number(len(rest), 'contact')} into contact {first.id}."
    context.output.done(CONTACT.followed_by("steps"), [result], [first.id], line, single=True)


def _known_as(asked: list[Contact]) -> list[tuple[str, str]]:
    return [(one.id, one.label) for one in asked]
