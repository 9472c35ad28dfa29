"""`visitors db path`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.output.answers import STORE_PATH


def command(ctx: typer.Context) -> None:
    """Print the path of the store, whether or not it exists."""
    context = context_of(ctx)
    path = context.settings.store.name
    if context.output.wants_records:
        context.output.records(STORE_PATH, [{"path": path}], single=True)
    else:
        context.output.text(path)
