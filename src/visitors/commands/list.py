"""`visitors list`."""

from __future__ import annotations

import typer

from visitors.commands import listing, options
from visitors.context import context_of
from visitors.operations import references
from visitors.output.shapes import VISITOR
from visitors.store.records import visitors

OPTION_GROUPS = (options.selection,)

_SEEN = "lastSeenAt"
"""The default sort, in every format: what the table shows."""


def command(
    ctx: typer.Context,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """List the visitors that match a selection; without one, all that are not deleted.

    Last seen first, never seen last; --sort chooses another field. Times sort newest first, everything else from A
    to Z; --reverse reverses the order. A table shows at most 50 rows unless --limit says otherwise; other formats
    are limited only by --limit. To page with --after while visitors are tracked, use --sort createdAt.
    """
    context = context_of(ctx)
    page = listing.page(context, visitors.SORTABLE, sort or _SEEN, reverse=reverse, limit=limit, after=after)
    with context.reading() as store:
        selection = references.selection(store, context.selection(), context.now)
        listing.show(
            context,
            VISITOR,
            page,
            lambda some: visitors.select(store, selection, some, context.now),
            lambda most: visitors.count(store, selection, context.now, most),
        )
