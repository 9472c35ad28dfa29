"""`visitors unblock`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.many import Verb, change_contacts, change_visitors
from visitors.context import context_of
from visitors.operations import block

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

    A visitor whose contact is blocked stays blocked whatever is done to it alone: that is refused.
    """
    context = context_of(ctx)
    if contact is not None:
        options.refuse_others_beside_contact(context, visitor, everything=all_)
        change_contacts(
            context,
            [contact],
            _VERB,
            lambda store, operation, ids: block.unblock(store, operation, "contact", ids),
            dry_run=dry_run,
            deleted=True,
        )
        return
    change_visitors(
        context,
        visitor or [],
        _VERB,
        lambda store, operation, ids: block.unblock(store, operation, "visitor", ids),
        everything=all_,
        yes=yes,
        dry_run=dry_run,
    )
