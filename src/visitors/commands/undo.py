"""`visitors undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.times import Instant, relative
from visitors.operations.undo import TakenBack, newer_of_others, take_back
from visitors.output.answers import TAKEN_BACK
from visitors.output.words import number
from visitors.store.schema.recorded import RECORDED

_WORDS = {"removed": "removed", "changed": "reverted", "restored": "restored"}


def command(
    ctx: typer.Context,
    operation: Annotated[
        str | None,
        typer.Argument(
            metavar="[OPERATION]",
            help="Id, as 'visitors history' shows it. Default: your latest operation that is neither "
            "undone nor an undo.",
            show_default=False,
        ),
    ] = None,
    cascade: Annotated[bool, typer.Option("--cascade", help="Also undo later operations on the same records.")] = False,
    dry_run: options.DryRun = False,
) -> None:
    """Undo an operation of any command; only erasures are permanent.

    Without an id it undoes your latest operation, by the name in --as, and reports what others have done since;
    with an id it undoes anyone's. Repeat it to go further back. An undo is itself an operation: 'visitors undo ID'
    with the id of an undo redoes what it undid. Refused if a later operation changed the same records, unless
    --cascade undoes that too. When piped, prints the id of the undo, or with --dry-run the ids of what would be
    undone.
    """
    context = context_of(ctx)
    with context.operation(dry_run=dry_run) as undo:
        done = take_back(context.store, undo, operation, cascade=cascade)
        since = newer_of_others(context.store, undo, done[-1].operation) if operation is None else None
    results = [
        {
            "outcome": "would undo" if dry_run else "undone",
            "id": one.operation.id,
            "at": one.operation.at,
            "actor": one.operation.actor,
            "command": one.operation.command,
            "undoneBy": None if dry_run else undo.id,
            **{
                what: {RECORDED[kind]: count for (how, kind), count in sorted(one.counts.items()) if how == what}
                for what in _WORDS
            },
        }
        for one in done
    ]
    ids = [one.operation.id for one in done] if dry_run else [undo.id]
    verb = "Would undo" if dry_run else "Undid"
    line = f"{verb} {'; '.join(_told(one, context.now) for one in done)}."
    context.output.done(TAKEN_BACK, results, ids, line, single=not cascade)
    if since is not None:
        context.output.note(
            f"not undone: {since.command} by {since.actor}, which is newer ({relative(since.at, context.now)});"
            f" to undo it: visitors undo {since.id}"
        )
    if not dry_run and not context.output.quiet:
        context.output.note(f"to redo: visitors undo {undo.id}")


def _told(one: TakenBack, current: Instant) -> str:
    """Format `block 01K… by ada, 3 minutes ago (removed 3 blocks)`."""
    parts = [
        f"{word} " + ", ".join(number(one.counts[what, kind], kind) for kind in RECORDED if one.counts[what, kind])
        for what, word in _WORDS.items()
        if any(how == what for how, _ in one.counts)
    ]
    of = one.operation
    return f"{of.command} {of.id} by {of.actor}, {relative(of.at, current)} ({', '.join(parts)})"
