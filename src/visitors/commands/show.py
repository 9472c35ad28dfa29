"""`visitors show`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of, is_single
from visitors.domain.page import Sharing
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.investigate import visitor_page
from visitors.output.shapes import VISITOR_PAGE
from visitors.output.words import number

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, visitor: options.VisitorArguments = None) -> None:
    """Show everything about visitors: properties, contact, the contact's other devices, blocks and
    conversations; on a terminal also who shares the fingerprint or IP address.

    When piped, prints one line per field: its name, a tab and its value, such as contact.email or
    blocks.0.reason; a blank line separates records.
    """
    context = context_of(ctx)
    if not visitor:
        raise UsageProblem("no visitors given: pass ids, or - for standard input")
    typed = context.references(visitor)
    with context.reading() as store:
        ids = references.visitor_ids(store, typed, context.missing)
        found = [visitor_page(store, visitor_id, context.now) for visitor_id in ids]
    context.output.pages(
        VISITOR_PAGE,
        [page for page, _ in found],
        single=is_single(visitor, found),
        shared=[{name: told for name, one in shared.items() if (told := _told(one))} for _, shared in found],
    )


def _told(shared: Sharing) -> str:
    """Format `by 12 others: c, b, a and 9 more`; empty if nobody shares it."""
    if not shared.ids:
        return ""
    ids = ", ".join(shared.ids)
    if shared.count is None:
        return f"by many others: {ids} and more"
    more = shared.count - len(shared.ids)
    return f"by {number(shared.count, 'other')}: {ids}" + (f" and {more:,} more" if more else "")
