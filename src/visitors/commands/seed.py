"""`visitors seed`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands.bulk_change import read_visitors
from visitors.context import context_of
from visitors.domain.expectation import LARGEST
from visitors.domain.made_up.people import made_up, seeded_entropy
from visitors.domain.made_up.plan import LARGEST_SEED, parse_plan
from visitors.domain.times import parse_time
from visitors.operations.seed import plant, refuse_again
from visitors.output.shapes import VISITOR
from visitors.output.words import number
from visitors.store.history import operations


def command(
    ctx: typer.Context,
    count: Annotated[int, typer.Option(metavar="N", min=0, max=LARGEST, help="How many visitors.")] = 100,
    seed: Annotated[
        int, typer.Option(metavar="S", min=0, max=LARGEST_SEED, help="A number; another one makes other people.")
    ] = 0,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="The time that all is dated back from; default: the clock.", show_default=False
        ),
    ] = None,
    identified: Annotated[str, typer.Option(metavar="SHARE", help="Visitors with a contact: 30%, or 0.3.")] = "30%",
    devices: Annotated[str, typer.Option(metavar="RANGE", help="Devices of each person: 1-3, or 2.")] = "1-3",
    blocked: Annotated[str, typer.Option(metavar="SHARE", help="Visitors who are blocked.")] = "2%",
    conversations: Annotated[str, typer.Option(metavar="RANGE", help="Conversations of each visitor.")] = "0-2",
    locale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="Only people of this locale: de-DE, or en for all of these. Repeatable.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make up visitors, with contacts, blocks and conversations: the same ones for the same seed.

    The same seed, options and --now give the same bytes, ids included, on every machine. Without
    --now the times move with the clock, and with them the ids, which begin with a time.

    Emails are at domains that belong to nobody, IP addresses those for documentation.
    """
    context = context_of(ctx)
    plan = parse_plan(
        count=count,
        seed=seed,
        now=parse_time(now, "now", context.now) if now is not None else context.now,
        identified=identified,
        devices=devices,
        blocked=blocked,
        conversations=conversations,
        locales=locale or [],
    )
    with context.reading() as store:
        refuse_again(store, plan)
    with context.operation(at=plan.now, entropy=seeded_entropy(seed)) as operation:
        planted = plant(context.store, operation, made_up(plan))
    line = (
        f"Made up {number(planted.visitors, 'visitor')}: {planted.identified:,} identified,"
        f" {planted.blocked:,} blocked, {number(planted.conversations, 'conversation')}."
    )
    with context.reading() as store:
        ids = operations.changed_ids(store, operation.id, "visitor")
        shown = read_visitors(store, operations.changed_ids(store, operation.id, "visitor"), plan.now)
        context.output.loaded(VISITOR, shown, ids, line)
