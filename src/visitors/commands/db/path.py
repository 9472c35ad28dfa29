"""`visitors db path`."""

from __future__ import annotations

import typer

from visitors.context import context_of


def command(ctx: typer.Context) -> None:
    """Print the path of the store, whether or not there is one yet."""
    context = context_of(ctx)
    context.output.text(str(context.settings.database))
