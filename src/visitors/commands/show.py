"""`visitors show`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.investigate import visitor_page
from visitors.output.shapes import VISITOR_PAGE

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, visitor: options.VisitorArguments = None) -> None:
    """Show all there is to know about visitors: properties, contact, the contact's other devices,
    blocks and conversations.

    Into a pipe it is a line for each field: its name, a tab, its value, as in contact.email and blocks.0.reason;
    a blank line is between two records.
    """
    context = context_of(ctx)
    if not visitor:
        raise UsageProblem("whom? give visitor ids, or - for ids on standard input")
    typed = context.references(visitor)
    with context.reading() as store:
        ids = references.visitor_ids(store, typed, context.missing)
        pages = [visitor_page(store, visitor_id, context.now) for visitor_id in ids]
    context.output.pages(VISITOR_PAGE, pages, single=len(pages) == len(visitor) == 1 and "-" not in visitor)
