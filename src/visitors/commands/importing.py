"""The steps of every import command: read a file, import its rows in one operation, report the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args

import msgspec
import typer

from visitors.commands import options
from visitors.commands.rejected import refuse_input, tell_rejected
from visitors.context import Context
from visitors.errors import UsageProblem
from visitors.input.ahead import read_ahead, worth_reading_ahead
from visitors.input.format_choice import choose_format
from visitors.input.formats import BINARY, Format
from visitors.input.kinds import VISITORS, Kind
from visitors.input.mapping import ColumnMapping
from visitors.input.rows import Read, cell_delimiter, read_any, read_checked
from visitors.input.source import Source, open_source
from visitors.operations.import_ import Taken
from visitors.operations.one_row import Reject
from visitors.output.progress import watched
from visitors.output.rejects import RejectedRows, rejected_rows, text_format
from visitors.output.words import number
from visitors.store.store import OpenOperation

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

ImportFile = Annotated[
    str, typer.Argument(metavar="FILE", help="File to read; - is standard input.", show_default=False)
]
_GROUP = "file"


def reading() -> list[Parameter]:
    """Options: how a file is read, and what happens to its bad rows."""
    keep = options.kept_in(options.GROUPS, _GROUP)

    def one(name: str, flag: str, about: str, metavar: str | None = None, **more: Any) -> Parameter:
        return options.option([name, flag], keep, "Options", about, metavar=metavar, **more)

    return [
        one(
            "maps", "--map", "Read a field from this column, or with name= from none. Repeatable.", "FIELD=COLUMN",
            multiple=True,
        ),
        one(
            "mapping", "--mapping",
            "Mapping for exports of another system: a built-in one, your own file, auto or none.",
            "NAME|FILE",
        ),
        one(
            "explains", "--explain-mapping", "Show how each column of the first rows is read, and exit.",
            is_flag=True,
        ),
        one(
            "input_format", "--input-format", "Format of the file. Default: detected from its name and content.",
            kind=options.choice(get_args(Format)),
        ),
        one("delimiter", "--delimiter", "Separator of csv cells. Default: detected from the header.", "CHAR"),
        one("encoding", "--encoding", "Encoding of the file, if not UTF-8, such as windows-1252.", "NAME"),
        one("nulls", "--null", "Read cells with this text as empty: NULL, N/A, -. Repeatable.", "WORD", multiple=True),
        one("ignore_unknown", "--ignore-unknown", "Ignore columns that match no field.", is_flag=True),
        one("keep_going", "--keep-going", "Import the good rows and exit with 5 if some are bad.", is_flag=True),
        one("rejects", "--rejects", "Write bad rows to this file, with reasons.", "FILE"),
    ]  # fmt: skip


class Bad(NamedTuple):
    """Collects rejected rows, if they are to be set aside, and rows imported without some values."""

    reject: Reject | None
    incomplete: Callable[[Read[Any]], None] | None


Take = Callable[[OpenOperation, Iterable[Read[Any]], Bad, "Part | None"], Counter[Any]]
"""Imports rows of a file, by the part of a mapping for it; returns the number of each outcome."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file to import, and how to read it."""

    path: str
    maps: Sequence[str] = ()
    mapping: str | None = None
    explains: bool = False
    input_format: Format | None = None
    delimiter: str | None = None
    encoding: str | None = None
    nulls: Sequence[str] = ()
    ignore_unknown: bool = False
    keep_going: bool = False
    lenient: bool = False
    rejects: str | None = None
    dry_run: bool = False


def file_of(context: Context, path: str, *, dry_run: bool, lenient: bool = False) -> File:
    """Return the file to import, read as the options of `reading` say."""
    return File(path=path, lenient=lenient, dry_run=dry_run, **context.group(_GROUP))


class Imported(msgspec.Struct, frozen=True):
    """The outcome of importing a file."""

    file: File
    operation_id: str
    taken: Counter[Any]
    bad_rows: RejectedRows | None


