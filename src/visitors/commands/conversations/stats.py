"""`visitors conversations stats`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import counting, options
from visitors.context import context_of
from visitors.domain.statistics import ConversationField, ConversationTime, parse_conversation_fields
from visitors.operations import references, statistics
from visitors.output.statistics import CONVERSATION_OVERVIEW, of_figures
from visitors.output.words import number

OPTION_GROUPS = (options.conversation_selection,)


def command(
    ctx: typer.Context,
    by: Annotated[
        list[ConversationField] | None,
        typer.Option("--by", help="Count by this field; repeat to combine two fields.", show_default=False),
    ] = None,
    per: counting.PerPeriod = None,
    time: Annotated[
        ConversationTime | None,
        typer.Option("--time", help="Time that --per counts by. Default: createdAt.", show_default=False),
    ] = None,
    top: counting.Top = None,
    svg: counting.SvgFile = None,
) -> None:
    """Count conversations: how many are open, resolved or spam, how many are new per day, and how fast agents reply.

    The rows are those of 'visitors stats'. The overview has one more column, seconds: the time to the first
    reply, as median and 90th percentile (p90), of the conversations that an agent has replied to.
    """
    context = context_of(ctx)
    counting.refuse_contradictions(context, by, per, time, top, svg)
    names = parse_conversation_fields(by or [])
    with context.reading() as store:
        wanted = references.conversation_selection(store, context.conversation_selection(), context.now)
        if per is not None:
            by_time = time or "createdAt"
            periods = statistics.conversations_by_period(store, wanted, per, by_time, context.now)
            counting.show_periods(context, periods, "conversation", per, by_time, svg)
        elif names:
            largest = counting.largest(context, top, svg, counting.TOP)
            groups = statistics.conversations_by_fields(store, wanted, names, context.now, largest)
            counting.show_groups(context, groups, "conversation", names, svg)
        else:
            overview = statistics.conversations_overview(store, wanted, context.now)
            title = number(overview.total, "conversation")
            counting.show(
                context, overview, "conversation", CONVERSATION_OVERVIEW, lambda rows: of_figures(title, rows), svg=svg
            )
