"""`visitors stores`."""

from __future__ import annotations

import typer

from visitors import named_stores
from visitors.context import context_of
from visitors.location import settings_file
from visitors.output.answers import NAMED_STORE


def command(ctx: typer.Context) -> None:
    """List the named stores, from which --store and VISITORS_STORE choose.

    They are in config.toml, in the platform's configuration folder: [stores.prod], then db = "/srv/prod.db". With
    confirm = true every change to the store asks first, or needs --yes. token_file and insecure_http are for a store on
    a server.
    """
    context = context_of(ctx)
    current = context.settings.store_name
    found = named_stores.read().values()
    context.output.records(
        NAMED_STORE,
        [{"name": one.name, "db": one.db, "confirm": one.confirm, "isCurrent": one.name == current} for one in found],
    )
    if not found:
        context.output.note(f"no named stores found; to add some, edit {settings_file()}")
