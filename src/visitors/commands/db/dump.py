"""`visitors db dump`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.errors import UsageProblem
from visitors.output.machine import json_lines
from visitors.output.progress import Counting
from visitors.store.file.dump import dump


def command(
    ctx: typer.Context,
    output: options.OutputFile = "-",
) -> None:
    """Dump the whole store as NDJSON, one typed line per row, including history and tombstones.

    Loading the dump into an empty store and dumping that again gives the same bytes.
    """
    context = context_of(ctx)
    context.refuse_store(output)
    if context.settings.format not in (None, "ndjson"):
        raise UsageProblem("a dump is always ndjson")
    with context.reading() as store:
        rows = Counting(dump(store))
        context.output.write(output, json_lines(rows))
    if output != "-":
        context.output.note(f"wrote {rows.position:,} lines to {output}")
