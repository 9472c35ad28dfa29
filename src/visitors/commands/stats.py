"""`visitors stats`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import counting, options
from visitors.context import context_of
from visitors.domain.statistics import VisitorTime, parse_groupings
from visitors.operations import references, statistics
from visitors.output.statistics import OVERVIEW, of_figures
from visitors.output.words import number

OPTION_GROUPS = (options.selection,)


def command(
    ctx: typer.Context,
    by: counting.By = None,
    per: counting.PerPeriod = None,
    time: Annotated[
        VisitorTime | None,
        typer.Option("--time", help="Time that --per counts by. Default: createdAt.", show_default=False),
    ] = None,
    top: counting.Top = None,
    svg: counting.SvgFile = None,
) -> None:
    """Count the visitors that match a selection; without one, all that are not deleted.

    Without options, prints an overview that fits one screen. A table shows the 10 largest groups, and an overview
    the 5 largest of each field, unless --top says otherwise; other formats are limited only by --top.

    In machine formats, each group is a row: value,count,share, with value2 when counting by two fields, and with
    previous,change when counting per period: the count of the previous period, and the relative change. Rows of
    the overview start with a name. A share is between 0 and 1. Visitors without a value form a group whose value
    is null. The last period may still be under way.
    """
    context = context_of(ctx)
    counting.refuse_contradictions(context, by, per, time, top, svg)
    groupings = parse_groupings(by or [])
    with context.reading() as store:
        selection = references.selection(store, context.selection(), context.now)
        if per is not None:
            by_time = time or "createdAt"
            periods = statistics.by_period(store, selection, per, by_time, context.now)
            counting.show_periods(context, periods, "visitor", per, by_time, svg)
        elif groupings:
            largest = counting.largest(context, top, svg, counting.TOP)
            groups = statistics.by_fields(store, selection, groupings, context.now, largest)
            counting.show_groups(context, groups, "visitor", [grouping.title for grouping in groupings], svg)
        else:
            largest = counting.largest(context, top, svg, counting.TOP_OF_OVERVIEW)
            overview = statistics.overview(store, selection, context.now, largest)
            title = number(overview.total, "visitor")
            counting.show(context, overview, "visitor", OVERVIEW, lambda rows: of_figures(title, rows), svg=svg)
