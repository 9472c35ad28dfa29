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
    count: Annotated[int, typer.Option(metavar="N", min=0, max=LARGEST, help="Number of visitors.")] = 100,
    seed: Annotated[
        int,
        typer.Option(
            metavar="S", min=0, max=LARGEST_SEED, help="A number; a different one generates different people."
        ),
    ] = 0,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Latest time in the data. Default: now.", show_default=False),
    ] = None,
    identified: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of visitors with a contact: 30% or 0.3.")
    ] = "30%",
    devices: Annotated[str, typer.Option(metavar="RANGE", help="Devices per person: 1-3 or 2.")] = "1-3",
    blocked: Annotated[str, typer.Option(metavar="SHARE", help="Share of visitors that are blocked.")] = "2%",
    conversations: Annotated[str, typer.Option(metavar="RANGE", help="Conversations per visitor.")] = "0-2",
    locale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="Only people of this locale, such as de-DE, or en for all English ones. Repeatable.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Generate sample visitors, with contacts, blocks and conversations: the same ones for the same seed.

    The same seed, options and --now give the same bytes, including ids, on every machine. Without --now, times
    follow the clock, and so do ids, which start with a time.

    Emails use domains that belong to nobody, and IP addresses are those reserved for documentation.
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
        f"Generated {number(planted.visitors, 'visitor')}: {planted.identified:,} identified, "
        f"{planted.blocked:,} blocked, {number(planted.conversations, 'conversation')}."
    )
    with context.reading() as store:
        ids = operations.changed_ids(store, operation.id, "visitor")
        shown = read_visitors(store, operations.changed_ids(store, operation.id, "visitor"), plan.now)
        context.output.loaded(VISITOR, shown, ids, line)
