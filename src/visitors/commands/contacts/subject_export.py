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
    """Write all that the store knows about one person, as one JSON document to hand over.

    It has the contact, deleted or not, and those merged into it; its visitors, also deleted ones and
    those that were its before; conversations with their messages, blocks, links, and the history of
    all these. The file is written whole or not at all, and only its owner may read it.

    Of a browser that several people used it has this person's time alone: what was changed while it
    was linked to somebody else, and the conversations that stayed with them, are theirs.
    """
    context = context_of(ctx)
    context.refuse_store(output)
    if context.settings.format not in (None, "json"):
        raise UsageProblem("a subject export is json")
    if context.output.fields is not None:
        raise UsageProblem("a subject export is whole: it takes no --fields")
    with context.reading() as store:
        found = subject(store, contact, context.now)
        document = subject_export(store, found, context.now)
    context.output.document(output, document)
    if output != "-":
        context.output.note(f"wrote what is known of contact {found.id} to {output}")
