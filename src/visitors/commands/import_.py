"""`visitors import`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from visitors.commands import importing, options
from visitors.commands.bulk_change import read_visitors
from visitors.context import context_of
from visitors.domain.decision import OnConflict, OnExisting
from visitors.input.kinds import VISITORS
from visitors.input.rows import ReadRow
from visitors.operations.bulk_import import take_all
from visitors.operations.import_ import Policy, Taken
from visitors.operations.imported_blocks import Left
from visitors.output.shapes import VISITOR
from visitors.store.history import operations
from visitors.store.store import OpenOperation

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

OPTION_GROUPS = (importing.reading,)


def command(
    ctx: typer.Context,
    file: importing.ImportFile,
    on_existing: Annotated[
        OnExisting | None,
        typer.Option(help="What to do if a visitor with the id exists.  [default: error, or as the mapping says]"),
    ] = None,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What to do if external id and email belong to two people.")
    ] = "error",
    relink: Annotated[
        bool | None,
        typer.Option(
            "--relink/--no-relink",
            help="Accept rows that link a visitor to another person.  [default: no-relink, or as the mapping says]",
        ),
    ] = None,
    lenient: options.Lenient = False,
    new: Annotated[
        bool,
        typer.Option("--new", help="Create a visitor for each row without an id, even if its fingerprint is known."),
    ] = False,
    dry_run: options.DryRun = False,
) -> None:
    """Import visitors, and their contacts, from a file or standard input.

    Reads csv, tsv, json and ndjson, compressed or not, and xlsx and parquet with the extras 'excel' and 'parquet'.
    The format is detected by extension or content, or given by --input-format. The cells of csv are separated by
    , ; | or tabs, as in the header. Columns are matched to fields by name, ignoring case; --map assigns or ignores
    other columns; --mapping reads the exports of other systems. A row with an external id or email identifies its
    visitor, by the rules of 'visitors identify'.

    A row refers to its visitor by id or fingerprint; with --new it needs neither, and then creates a new visitor
    every time. Blank rows are skipped and counted.

    With --on-existing update, a row that is not blocked lifts an existing block if the row is newer than the
    block: by updatedAt, or else lastSeenAt; for a contact by contact.updatedAt. Otherwise the block stays, and the
    summary counts it. A block with different terms replaces an older one.

    All or nothing: the first bad row stops the import, and nothing is written. --dry-run checks every row and
    writes nothing. A summary is printed at the end; with --format, the visitors that were written are shown.
    """
    context = context_of(ctx)
    left: Counter[Left] = Counter()

    def take(
        operation: OpenOperation, rows: Iterable[ReadRow], bad: importing.Bad, part: Part | None
    ) -> Counter[Taken]:
        policy = Policy.chosen(part, on_existing=on_existing, on_conflict=on_conflict, relink=relink, new=new)
        by_mapping = [
            *([f"--on-existing {policy.on_existing}"] if on_existing is None and policy.on_existing != "error" else []),
            *(["--relink"] if relink is None and policy.relink else []),
        ]
        if part is not None and by_mapping:
            context.output.note(f"{part.name} are imported with {' '.join(by_mapping)}; other options override this")
        return take_all(context.store, operation, rows, policy, bad.reject, left, bad.incomplete)

    imported = importing.take_file(
        context,
        VISITORS,
        importing.file_of(context, file, dry_run=dry_run, lenient=lenient),
        take,
    )
    with context.reading() as store:  # empty after a dry run
        ids = operations.changed_ids(store, imported.operation_id, "visitor")
        shown = read_visitors(store, operations.changed_ids(store, imported.operation_id, "visitor"), context.now)
        context.output.loaded(VISITOR, shown, ids, importing.summary(imported, dry_run=dry_run))
    importing.tell_left(context, VISITORS, left)
    importing.tell_bad_rows(context, imported)
