"""`visitors delete`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_visitors
from visitors.context import context_of
from visitors.store.records import states

OPTION_GROUPS = (options.selection, options.ignore_missing)


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    all_: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete visitors. 'visitors list --deleted' shows deleted ones, and 'visitors restore' brings them back."""
    change_visitors(
        context_of(ctx),
        visitor or [],
        Verb("delete", "deleted", "already deleted"),
        lambda store, operation, ids: states.set_deleted(store, operation, "visitor", ids, deleted=True),
        everything=all_,
        yes=yes,
        dry_run=dry_run,
        deleted=None,
    )
