"""`visitors contacts list`."""

from __future__ import annotations

import typer

from visitors.commands import listing, options
from visitors.context import context_of
from visitors.output.shapes import LISTED_CONTACT
from visitors.store.query.contacts import SORTABLE
from visitors.store.records import contacts

OPTION_GROUPS = (options.contact_selection,)


def command(
    ctx: typer.Context,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """List contacts, newest first, with their number of visitors and when one was last seen.

    Times sort newest first, visitorCount from low to high, everything else from A to Z; --reverse reverses the
    order.
    """
    context = context_of(ctx)
    page = listing.page(context, SORTABLE, sort, reverse=reverse, limit=limit, after=after)
    wanted = context.contact_selection()
    with context.reading() as store:
        listing.show(
            context,
            LISTED_CONTACT,
            page,
            lambda some: contacts.select(store, wanted, some, context.now),
            lambda most: contacts.count(store, wanted, context.now, most),
        )
