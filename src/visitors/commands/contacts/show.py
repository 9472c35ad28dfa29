"""`visitors contacts show`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of, is_single
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.investigate import contact_page
from visitors.output.shapes import CONTACT_PAGE

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, contact: options.ContactArguments = None) -> None:
    """Show everything about contacts: properties, devices, blocks and conversations.

    When piped, prints one line per field: its name, a tab and its value, such as devices.0.id or
    blocks.0.reason; a blank line separates records.
    """
    context = context_of(ctx)
    if not contact:
        raise UsageProblem("no contacts given: pass ids, emails or ext:ID, or - for standard input")
    typed = context.references(contact)
    with context.reading() as store:
        ids = references.contact_ids(store, typed, context.now, context.missing)
        pages = [contact_page(store, contact_id, context.now) for contact_id in ids]
    context.output.pages(CONTACT_PAGE, pages, single=is_single(contact, pages))
