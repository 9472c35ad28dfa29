"""`visitors track`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.ids import given_id
from visitors.domain.visitor import browser_data, leniently
from visitors.errors import InvalidData
from visitors.operations.track import track
from visitors.output.machine import as_record
from visitors.output.shapes import VISITOR
from visitors.store.records import visitors

OPTION_GROUPS = (options.browser_data,)

_SENTENCES = {
    "id": "Recognised visitor {} by its id.",
    "fingerprint": "Recognised visitor {} by its fingerprint.",
    "created": "Created visitor {}.",
}


def command(
    ctx: typer.Context,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="Id stored by the browser.")] = None,
    lenient: options.Lenient = False,
) -> None:
    """Recognise a visitor, or create one, as the widget does on page load.

    A stored id that is known leads to that visitor; otherwise the fingerprint does, unless several visitors share
    it; otherwise a visitor is created. Browser data and lastSeenAt are updated. A different --ip clears the
    location recorded for the old one, unless a new one is given. resolvedBy in the result says which of the three
    cases applied.
    """
    context = context_of(ctx)
    stored_id = given_id(id_) if id_ is not None else None
    values = dict(context.group("browser_data"))
    left_out: list[InvalidData] = []
    if lenient:
        data, left_out = leniently(lambda: browser_data(values), values.__delitem__)
    else:
        data = browser_data(values)
    with context.operation() as operation:
        tracked = track(context.store, operation, stored_id, data)
        visitor = visitors.find(context.store, tracked.visitor_id, operation.at)
        assert visitor is not None
    result = {"resolvedBy": tracked.resolved_by, **as_record(visitor)}
    line = _SENTENCES[tracked.resolved_by].format(visitor.id)
    context.output.done(VISITOR.led_by("resolvedBy"), [result], [visitor.id], line, single=True)
    for problem in left_out:
        context.output.note(f"{problem.message}; not stored")
