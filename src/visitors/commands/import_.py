"""`visitors import`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from visitors.commands import importing, options
from visitors.commands.bulk_change import read_visitors
from visitors.context import context_of
from visitors.domain.decision import OnConflict
from visitors.input.kinds import VISITORS
from visitors.input.rows import ReadRow
from visitors.operations.bulk_import import take_all
from visitors.operations.import_ import OnExisting, Policy, Taken
from visitors.operations.imported_blocks import Left
from visitors.output.shapes import VISITOR
from visitors.store.history import operations
from visitors.store.store import OpenOperation

OPTION_GROUPS = (importing.reading,)


def command(
    ctx: typer.Context,
    file: importing.ImportFile,
    on_existing: Annotated[OnExisting, typer.Option(help="When a visitor with the id exists.")] = "error",
    on_conflict: Annotated[OnConflict, typer.Option(help="When external id and email are two people.")] = "error",
    relink: Annotated[bool, typer.Option("--relink", help="Take rows that link a visitor to another person.")] = False,
    lenient: options.Lenient = False,
    new: Annotated[
        bool, typer.Option("--new", help="Make a visitor of each row without an id, also if its fingerprint is known.")
    ] = False,
    dry_run: options.DryRun = False,
) -> None:
    """Read visitors, and their contacts, from a file or from standard input.

    csv, tsv, json and ndjson, compressed or not, and xlsx and parquet with the extras excel and parquet;
    the extension tells, or else the content, or --input-format. The cells of csv are separated by , ; | or
    tabs, as the header shows. Columns are fields by their name, whatever its case; --map says which others
    are, and which are not; --mapping reads what other systems export. A row with an external id or email
    identifies its visitor, by the rules of identify.

    A row says which visitor it is about by id, or by fingerprint; with --new it need not, and is a new
    visitor each time. A row that is blank is left out, and counted.

    With --on-existing update a block that the file says is none is lifted if it is older than the row: than
    updatedAt, or without that lastSeenAt; for a contact than contact.updatedAt. Without a time, or if the
    block is newer, it stays, and the summary counts it. One with other terms replaces an older one.

    All or nothing: the first bad row stops it, and nothing is written. --dry-run checks every row and
    writes nothing. What was done is summed up; with --format, the visitors that were written are shown.
    """
    context = context_of(ctx)
    policy = Policy(on_existing=on_existing, on_conflict=on_conflict, relink=relink, new=new)
    left: Counter[Left] = Counter()

    def take(operation: OpenOperation, rows: Iterable[ReadRow], bad: importing.Bad) -> Counter[Taken]:
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
    importing.tell_blocks(context, left)
    importing.tell_bad_rows(context, imported)
