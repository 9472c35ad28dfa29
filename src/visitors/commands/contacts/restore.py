"""`visitors contacts restore`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_contacts
from visitors.context import context_of
from visitors.operations import merge

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, contact: options.ContactArguments = None, dry_run: options.DryRun = False) -> None:
    """Restore deleted contacts. Refused if another contact uses the email by now."""
    change_contacts(
        context_of(ctx),
        contact or [],
        Verb("restore", "restored", "not deleted"),
        merge.restore_contacts,
        dry_run=dry_run,
        deleted=True,
    )
