"""`visitors prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_visitors
from visitors.context import context_of
from visitors.domain.pruning import age_limit, prunable
from visitors.store.records import visitors

OPTION_GROUPS = (options.selection,)


def command(
    ctx: typer.Context,
    older_than: Annotated[
        str,
        typer.Option(metavar="AGE", help="Not seen for so long: 90d; or since a time.", show_default=False),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete visitors that nobody would miss: anonymous, without conversations, not blocked, not seen for long.

    One that was created since is spared whenever it was seen, and one that was never seen counts by that
    time alone. A selection narrows it further. It is what
    'visitors delete' does, so 'visitors restore' takes it back. To go on to real removal:
    visitors list --deleted --format ids | visitors erase - --yes
    """
    context = context_of(ctx)
    since = age_limit(older_than, context.now)
    chosen = prunable(context.selection(), since)
    if dry_run or not yes:
        with context.reading() as store:
            idle = visitors.idle(store, chosen, context.now)
        for line in idle.preview(since, context.now):
            context.output.note(line)
        if not idle.count and context.can_ask:
            return
    change_visitors(
        context,
        [],
        Verb("prune", "pruned", "pruned already"),
        lambda store, operation, ids: visitors.set_deleted(store, operation, ids, deleted=True),
        chosen=chosen,
        yes=yes,
        dry_run=dry_run,
    )
