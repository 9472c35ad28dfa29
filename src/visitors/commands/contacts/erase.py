"""`visitors contacts erase`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.erasing import ReceiptFile, Vacuum, erase_records
from visitors.context import context_of

OPTION_GROUPS = (options.ignore_missing,)


def command(
    ctx: typer.Context,
    contact: options.ContactArguments = None,
    output: ReceiptFile = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    vacuum: Vacuum = True,
) -> None:
    """Erase people permanently: contacts, those merged into them, and all their devices, conversations and blocks.

    This cannot be undone. Their history goes too, including what was undone or unlinked, and so does what the
    history of others holds about them: names, emails and external ids, current and former, unless someone who
    stays has them now. Data that may belong to someone else is kept and listed.

    Prints a receipt, which 'visitors db check --receipt' verifies. Backups and exports are not erased.
    """
    erase_records(context_of(ctx), "contact", contact or [], yes=yes, dry_run=dry_run, vacuum=vacuum, output=output)
