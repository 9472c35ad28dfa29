"""`visitors db migrate`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.store.opening import migrate_store
from visitors.store.schema.version import SCHEMA_VERSION


def command(ctx: typer.Context) -> None:
    """Migrate the store to the current schema; an older store is backed up first.

    Every command migrates an older store in a file; this one does nothing else, and prints the path of the backup.
    A store on a server is migrated only by this command, without a backup.
    """
    context = context_of(ctx)
    migrated, backup = migrate_store(context.settings.store, timeout=context.settings.timeout)
    if not migrated:
        context.output.note(f"the store is up to date (schema {SCHEMA_VERSION})")
        return
    if backup is None:
        context.output.note(f"migrated to schema {SCHEMA_VERSION}")
        return
    context.output.note(f"migrated to schema {SCHEMA_VERSION}; backup of the store before:")
    context.output.text(str(backup))
