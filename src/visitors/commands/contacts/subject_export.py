"""`visitors contacts subject-export`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.errors import UsageProblem
from visitors.operations.subject import subject_export


def command(
    ctx: typer.Context,
    contact: options.ContactArgument,
    output: options.OutputFile = "-",
) -> None:
    """Export everything that the store knows about one person, as one JSON document to hand over.

    It contains the contact, deleted, only in the history, or neither, and the contacts merged into it; its current,
    deleted and former visitors; conversations with their messages; blocks, links, and the history of all of these.
    The file is written completely or not at all, and only its owner can read it.

    'visitors contacts erase' removes exactly these records. A browser that is or was also used by someone else is
    listed separately, under devicesOfOthers: only this person's time is included, and an erasure keeps it.
    """
    context = context_of(ctx)
    context.refuse_store(output)
    if context.settings.format not in (None, "json"):
        raise UsageProblem("a subject export is always json")
    if context.output.fields is not None:
        raise UsageProblem("a subject export is always complete: --fields cannot be used")
    with context.reading() as store:
        document = subject_export(store, contact, context.now)
    context.output.document(output, document)
    if output != "-":
        context.output.note(f"wrote everything about contact {document.subject_export.contact_id} to {output}")
