"""`visitors contacts list`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import listing
from visitors.context import context_of
from visitors.domain import normalise
from visitors.output.shapes import LISTED_CONTACT
from visitors.store.query.contacts import SORTABLE, Filter
from visitors.store.records import contacts


def command(
    ctx: typer.Context,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="A part of id, name, email, external id, whatever its case and accents.",
            show_default=False,
        ),
    ] = None,
    blocked: Annotated[
        bool | None, typer.Option("--blocked/--not-blocked", help="Blocked now, or not.", show_default=False)
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="The deleted ones instead.")] = False,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """List contacts, newest first, with how many visitors they have and when one was last seen."""
    context = context_of(ctx)
    page = listing.page(context, SORTABLE, sort, reverse=reverse, limit=limit, after=after)
    wanted = Filter(
        search=normalise.text(search, "search") if search is not None else None, blocked=blocked, deleted=deleted
    )
    with context.reading() as store:
        if listing.wants_number(context, page):
            context.output.text(str(contacts.count(store, wanted, context.now, page.limit or None)))
            return
        found = listing.Cut(contacts.select(store, wanted, page.and_one, context.now), page.limit)
        shown = context.output.records(LISTED_CONTACT, found)
        if shown is not None:
            total = contacts.count(store, wanted, context.now, listing.COUNT_LIMIT + 1)
            listing.say_what_is_left(context, shown, total, "contact", more=found.more, after=after)
