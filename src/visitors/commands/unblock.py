"""`visitors unblock`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Done, Verb, change_contacts, change_visitors
from visitors.context import context_of
from visitors.operations import block
from visitors.store.store import OpenOperation, Store

OPTION_GROUPS = (options.selection_by_contact_target, options.ignore_missing)
_VERB = Verb("unblock", "unblocked", "not blocked")


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    contact: options.ContactTarget = None,
    all_: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Lift the blocks of visitors, or with --contact of a person.

    A visitor whose contact is blocked stays blocked, whatever is done to the visitor alone. If you name such a
    visitor, the command is refused; if a selection matches it, it is counted and left unchanged.

    With -, standard input holds ids or JSON objects such as {"visitorId": "…"} or {"contact": "ext:…"}. A visitor
    in the output of 'visitors list' also unblocks its contact if the contact is shown as not blocked, so that
    'visitors list --not-blocked --format ndjson' can be piped into another store.
    """
    context = context_of(ctx)
    if contact is not None:
        options.refuse_other_targets(context, visitor, everything=all_)
        change_contacts(
            context,
            [contact],
            _VERB,
            lambda store, operation, ids: block.unblock(store, operation, "contact", ids).lifted,
            dry_run=dry_run,
            deleted=True,
        )
        return

    if visitor == ["-"] and context.standard_input.begins_with("{"):
        from visitors.commands.block_lines import change_lines  # not needed for a single visitor
        from visitors.operations.block_lines import unblock_lines

        change_lines(
            context,
            _VERB,
            lambda store, operation, lines: unblock_lines(store, operation, lines, context.missing),
            everything=all_,
            dry_run=dry_run,
        )
        return

    def unblock_them(store: Store, operation: OpenOperation, ids: list[str]) -> Done:
        done = block.unblock(store, operation, "visitor", ids, selected=not visitor)
        return Done(
            done.lifted,
            dict.fromkeys(done.left, "left"),
            [
                f"visitor {one} stays blocked because its contact is; to unblock that: {context.program} "
                f"unblock --contact {contact_id}"
                for one, contact_id in done.left.items()
            ],
        )

    change_visitors(
        context,
        visitor or [],
        _VERB,
        unblock_them,
        everything=all_,
        yes=yes,
        dry_run=dry_run,
    )