def take_file(context: Context, kind: Kind, file: File, take: Take) -> Imported:
    """Read the file and `take` its rows, all in one operation. Raises the error of the first bad row, unless bad rows
    are kept.
    """
    keeps = file.keep_going or file.dry_run
    if file.rejects is not None and not keeps and not file.lenient:
        ways, without = ("--keep-going or --lenient", "them") if kind is VISITORS else ("--keep-going", "it")
        raise UsageProblem(f"--rejects needs {ways}", hint=f"without {without}, the first bad row stops the import")
    context.refuse_store(file.rejects)
    refuse_input(file.rejects, file.path)
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source(file.path, file.encoding, takes_encoding=True)))
        format_ = choose_format(file.path, file.input_format, source, file.delimiter)
        name = file.mapping or ("none" if file.maps else "auto")
        delimiter = cell_delimiter(source, format_, file.delimiter, file.maps, kind, name)
        part = _part(context, source, format_, kind, file, delimiter)
        if file.explains:
            _explain(context, source, format_, kind, file, part, delimiter)
            raise typer.Exit
        header, checked = read_checked(
            source,
            format_,
            file.maps,
            ignore_unknown=file.ignore_unknown,
            keep_values=keeps or file.rejects is not None,
            delimiter=delimiter,
            nulls=file.nulls,
            lenient=file.lenient,
            kind=kind,
            part=part,
        )
        if header.note is not None:
            context.output.note(header.note)
        # rows from another process are decoded as visitors; other kinds come in smaller files
        is_ahead = kind is VISITORS and format_ not in BINARY and worth_reading_ahead(source)
        ahead = stack.enter_context(read_ahead(checked, source)) if is_ahead else None
        watched_rows = watched(
            ahead or checked, ahead or source, quiet=context.output.quiet, color=context.output.color
        )
        shown = stack.enter_context(watched_rows)
        operation = stack.enter_context(context.operation(dry_run=file.dry_run, is_load=source.is_large))
        bad_rows = None
        if keeps or file.lenient:
            # its file is finished before the operation commits: if it cannot be written, nothing is imported
            bad_format = text_format(format_, file.rejects, header)
            kept = rejected_rows(file.rejects, bad_format, header, quiet=context.output.quiet)
            bad_rows = stack.enter_context(kept)
        reject = bad_rows.add if bad_rows is not None and keeps else None
        taken = take(operation, shown, Bad(reject, bad_rows.add_incomplete if bad_rows is not None else None), part)
    return Imported(file, operation.id, taken, bad_rows)


def _part(context: Context, source: Source, format_: Format, kind: Kind, file: File, delimiter: str) -> Part | None:
    """Return the part of a mapping that fits the file; without a given mapping, say if one is recognised."""
    if file.mapping is None and file.maps:
        return None
    # on demand: most files need none
    from visitors.input.recognise import AUTO, choose_part

    part = choose_part(source, format_, kind, file.mapping or AUTO, delimiter)
    if part is not None and file.mapping in (None, AUTO):
        context.output.note(f"{source.name} is read as {part.name}; --mapping none turns this off")
    return part


def _explain(
    context: Context, source: Source, format_: Format, kind: Kind, file: File, part: Part | None, delimiter: str
) -> None:
    from visitors.input.explained import explained
    from visitors.output.shapes import EXPLAINED_COLUMN

    header, rows = read_any(source, format_, part, delimiter)
    mapping = ColumnMapping(
        file.maps, header, ignore_unknown=file.ignore_unknown, nulls=file.nulls, kind=kind, part=part
    )
    context.output.records(EXPLAINED_COLUMN, explained(rows, mapping))


def summary(imported: Imported, *, dry_run: bool) -> str:
    """Summarise the outcome in one line."""
    taken = imported.taken
    parts = [f"{taken[what]:,} {what}" for what in get_args(Taken) if taken[what]]
    bad = imported.bad_rows.count if imported.bad_rows is not None else 0
    if bad:
        parts.append(f"{bad:,} rejected")
    rows = sum(taken[what] for what in get_args(Taken)) + bad
    return f"{'would import' if dry_run else 'imported'} {number(rows, 'row')}: {', '.join(parts) or 'nothing'}"


def tell_bad_rows(context: Context, imported: Imported) -> None:
    """Report at the end why rows or values were not imported. Raises RowsRejected if there were such rows."""
    bad_rows, file = imported.bad_rows, imported.file
    if bad_rows is None:
        return
    if bad_rows.left_out:
        _tell_left_out(context, bad_rows)
    # the file of rejected rows is UTF-8 with commas
    binary = file.input_format if file.input_format in BINARY else None
    of_file = (("--encoding", file.encoding), ("--delimiter", file.delimiter), ("--input-format", binary))
    only_here = " and ".join(name for name, given in of_file if given is not None)
    tell_rejected(context, bad_rows, file.rejects, f"import that file{f', without {only_here}' if only_here else ''}")


def _tell_left_out(context: Context, rows: RejectedRows) -> None:
    """Report which values were invalid, and not stored."""
    count = rows.left_out.total()
    context.output.first(context.output.note, rows.reasons_left_out, count)
    parts = ", ".join(f"{of_field:,} {field}" for field, of_field in rows.left_out.most_common())
    context.output.note(f"not stored: {number(count, 'bad value')} ({parts})")


def tell_left(context: Context, kind: Kind, left: Counter[Any]) -> None:
    """Report what was left as it was: values that were updated since, and blocks."""
    if left["outdated"]:
        times = ("updatedAt", "lastSeenAt", "contact.updatedAt") if kind is VISITORS else ("updatedAt",)
        context.output.note(
            f"{number(left['outdated'], 'row')} had values older than those in the store, which were left out; "
            f"to import them anyway, add {' '.join(f'--map {one}=' for one in times)}"
        )
    if left["standing"]:
        context.output.note(f"{number(left['standing'], 'block')} kept: no row is newer than the block")
    if left["lifted"]:
        context.output.note(f"{number(left['lifted'], 'block')} not imported: lifted in this store since")
