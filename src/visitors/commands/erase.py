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
    """Erase visitors permanently: devices, with their messages, blocks and history.

    This cannot be undone. Their contacts stay: 'visitors contacts erase' erases people. On a shared computer, a
    conversation that a device started for someone who stays is kept with that person; an empty, deleted visitor
    then takes the place of the device.

    Prints a receipt, which 'visitors db check --receipt' verifies. Backups and exports are not erased.
    """
    erase_records(context_of(ctx), "visitor", visitor or [], yes=yes, dry_run=dry_run, vacuum=vacuum, output=output)
