"""The options and output shared by `stats` and `conversations stats`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visitors.context import Context
from visitors.domain.expectation import LARGEST
from visitors.domain.statistics import Per, current_period
from visitors.errors import UsageProblem
from visitors.output.shape import Shape
from visitors.output.statistics import GROUPS, PAIRS, PERIODS, Picture, of_groups, of_periods
from visitors.output.words import number

if TYPE_CHECKING:
    from visitors.operations.statistics import Answer

TOP = 10
TOP_OF_OVERVIEW = 5
"""The default of --top for pictures; an overview fits on 24 lines."""

By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="FIELD",
        help="Count by this field; repeat to combine two fields. contact.metadata.KEY works too; "
        "contact.email counts by domain only.",
        show_default=False,
    ),
]
PerPeriod = Annotated[
    Per | None, typer.Option("--per", help="Count per day, week (from Monday) or month, in UTC.", show_default=False)
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top", metavar="N", min=0, max=LARGEST, help="Show only the N largest groups; 0 for all.", show_default=False
    ),
]
SvgFile = Annotated[
    str | None,
    typer.Option(
        "--svg", metavar="FILE", help="Write the chart to this SVG file; - is standard output.", show_default=False
    ),
]


def refuse_contradictions(
    context: Context, by: Sequence[str] | None, per: str | None, time: str | None, top: int | None, svg: str | None
) -> None:
    """Raise UsageProblem for options that contradict each other, and for a picture that would overwrite the store."""
    if by and per:
        raise UsageProblem(
            "--by and --per cannot be combined", hint="to count one group per period, use --per with a filter"
        )
    if time is not None and per is None:
        raise UsageProblem("--time needs --per", hint="add --per day, --per week or --per month")
    if per is not None and top is not None:
        raise UsageProblem("--top applies to --by, not to --per", hint="leave out --top")
    if svg == "-" and context.output.is_asked:
        raise UsageProblem("--svg - and --format both write to standard output", hint="name a file")
    context.refuse_store(svg)


def largest(context: Context, top: int | None, svg: str | None, usual: int) -> int:
    """Return the maximum number of groups; 0: all. Only a picture is limited by default."""
    if top is not None:
        return top
    return usual if context.output.shows_table or (svg is not None and not context.output.is_asked) else 0


def show_periods(context: Context, answer: Answer[Any], noun: str, per: Per, time: str, svg: str | None) -> None:
    """Show the counts per period of a time."""
    title = f"{number(answer.total, noun)} per {per} of {time}"
    under_way = current_period(per, context.now)
    show(context, answer, noun, PERIODS, lambda rows: of_periods(title, rows, under_way), [per], svg)


def show_groups(context: Context, answer: Answer[Any], noun: str, names: Sequence[str], svg: str | None) -> None:
    """Show the counts by one or two fields."""
    title = f"{number(answer.total, noun)} by {' and '.join(names)}"
    shape = GROUPS if len(names) == 1 else PAIRS
    show(context, answer, noun, shape, lambda rows: of_groups(title, names, rows), names, svg)


def show(
    context: Context,
    answer: Answer[Any],
    noun: str,
    shape: Shape,
    draw: Callable[[Sequence[Any]], Picture],
    headings: Sequence[str] = (),
    svg: str | None = None,
) -> None:
    """Show the counts, write the picture if requested, and say what it omits."""
    rows, shown = answer.rows, None
    if svg is not None:
        from visitors.output.svg import svg as written

        rows = list(rows)
        context.output.write(svg, written(draw(rows)))
        shown = len(rows)
    if svg is None or context.output.is_asked:
        shown = context.output.picture(shape, rows, draw, headings)
    if not answer.total:
        context.output.note(f"no {noun}s found" if not answer.left_out else f"no {noun} has this time")
    elif answer.left_out:
        context.output.note(f"not counted: {number(answer.left_out, noun)} that {_have(answer.left_out)} no such time")
    if shown is not None and shown < answer.number:
        context.output.note(f"{shown:,} of {answer.number:,} groups; --top 0 for all")
    if svg is not None and svg != "-":
        context.output.note(f"wrote the chart to {svg}")


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
