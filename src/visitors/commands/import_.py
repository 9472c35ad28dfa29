"""`visitors import`."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from typing import Annotated, get_args

import typer

from visitors.commands import options
from visitors.commands.many import number, read_visitors
from visitors.commands.rejected import tell_rejected
from visitors.context import Context, context_of
from visitors.domain.decision import OnConflict
from visitors.errors import UsageProblem
from visitors.input.ahead import read_ahead, worth_reading_ahead
from visitors.input.formats import Format
from visitors.input.rows import read_checked
from visitors.input.source import choose_format, format_of, open_source
from visitors.operations.blocks_told import Left
from visitors.operations.bulk_import import take_all
from visitors.operations.import_ import OnExisting, Policy, Taken
from visitors.output.progress import watched
from visitors.output.rejects import RejectedRows, rejected_rows
from visitors.output.shapes import VISITOR
from visitors.store.history import operations


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file; - is standard input.", show_default=False)],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Take a field from a column, or from none: name=. Repeatable.",
            show_default=False,
        ),
    ] = None,
    input_format: Annotated[
        Format | None,
        typer.Option(help="What the file is, where its name and content do not tell.", show_default=False),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHAR", help="What separates the cells of csv, where its header does not tell.", show_default=False
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the text is in, if not UTF-8: windows-1252.", show_default=False),
    ] = None,
    null: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A cell that is nothing: NULL, N/A, -. Repeatable.", show_default=False),
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Columns that are no field are no error.")
    ] = False,
    on_existing: Annotated[OnExisting, typer.Option(help="When a visitor with the id exists.")] = "error",
    on_conflict: Annotated[OnConflict, typer.Option(help="When external id and email are two people.")] = "error",
    relink: Annotated[bool, typer.Option("--relink", help="Take rows that link a visitor to another person.")] = False,
    lenient: options.Lenient = False,
    new: Annotated[
        bool, typer.Option("--new", help="Make a visitor of each row without an id, also if its fingerprint is known.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Take the good rows, and exit 5 if some were bad.")
    ] = False,
    rejects: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the bad rows go, with reasons.", show_default=False)
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Read visitors, and their contacts, from a file or from standard input.

    csv, tsv, json and ndjson, compressed or not; the extension tells, or else the content, or
    --input-format. The cells of csv are separated by , ; | or tabs, as the header shows. Columns are
    fields by their name, whatever its case; --map says which others are, and which are not. A row with
    an external id or email identifies its visitor, by the rules of identify.

    A row says which visitor it is about by id, or by fingerprint; with --new it need not, and is a new
    visitor each time. A row that is blank is left out, and counted.

    With --on-existing update a block that the file says is none is lifted if it is older than the row: than
    updatedAt, or without that lastSeenAt; for a contact than contact.updatedAt. Without a time, or if the
    block is newer, it stays, and the summary counts it. One with other terms replaces an older one.

    All or nothing: the first bad row stops it, and nothing is written. --dry-run checks every row and
    writes nothing. What was done is summed up; with --format, the visitors that were written are shown.
    """
    context = context_of(ctx)
    if rejects is not None and not (keep_going or dry_run or lenient):
        raise UsageProblem(
            "--rejects needs --keep-going or --lenient", hint="without them, the first bad row stops the import"
        )
    context.refuse_store(rejects)
    policy = Policy(on_existing=on_existing, on_conflict=on_conflict, relink=relink, new=new)
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source(file, encoding, takes_encoding=True)))
        format_ = choose_format(file, input_format, source, delimiter)
        header, checked = read_checked(
            source,
            format_,
            map_ or [],
            ignore_unknown=ignore_unknown,
            keep_values=keep_going or dry_run or rejects is not None,
            delimiter=delimiter,
            nulls=null or [],
            lenient=lenient,
        )
        ahead = stack.enter_context(read_ahead(checked, source)) if worth_reading_ahead(source) else None
        watched_rows = watched(
            ahead or checked, ahead or source, quiet=context.output.quiet, color=context.output.color
        )
        shown = stack.enter_context(watched_rows)
        operation = stack.enter_context(context.operation(dry_run=dry_run, is_load=source.is_large))
        bad_rows = reject = None
        if keep_going or dry_run or lenient:
            # its file is whole before the operation is: if it cannot be written, no row was taken
            kept = rejected_rows(rejects, format_of(rejects or "") or format_, header, quiet=context.output.quiet)
            bad_rows = stack.enter_context(kept)
            reject = bad_rows.add if keep_going or dry_run else None
        left: Counter[Left] = Counter()
        incomplete = bad_rows.add_incomplete if bad_rows is not None else None
        taken = take_all(context.store, operation, shown, policy, reject, left, incomplete)
    only_here = [name for name, given in (("--encoding", encoding), ("--delimiter", delimiter)) if given is not None]
    _tell(context, operation.id, taken, left, bad_rows, rejects, only_here, dry_run=dry_run)


def _tell(
    context: Context,
    operation_id: str,
    taken: Counter[Taken],
    left: Counter[Left],
    bad_rows: RejectedRows | None,
    rejects: str | None,
    only_here: list[str],
    *,
    dry_run: bool,
) -> None:
    """What happened to the rows, and, where a format or fields were asked for, the visitors that were written. The
    options `only_here` are not for the file of rejected rows, which is UTF-8 with commas.
    """
    parts = [f"{taken[what]:,} {what}" for what in get_args(Taken) if taken[what]]
    bad = bad_rows.count if bad_rows is not None else 0
    if bad:
        parts.append(f"{bad:,} rejected")
    start = "would import" if dry_run else "imported"
    line = f"{start} {number(sum(taken.values()) + bad, 'row')}: {', '.join(parts) or 'nothing'}"
    with context.reading() as store:  # of a dry run there is nothing in it
        ids = operations.touched(store, operation_id, "visitor")
        shown = read_visitors(store, operations.touched(store, operation_id, "visitor"), context.now)
        context.output.loaded(VISITOR, shown, ids, line)
    if left["standing"]:
        context.output.note(f"{number(left['standing'], 'block')} left standing: no row is newer than the block")
    if left["lifted"]:
        context.output.note(f"{number(left['lifted'], 'block')} not taken: lifted in this store since")
    if bad_rows is not None and bad_rows.left_out:
        _tell_left_out(context, bad_rows)
    if bad_rows is not None:
        without = f", without {' and '.join(only_here)}" if only_here else ""
        tell_rejected(context, bad_rows, rejects, f"import that file{without}")


def _tell_left_out(context: Context, rows: RejectedRows) -> None:
    """Which values were bad, and not stored."""
    count = rows.left_out.total()
    for reason in rows.reasons_left_out:
        context.output.note(reason)
    if count > len(rows.reasons_left_out):
        context.output.note(f"… and {count - len(rows.reasons_left_out):,} more")
    parts = ", ".join(f"{of_field:,} {field}" for field, of_field in rows.left_out.most_common())
    context.output.note(f"nothing stored for {number(count, 'bad value')}: {parts}")
