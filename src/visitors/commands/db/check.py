"""`visitors db check`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.context import context_of
from visitors.errors import CheckFailed, UsageProblem
from visitors.output.answers import CHECK
from visitors.output.words import number
from visitors.store.file.check import check
from visitors.store.file.findings import Advice
from visitors.store.servers import Server


def command(
    ctx: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Check only the file and the schema, not every record.")
    ] = False,
    receipt: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Verify the receipt of an erasure instead; - is standard input.", show_default=False
        ),
    ] = None,
) -> None:
    """Check the store: its file, schema, records, erasure receipts, search indexes and permissions. On a server,
    everything that needs the file is skipped.

    Changes nothing. Exits with 0 if all is well, and with 8 if not, showing what is wrong and the command that
    fixes it.

    With --receipt, verify the receipt of an erasure: that this store issued it, that it is unchanged, and that
    the people it refers to are not in the store.
    """
    context = context_of(ctx)
    if receipt is not None:
        from visitors.commands.receipts import check_receipt

        if quick:
            raise UsageProblem("--quick and --receipt cannot be combined")
        check_receipt(context, receipt)
        return
    place = context.settings.store
    timeout = context.settings.timeout
    if isinstance(place, Server):
        from visitors.store.remote.check import check as check_server

        found = check_server(place, context.program, quick=quick, timeout=timeout)
    else:
        place = context.file_to("check")
        found = check(place, Advice(place.path, context.program), quick=quick, timeout=timeout)
    problems = [one for one in found if one.is_problem]
    context.output.findings(CHECK, found, problems)
    if problems:
        message = f"{place.name} has {number(len(problems), 'problem')}"
        raise CheckFailed(message, code="unsound", hint=problems[0].help)
    context.output.note(f"{place.name} is OK" + (" (quick check only)" if quick else ""))
