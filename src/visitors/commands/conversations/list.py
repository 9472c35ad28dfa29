"""`visitors conversations list`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import listing
from visitors.context import context_of
from visitors.domain.conversation import Priority, Status
from visitors.operations import references
from visitors.output.shapes import CONVERSATION
from visitors.store.records import conversations


def command(
    ctx: typer.Context,
    visitor: Annotated[
        str | None, typer.Option("--visitor", metavar="VISITOR", help="Started by this visitor.", show_default=False)
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="CONTACT", help="Of this contact.", show_default=False)
    ] = None,
    status: Annotated[Status | None, typer.Option(help="In this state.", show_default=False)] = None,
    priority: Annotated[Priority | None, typer.Option(help="Of this priority.", show_default=False)] = None,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """List conversations, newest first."""
    context = context_of(ctx)
    page = listing.page(context, conversations.SORTABLE, sort, reverse=reverse, limit=limit, after=after)
    with context.reading() as store:
        wanted = conversations.Filter(
            visitor_id=references.visitor_ids(store, [visitor])[0] if visitor is not None else None,
            contact_id=references.contact(store, contact, context.now).id if contact is not None else None,
            status=status,
            priority=priority,
        )
        found = listing.Cut(conversations.select(store, wanted, page.and_one), page.limit)
        shown = context.output.records(CONVERSATION, found)
        if shown is not None:
            listing.say_what_is_left(
                context, shown, conversations.count(store, wanted), "conversation", more=found.more, after=after
            )
