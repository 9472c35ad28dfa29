"""`visitors db compact`."""

from __future__ import annotations

import typer

from visitors.context import context_of
from visitors.output.answers import COMPACTED
from visitors.store.file.compact import compact


def command(ctx: typer.Context) -> None:
    """Reclaim unused space and rebuild the indexes.

    Nobody else may have the store open meanwhile. Needs up to twice the size of the store as free disk space while
    it runs.
    """
    context = context_of(ctx)
    done = compact(context.file_to("compact"), context.settings.timeout)
    line = f"Compacted {done.path}: {_change(done.bytes_before, done.bytes_after)}."
    context.output.done(COMPACTED, [done], [done.path], line, single=True)


def _change(before: int, after: int) -> str:
    """Format `4,096 bytes, 10% smaller than before`, or that it cannot be smaller."""
    if after >= before:
        return f"{after:,} bytes, no smaller than before"
    return f"{after:,} bytes, {(before - after) / before:.0%} smaller than before"
