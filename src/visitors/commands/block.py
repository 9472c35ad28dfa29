"""`visitors block`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Act, Done, Verb, change_contacts, change_visitors
from visitors.context import context_of
from visitors.domain import normalise
from visitors.operations import block
from visitors.store.records.blocks import Target
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.domain.block_line import BlockLine
    from visitors.operations.block_lines import Done as DoneLines

OPTION_GROUPS = (options.selection_by_contact_target, options.ignore_missing)
_VERB = Verb("block", "blocked", "already blocked")


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    contact: options.ContactTarget = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Reason for the block.")] = None,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Duration of the block: 15m, 12h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Time at which the block ends.")] = None,
    all_: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Block visitors, or with --contact a person on all current and future devices.

    A blocked visitor can neither start conversations nor write messages. Blocking again changes nothing, unless
    --for, --until or --reason is given: then the old block is lifted and a new one starts. The new block is
    permanent without --for or --until, and keeps the old reason without --reason.

    With -, standard input holds ids, one per line, or JSON objects such as {"visitorId": "…"} or
    {"contact": "ext:…"}, in which "reason" and "until" override the options. In the output of 'visitors list', a
    visitor whose contact is blocked refers to that contact by external id or email, so that
    'visitors list --blocked --format ndjson' can be piped into another store.
    """
    context = context_of(ctx)
    block.expiry(for_, until, context.now)  # report mistakes before asking
    why = normalise.text(reason, "reason") if reason is not None else None

    def act(target: Target) -> Act:
        def block_them(store: Store, operation: OpenOperation, ids: list[str]) -> Done:
            expires_at = block.expiry(for_, until, operation.at)
            done = block.block(store, operation, target, ids, reason=why, expires_at=expires_at)
            outcomes = {one.target_id: "would replace" if dry_run else "replaced" for one in done.replaced}
            return Done(done.new | outcomes.keys(), outcomes, [f"{target} {one}" for one in done.replaced])

        return block_them

    def block_named(store: Store, operation: OpenOperation, lines: list[BlockLine]) -> DoneLines:
        from visitors.operations.block_lines import block_lines

        expires_at = block.expiry(for_, until, operation.at)
        return block_lines(store, operation, lines, context.missing, reason=why, expires_at=expires_at)

    if contact is not None:
        options.refuse_other_targets(context, visitor, everything=all_)
        change_contacts(context, [contact], _VERB, act("contact"), dry_run=dry_run, deleted=True)
    elif visitor == ["-"] and context.standard_input.begins_with("{"):
        from visitors.commands.block_lines import change_lines  # not needed for a single visitor

        change_lines(context, _VERB, block_named, everything=all_, dry_run=dry_run)
    else:
        change_visitors(context, visitor or [], _VERB, act("visitor"), everything=all_, yes=yes, dry_run=dry_run)
