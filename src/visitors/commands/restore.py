"""`visitors restore`."""

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
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Restore deleted visitors. With --deleted, a selection chooses among all deleted visitors."""
    change_visitors(
        context_of(ctx),
        visitor or [],
        Verb("restore", "restored", "not deleted"),
        lambda store, operation, ids: states.set_deleted(store, operation, "visitor", ids, deleted=False),
        yes=yes,
        dry_run=dry_run,
        deleted=True,
    )
