"""`visitors db migrate`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.store.file.opening import migrate_store
from visitors.store.schema.version import SCHEMA_VERSION


def command(ctx: typer.Context) -> None:
    """Migrate the store to the current schema; an older store is backed up first.

    Every command does this when it opens an older store. This one does nothing else, and prints the path of the
    backup.
    """
    context = context_of(ctx)
    backup = migrate_store(context.settings.store, timeout=context.settings.timeout)
    if backup is None:
        context.output.note(f"the store is up to date (schema {SCHEMA_VERSION})")
        return
    context.output.note(f"migrated to schema {SCHEMA_VERSION}; backup of the store before:")
    context.output.text(str(backup))
