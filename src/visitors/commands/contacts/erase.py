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
    """Erase people for good: contacts with those merged into them, all their devices, conversations and blocks.

    Nothing takes it back. Their history goes, too, with what was taken back or unlinked in it, and what the
    history of others has of them: names, emails and external ids, also former ones, unless somebody who
    stays has them now. What may be somebody else's is left and named.

    It prints a receipt, which 'db check --receipt' verifies. Backups and exports are not reached.
    """
    erase_records(context_of(ctx), "contact", contact or [], yes=yes, dry_run=dry_run, vacuum=vacuum, output=output)
