"""`visitors create`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.ids import given_id
from visitors.domain.visitor import browser_data
from visitors.operations.create import create
from visitors.output.shapes import VISITOR
from visitors.store.records import visitors

OPTION_GROUPS = (options.browser_data,)


def command(
    ctx: typer.Context,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Id of the visitor. Default: a new ULID.")
    ] = None,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="Succeed without changes if the id exists.")] = False,
) -> None:
    """Create a visitor, anonymous and not yet seen.

    When piped, prints only the id: id=$(visitors create)
    """
    context = context_of(ctx)
    visitor_id = given_id(id_) if id_ is not None else None
    data = browser_data(context.group("browser_data"))
    with context.operation() as operation:
        touched, is_new = create(context.store, operation, visitor_id, data, exist_ok=exist_ok)
        visitor = visitors.find(context.store, touched, operation.at)
        assert visitor is not None
    line = f"Created visitor {touched}." if is_new else f"Visitor {touched} already exists."
    context.output.done(VISITOR, [visitor], [touched], line, single=True)
