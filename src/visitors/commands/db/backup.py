"""`visitors db backup`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from visitors.context import context_of
from visitors.errors import UsageProblem
from visitors.file_types import refuse_special
from visitors.folders import refuse_missing_folder
from visitors.output.answers import BACKUP
from visitors.output.progress import watched_pages
from visitors.output.words import number
from visitors.store.file.atomic_file import refuse_existing
from visitors.store.file.backup import back_up, default_name


def command(
    ctx: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="File or folder to write to.", show_default=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Same as FILE.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Back up the store to a file, as of one moment, while others use it.

    Without FILE, the backup is written next to the store, with the time in its name. It is a single file that
    only its owner can read, verified before it gets its final name. 'visitors db restore' restores it.
    """
    context = context_of(ctx)
    place = context.file_to("back up")
    if file is not None and output is not None:
        raise UsageProblem("the target of the backup is given twice", hint="use either FILE or -o FILE")
    named = file if file is not None else output
    if named == "-":
        raise UsageProblem(
            "a backup cannot be written to standard output",
            hint="name a file; visitors db dump writes to standard output",
        )
    if named is not None:
        refuse_missing_folder(named)
    target = Path(named) if named is not None else place.path.parent
    if os.path.isdir(target):  # noqa: PTH112 - which a folder of somebody else's is not
        target /= default_name(place, context.now)
    context.refuse_store(str(target))
    refuse_special(target)
    if not force:
        refuse_existing(target)
    with watched_pages(quiet=context.output.quiet, color=context.output.color) as watch:
        found = back_up(place, target, watch, replace=force, timeout=context.settings.timeout)
    record = {
        "path": str(target),
        "bytes": target.stat().st_size,
        "schemaVersion": found.version,
        **found.shown,
    }
    visitors = number(found.counts["visitors"], "visitor")
    line = f"Backed up {visitors} to {target} ({record['bytes']:,} bytes), verified."
    context.output.done(BACKUP, [record], [str(target)], line, single=True)
