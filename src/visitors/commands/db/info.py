"""`visitors db info`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.output.answers import STORE_INFO
from visitors.store.file import info


def command(ctx: typer.Context) -> None:
    """Show the size, contents and settings of the store."""
    context = context_of(ctx)
    with context.reading() as store:
        context.output.sheet(STORE_INFO, info.read(store, context.now, context.settings.store_name))
