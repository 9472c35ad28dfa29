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
    none: Annotated[bool, typer.Option("--none", help="Not one.")] = False,
    some: Annotated[bool, typer.Option("--any", help="One or more.")] = False,
) -> None:
    """Check how many visitors a selection chooses; without one, how many there are.

    Exit 0 when there are as many as said, 8 when not, with what was found instead. --min and --max go
    together; the others stand alone. It counts no further than it must.
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
        problem = "say how many are expected" if not any(ways) else "say in one way how many are expected"
        raise UsageProblem(problem, hint="--count N, --min N and --max N, --none or --any")
    if none:
        return Expectation(0, 0)
    if some:
        return Expectation(1, None)
    if count is not None:
        return Expectation(count, count)
    if least is not None and most is not None and least > most:
        raise UsageProblem(f"--min {least} is more than --max {most}")
    return Expectation(least or 0, most)
