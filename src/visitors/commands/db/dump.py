"""`visitors db dump`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.errors import UsageProblem
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
        written = context.output.json_lines(output, dump(store))
    if output != "-":
        context.output.note(f"wrote {written:,} lines to {output}")
