"""`visitors sql`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visitors.commands import listing
from visitors.context import Context, context_of
from visitors.domain.metadata import parse_assignments
from visitors.errors import UsageProblem
from visitors.output.answers import VIEW_COLUMN, of_columns
from visitors.store import views
from visitors.store.file.query import Answer, Queries, queries
from visitors.store.servers import Server

if TYPE_CHECKING:
    from visitors.store.remote.query import ServerQueries


def command(
    ctx: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(metavar="QUERY", help="Query to run; - reads it from standard input.", show_default=False),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="K=V",
            help="Value of the parameter :K, as text, or as a number with K:=V. Repeatable.",
            show_default=False,
        ),
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the views and their columns.")] = False,
    limit: listing.Limit = None,
) -> None:
    """Run a read-only SQL query over views whose columns are named like the keys of 'visitors show'.

    The views are visitors, contacts, conversations, messages, blocks, operations and changes. A column with a dot
    in its name needs double quotes: "contact.email". Deleted records are included, with their deletedAt; blocks
    are evaluated at the current time. true and false are 1 and 0, metadata and other objects are JSON text, and
    bytes are shown in hexadecimal.

    A query can read these views and nothing else, and cannot change anything. A table shows at most 50 rows unless
    --limit says otherwise; other formats are limited only by --limit.
    """
    context = context_of(ctx)
    if tables:
        if query is not None or param or limit is not None:
            raise UsageProblem("--tables cannot be combined with a query", hint="leave out the query or --tables")
        context.output.records(VIEW_COLUMN, views.described())
        return
    if query is None:
        raise UsageProblem("no query given", hint="visitors sql 'SELECT count(*) FROM visitors', or --tables")
    text = "".join(context.standard_input.lines()) if query == "-" else query
    with _queries(context) as asked:
        _show(context, asked.ask(text, parse_assignments(param or [], "param")), limit)


def _queries(context: Context) -> AbstractContextManager[Queries | ServerQueries]:
    place, timeout = context.store.place, context.settings.timeout
    if isinstance(place, Server):
        from visitors.store.remote.query import queries as on_server

        return on_server(place, context.now, timeout=timeout)
    return queries(place, context.now, timeout=timeout)


def _show(context: Context, answer: Answer, limit: int | None) -> None:
    output = context.output
    if output.format == "ids" and "id" not in answer.columns:
        raise UsageProblem("--format ids needs a column named id", hint="SELECT id ...")
    if limit is None:
        limit = listing.TABLE_LIMIT if output.shows_table else 0
    found = listing.Cut(_records(answer), limit)
    shown = output.records(of_columns(answer.columns), found)
    if shown == 0:
        output.note("no rows")
    elif shown is not None and found.more:
        output.note(f"first {shown:,} rows shown; --limit 0 for all")


def _records(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in answer:
        if not _TOLD_OTHERWISE.isdisjoint(map(type, row)):
            row = tuple(map(_shown, row))  # noqa: PLW2901 - the same row, as it is printed
        yield dict(zip(answer.columns, row, strict=True))


_TOLD_OTHERWISE = {bytes, float}


def _shown(value: Any) -> Any:
    """Convert values that JSON cannot represent to text: bytes, and numbers that are not finite."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
