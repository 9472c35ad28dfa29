"""`visitors contacts delete`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_contacts
from visitors.context import context_of
from visitors.store.records import states

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, contact: options.ContactArguments = None, dry_run: options.DryRun = False) -> None:
    """Delete contacts. Their visitors stay linked, and 'visitors contacts restore' brings them back."""
    change_contacts(
        context_of(ctx),
        contact or [],
        Verb("delete", "deleted", "already deleted"),
        lambda store, operation, ids: states.set_deleted(store, operation, "contact", ids, deleted=True),
        dry_run=dry_run,
        deleted=True,
    )
