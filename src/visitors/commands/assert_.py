"""`visitors assert`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.expectation import LARGEST, Expectation
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.expect import expect

OPTION_GROUPS = (options.selection,)


def command(
    ctx: typer.Context,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=LARGEST, help="Exactly N.", show_default=False)
    ] = None,
    least: Annotated[
        int | None, typer.Option("--min", metavar="N", min=0, max=LARGEST, help="N or more.", show_default=False)
    ] = None,
    most: Annotated[
        int | None, typer.Option("--max", metavar="N", min=0, max=LARGEST, help="N or fewer.", show_default=False)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="None.")] = False,
    some: Annotated[bool, typer.Option("--any", help="One or more.")] = False,
) -> None:
    """Check how many visitors match a selection; without one, how many there are.

    Exits with 0 if the number is as expected, and with 8 if not, showing the actual number. --min and --max
    can be combined; every other option stands alone. Counting stops as soon as the answer is known.
    """
    context = context_of(ctx)
    expected = _expectation(count, least, most, none=none, some=some)
    with context.reading() as store:
        selection = references.selection(store, context.selection(), context.now)
        expect(store, selection, expected, context.now)
    context.output.note(f"as expected: {expected}")


def _expectation(count: int | None, least: int | None, most: int | None, *, none: bool, some: bool) -> Expectation:
    ways = [count is not None, least is not None or most is not None, none, some]
    if sum(ways) != 1:
        problem = "no expected number given" if not any(ways) else "the expected number is given in more than one way"
        raise UsageProblem(problem, hint="use --count N, --min N and/or --max N, --none or --any")
    if none:
        return Expectation(0, 0)
    if some:
        return Expectation(1, None)
    if count is not None:
        return Expectation(count, count)
    if least is not None and most is not None and least > most:
        raise UsageProblem(f"--min {least} is greater than --max {most}")
    return Expectation(least or 0, most)
