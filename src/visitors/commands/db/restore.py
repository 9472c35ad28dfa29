"""`visitors db restore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import are_same, context_of
from visitors.errors import ChangedMeanwhile, UsageProblem
from visitors.output.answers import RESTORED
from visitors.output.progress import watched_pages
from visitors.output.words import number
from visitors.store.file.backup import default_name
from visitors.store.file.findings import REPLACED
from visitors.store.file.restore import inspect, restore
from visitors.store.places import File
from visitors.store.schema.version import SCHEMA_VERSION


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Backup, or any other store.", show_default=False)],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Restore the store from a backup, including its history, completely or not at all.

    FILE is checked first and never changed; a backup of an older version is migrated. The replaced store is kept
    next to the new one, and its path is printed. Works while others use the store, and if the store is missing or
    damaged. Needs up to three times the size of the store as free disk space, which is checked first.
    """
    context = context_of(ctx)
    place, source = context.file_to("back up"), Path(os.path.realpath(file))
    path = place.path
    if are_same(file, path):
        raise UsageProblem(f"{file} is the store itself", hint="name a backup")
    context.rehearses = dry_run
    # the full check follows after the question
    found = inspect(source, quick=not dry_run, timeout=context.settings.timeout)
    visitors = number(found.counts["visitors"], "visitor")
    older = f", migrated from schema {found.version} to {SCHEMA_VERSION}" if found.version < SCHEMA_VERSION else ""
    record: dict[str, object] = {
        "outcome": "would restore" if dry_run else "restored",
        "path": str(path),
        "from": str(source),
        "kept": None,
        "schemaVersion": found.version,
        **found.shown,
    }
    if dry_run:
        line = f"Would restore {visitors} from {file} to {path}{older}."
        context.output.done(RESTORED, [record], [], line, single=True)
        return
    if os.path.lexists(path):
        before = File(path).identity, File(source).identity, source.stat().st_mtime_ns
        if not yes:
            context.confirm(f"replace the store {path} with {file} ({visitors})")
        if (File(path).identity, File(source).identity, source.stat().st_mtime_ns) != before:
            raise ChangedMeanwhile(f"{path} or {file} has changed")
    else:
        context.agree()
    kept = _unused(path.with_name(default_name(place, context.now, f"{REPLACED}-")))
    try:
        with watched_pages(quiet=context.output.quiet, color=context.output.color) as watch:
            replaced = restore(place, source, kept, watch, timeout=context.settings.timeout)
    except BaseException:
        if os.path.lexists(kept):
            context.output.warn(f"the previous store is in {kept}")
        raise
    line = f"Restored {visitors} from {file} to {path}{older}."
    told = [] if replaced is None else [str(replaced)]
    context.output.done(RESTORED, [{**record, "kept": next(iter(told), None)}], told, line, single=True)
    if replaced is not None:
        context.output.note(f"the previous store is in {replaced}")


def _unused(path: Path) -> Path:
    """Return `path`, numbered if it exists."""
    names = (path, *(path.with_suffix(f".{number}{path.suffix}") for number in range(2, 1_000)))
    return next(one for one in names if not os.path.lexists(one))
