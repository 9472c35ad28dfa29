"""`visitors export`."""

from __future__ import annotations

import os
from functools import reduce
from typing import TYPE_CHECKING, Annotated, cast

import typer

from visitors.commands import listing, options
from visitors.context import Context, context_of
from visitors.errors import UsageProblem
from visitors.input.formats import BINARY, FORMATS, format_of
from visitors.operations import references
from visitors.output.exporting import Records, export
from visitors.output.machine import FileFormat
from visitors.output.redaction import Alter, Altered, Redaction
from visitors.output.shapes import VISITOR
from visitors.output.words import number
from visitors.store.load.export import ChosenVisitors, OrderedVisitors
from visitors.store.query.listing import Page
from visitors.store.records import visitors

if TYPE_CHECKING:
    from visitors.domain.pseudonyms import Pseudonyms

OPTION_GROUPS = (options.selection,)


def command(
    ctx: typer.Context,
    output: options.OutputFile = "-",
    spreadsheet_safe: Annotated[
        bool, typer.Option("--spreadsheet-safe", help="Quote cells that a spreadsheet would run as a formula.")
    ] = False,
    redact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELDS",
            help="Set these fields to null: ip,contact.email. Repeatable.",
            show_default=False,
        ),
    ] = None,
    pseudonymize: Annotated[
        str | None,
        typer.Option(
            metavar="KEYFILE",
            help="Replace identifying values with pseudonyms derived from this secret key.",
            show_default=False,
        ),
    ] = None,
    sort: listing.Sort = None,
    reverse: listing.Reverse = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """Export visitors with their contacts, in the order in which they were added to the store.

    The format is given by the file's extension (csv, tsv, json, ndjson, or parquet with the extra 'parquet') or
    by --format; without either it is tsv. The file is written completely or not at all. Importing it into an
    empty store and exporting again gives the same bytes.

    Exports contain visitors, their contacts, and who is blocked. Contacts without visitors, conversations, merged
    contacts and the history are only in 'visitors db dump'.

    --redact and --pseudonymize make an export safe to share. With the same key, a value gets the same pseudonym in
    every export, so visitors and contacts can still be joined, and the file can be imported. With --pseudonymize,
    visitors are ordered by pseudonym, which differs for every key, so sorting and paging are not available.
    """
    context = context_of(ctx)
    context.refuse_store(output)
    format_ = _format(context, output)
    if spreadsheet_safe and format_ not in ("csv", "tsv"):
        raise UsageProblem("--spreadsheet-safe only works with csv and tsv")
    if pseudonymize is not None and (sort is not None or reverse or after is not None):
        raise UsageProblem(
            "--pseudonymize orders visitors by pseudonym",
            hint="leave out --sort, --reverse and --after",
        )
    pseudonyms = _pseudonyms(pseudonymize, output)
    alter = _alteration(format_, redact, pseudonyms)
    page = _page(sort, reverse=reverse, limit=limit, after=after)
    with context.reading() as store:
        selection = references.selection(store, context.selection(), context.now)
        chosen = ChosenVisitors(store, selection, page, context.now)
        if alter is None:
            written = export(context.output, output, format_, VISITOR, chosen, chosen, safe=spreadsheet_safe)
        else:
            ordered: Records = chosen if pseudonyms is None else OrderedVisitors(chosen, pseudonyms.visitor_id)
            altered = Altered(ordered, alter)
            written = export(context.output, output, format_, VISITOR, altered, None, safe=spreadsheet_safe)
    if output != "-":
        context.output.note(f"wrote {number(written, 'visitor')} to {output}")


def _format(context: Context, output: str) -> FileFormat:
    given = context.settings.format
    if given == "table":
        raise UsageProblem("an export cannot be a table", hint="use --format with one of " + ", ".join(FORMATS))
    named = format_of(output) if output != "-" else None
    if named == "parquet" and given is None and not output.lower().endswith(".gz"):
        return "parquet"
    if named in BINARY:
        named = None
    if given is None and output != "-" and named is None:
        raise UsageProblem(f"cannot tell the format of {output}", hint="use an extension such as .csv, or --format")
    return cast("FileFormat", given or named or "tsv")


def _pseudonyms(key_file: str | None, output: str) -> Pseudonyms | None:
    """Return the pseudonyms for the key file, if one is given. Raises UsageProblem and InvalidData."""
    if key_file is None:
        return None
    from visitors.domain.pseudonyms import Pseudonyms
    from visitors.input.key_file import read_key

    if output != "-" and os.path.realpath(output) == os.path.realpath(key_file):
        raise UsageProblem(f"{output} is the key file itself", hint="use another file")
    return Pseudonyms(read_key(key_file))


def _alteration(format_: FileFormat, redact: list[str] | None, pseudonyms: Pseudonyms | None) -> Alter | None:
    """Return the function that alters each record before it is written; None if none does. Raises UsageProblem."""
    alterations: list[Alter] = []
    if pseudonyms is not None:
        alterations.append(pseudonyms.of_visitor)
    if redact is not None:
        names = [name.strip() for names in redact for name in names.split(",") if name.strip()]
        if not names:
            raise UsageProblem("--redact has no fields")
        redaction = Redaction(VISITOR, names)
        if format_ == "ids" and ("id",) in redaction.paths:
            raise UsageProblem("--format ids cannot be combined with --redact id")
        alterations.append(redaction)
    if not alterations:
        return None
    return lambda record: reduce(lambda altered, alter: alter(altered), alterations, record)


def _page(sort: str | None, *, reverse: bool, limit: int | None, after: str | None) -> Page:
    if sort is None:
        return Page(descending=reverse, limit=limit or 0, after=after)
    return Page.sorted_by(visitors.SORTABLE, sort, reverse=reverse, limit=limit or 0, after=after)
