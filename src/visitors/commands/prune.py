"""`visitors prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_visitors
from visitors.confirmation import can_ask
from visitors.context import context_of
from visitors.domain.pruning import age_limit, prunable
from visitors.store.records import states, visitors

OPTION_GROUPS = (options.selection,)


def command(
    ctx: typer.Context,
    older_than: Annotated[
        str,
        typer.Option(
            metavar="AGE", help="Not seen for this long, such as 90d, or since this time.", show_default=False
        ),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete stale anonymous visitors: without conversations, not blocked, and not seen for a given time.

    Visitors created since then are kept, whenever they were seen; those never seen count by when they were
    created. A selection narrows it further. This works like 'visitors delete', so 'visitors restore' brings them
    back. To remove deleted visitors permanently:
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
        if not idle.count and can_ask():
            return
    change_visitors(
        context,
        [],
        Verb("prune", "pruned", "already pruned"),
        lambda store, operation, ids: states.set_deleted(store, operation, "visitor", ids, deleted=True),
        chosen=chosen,
        yes=yes,
        dry_run=dry_run,
    )
