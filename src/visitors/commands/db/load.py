"""`visitors db load`."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Annotated

import typer

from visitors.context import context_of
from visitors.input.readers import json_lines
from visitors.input.source import open_source
from visitors.output.progress import watched
from visitors.store.file.dump import load
from visitors.store.schema.invariants import ONE_EMAIL, offenders


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Dump to load; - is standard input.", show_default=False)],
) -> None:
    """Load a dump into an empty store, completely or not at all, with its ids, times and history."""
    context = context_of(ctx)
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source(file)))
        lines = stack.enter_context(
            watched(json_lines(source), source, quiet=context.output.quiet, color=context.output.color)
        )
        with context.store.writing():
            loaded = load(context.store, lines)
            shared = next(offenders(context.store, ONE_EMAIL), None)
    context.output.note(f"loaded {loaded:,} rows from {source.name}")
    if shared is not None:  # not validated, like a backup: it can be repaired in the store
        context.output.warn(
            f"{shared.kind} {shared.id} and another contact have the same email; to list them: "
            f"{context.program} contacts duplicates"
        )
