"""`visitors unidentify`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_visitors
from visitors.context import context_of
from visitors.store.records import visitors

OPTION_GROUPS = (options.selection, options.ignore_missing)


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    all_: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Unlink visitors from their contact. Existing conversations stay with the contact."""
    change_visitors(
        context_of(ctx),
        visitor or [],
        Verb("unidentify", "unidentified", "not linked to a contact"),
        visitors.unlink,
        everything=all_,
        yes=yes,
        dry_run=dry_run,
    )
