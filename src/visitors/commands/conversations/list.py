"""`visitors conversations list`."""

from __future__ import annotations

import typer

from visitors.commands import listing, options
from visitors.context import context_of
from visitors.operations import references
from visitors.output.shapes import CONVERSATION
from visitors.store.query.conversations import SORTABLE
from visitors.store.records import conversations

OPTION_GROUPS = (options.conversation_selection,)


def command(
    ctx: typer.Context,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """List conversations, newest first."""
    context = context_of(ctx)
    page = listing.page(context, SORTABLE, sort, reverse=reverse, limit=limit, after=after)
    with context.reading() as store:
        wanted = references.conversation_selection(store, context.conversation_selection(), context.now)
        listing.show(
            context,
            CONVERSATION,
            page,
            lambda some: conversations.select(store, wanted, some, context.now),
            lambda most: conversations.count(store, wanted, context.now, most),
        )
