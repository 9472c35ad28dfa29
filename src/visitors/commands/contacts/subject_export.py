"""`visitors contacts subject-export`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.errors import UsageProblem
from visitors.operations.subject import subject, subject_export


def command(
    ctx: typer.Context,
    contact: options.ContactArgument,
    output: options.OutputFile = "-",
) -> None:
    """Export everything that the store knows about one person, as one JSON document to hand over.

    It has the contact, deleted or not, and those merged into it, or one that only the history has; its visitors,
    also deleted ones and those that were its before; conversations with their messages, blocks, links, and the
    history of all these. The file is written whole or not at all, and only its owner may read it.

    'contacts erase' removes exactly these records. A browser that is or was somebody else's, too, stands
    apart, under devicesOfOthers: with this person's time alone, and an erasure leaves it.
    """
    context = context_of(ctx)
    context.refuse_store(output)
    if context.settings.format not in (None, "json"):
        raise UsageProblem("a subject export is always json")
    if context.output.fields is not None:
        raise UsageProblem("a subject export is always complete: --fields cannot be used")
    with context.reading() as store:
        found = subject(store, contact, context.now)
        document = subject_export(store, found, context.now)
    context.output.document(output, document)
    if output != "-":
        context.output.note(f"wrote everything about contact {found[0]} to {output}")
