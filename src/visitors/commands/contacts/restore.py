"""`visitors contacts restore`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.many import Verb, change_contacts
from visitors.context import context_of
from visitors.store.records import contacts

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, contact: options.ContactArguments = None, dry_run: options.DryRun = False) -> None:
    """Take the deletion of contacts back. An email that somebody else has by now is then that of two:
    'contacts duplicates' shows them.
    """
    change_contacts(
        context_of(ctx),
        contact or [],
        Verb("restore", "restored", "not deleted"),
        lambda store, operation, ids: contacts.set_deleted(store, operation, ids, deleted=False),
        dry_run=dry_run,
        deleted=True,
    )
