"""`visitors erase`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.erasing import ReceiptFile, Vacuum, erase_records
from visitors.context import context_of

OPTION_GROUPS = (options.ignore_missing,)


def command(
    ctx: typer.Context,
    visitor: options.VisitorArguments = None,
    output: ReceiptFile = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    vacuum: Vacuum = True,
) -> None:
    """Erase visitors for good: devices, with what they wrote, their blocks and their history.

    Nothing takes it back. Their contacts stay: 'contacts erase' erases people. A conversation that a device
    started for somebody who stays, on a computer that several use, stays with that person; a deleted visitor
    of which nothing is known stands where the device was.

    It prints a receipt, which 'db check --receipt' verifies. Backups and exports are not reached.
    """
    erase_records(context_of(ctx), "visitor", visitor or [], yes=yes, dry_run=dry_run, vacuum=vacuum, output=output)
