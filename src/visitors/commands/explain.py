"""`visitors explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.decision import OnConflict
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.explain import explain, foresee
from visitors.output.answers import EVENT

_KEYS = {"external-id": "externalId", "email": "email"}


def command(
    ctx: typer.Context,
    visitor: options.VisitorArgument,
    identify_as: Annotated[
        str | None,
        typer.Option(
            metavar="external-id=ID,email=ADDRESS", help="Show what identify would do, and why.", show_default=False
        ),
    ] = None,
    on_conflict: Annotated[OnConflict, typer.Option(help="As for identify.")] = "error",
    relink: Annotated[bool, typer.Option("--relink", help="As for identify.")] = False,
) -> None:
    """Explain how a visitor got its identity: a timeline from its history, with a code for each event.

    With --identify-as, show what 'visitors identify' would do and why, or why it would refuse.
    """
    context = context_of(ctx)
    if identify_as is None and (relink or on_conflict != "error"):
        raise UsageProblem("--on-conflict and --relink need --identify-as")
    with context.reading() as store:
        if identify_as is None:
            events = explain(store, references.visitor_ids(store, [visitor])[0])
        else:
            found = references.visitor(store, visitor, context.now)
            told = _parse(identify_as)
            events = [foresee(store, found, told, context.now, on_conflict=on_conflict, relink=relink)]
    context.output.records(EVENT, events)


def _parse(text: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or key.strip() not in _KEYS:
            raise UsageProblem(
                f"--identify-as: {part.strip()!r} is not external-id=ID or email=ADDRESS",
                hint="for example external-id=u-17,email=ada@example.com",
            )
        name = _KEYS[key.strip()]
        if name in values:
            raise UsageProblem(f"--identify-as has two values for {key.strip()}")
        values[name] = value
    return values
