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

    A visitor whose contact is blocked stays blocked whatever is done to it alone: that is refused for one
    that is named; of those that a selection chooses, such ones are counted and left as they are.

    With - standard input has ids, or JSON objects such as {"visitorId": "…"} or {"contact": "ext:…"}. A
    visitor as list shows it frees its contact, too, if it says that this is not blocked: so
    list --not-blocked --format ndjson passes on who was unblocked.
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

    if visitor == ["-"] and context.input_begins_with("{"):
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
                f"visitor {one} stays blocked, since its contact is: {context.program} unblock --contact {contact_id}"
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
