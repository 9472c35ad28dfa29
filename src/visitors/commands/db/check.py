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


def command(
    ctx: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Only the file and the schema, not every record.")] = False,
    receipt: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Check what erase printed instead; - is standard input.", show_default=False),
    ] = None,
) -> None:
    """Check that the store is sound: its file, schema, records, receipts of erasures, search indexes, permissions.

    Changes nothing. Exit 0 when it is, 8 when it is not, with what is wrong and the command that helps.

    With --receipt, check the receipt of an erasure: whether the store made it as it is, and whom it speaks of
    is not in the store.
    """
    context = context_of(ctx)
    if receipt is not None:
        from visitors.commands.receipts import check_receipt

        if quick:
            raise UsageProblem("--quick and --receipt exclude each other")
        check_receipt(context, receipt)
        return
    place = context.file_to("check")
    found = check(place, Advice(place.path, context.program), quick=quick, timeout=context.settings.timeout)
    problems = [one for one in found if one.is_problem]
    context.output.findings(CHECK, found, problems)
    if problems:
        message = f"{place.name} is not as it should be: {number(len(problems), 'problem')}"
        raise CheckFailed(message, code="unsound", hint=problems[0].help)
    context.output.note(f"{place.name} is sound" + (", as far as a quick check can tell" if quick else ""))
