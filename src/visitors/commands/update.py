"""`visitors update`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_visitors
from visitors.context import context_of
from visitors.domain.visitor import browser_changes
from visitors.store.records import visitors

OPTION_GROUPS = (options.browser_data, options.ignore_missing)


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Set this field to null. Repeatable.", show_default=False),
    ] = None,
) -> None:
    """Set browser data, or clear it with --clear. Fields not given are kept.

    The options here set values, so they cannot select visitors too. To select, use 'visitors list':
    'visitors list --os iOS --format ids | visitors update - --device-type mobile' is one operation.
    """
    context = context_of(ctx)
    data = browser_changes(context.group("browser_data"), tuple(clear or ()))
    change_visitors(
        context,
        visitor or [],
        Verb("update", "updated", "already up to date"),
        lambda store, operation, ids: visitors.update(store, operation, ids, data),
    )
