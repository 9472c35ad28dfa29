"""`visitors history`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import listing
from visitors.context import Context, context_of
from visitors.domain.receipt import parse_receipt
from visitors.domain.times import parse_time
from visitors.errors import NotFound, UsageProblem
from visitors.operations import references
from visitors.output.answers import RECEIPT
from visitors.output.shapes import CHANGE, OPERATION
from visitors.store.history import changes, operations, receipts
from visitors.store.query.listing import Page
from visitors.store.store import Store


def command(
    ctx: typer.Context,
    record: Annotated[
        str | None,
        typer.Argument(
            metavar="[VISITOR|CONTACT]", help="Whose history; all operations without it.", show_default=False
        ),
    ] = None,
    operation: Annotated[
        str | None, typer.Option(metavar="ID", help="The changes of this operation.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="ACTOR", help="Done by this actor.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Done at or after; a time or an age.", show_default=False)
    ] = None,
    command_: Annotated[
        str | None, typer.Option("--command", metavar="NAME", help="Done by this command: block.", show_default=False)
    ] = None,
    receipt: Annotated[
        bool, typer.Option("--receipt", help="The receipt of the erasure that --operation names, once more.")
    ] = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """What was done, by whom and when, newest first.

    Alone it lists operations: one for each run of a command that changed something. With a visitor, a
    contact or --operation it lists single changes, with the fields before and after.
    """
    context = context_of(ctx)
    if receipt:
        if operation is None or any(one is not None for one in (record, by, since, command_, limit, after)):
            raise UsageProblem("--receipt is that of one operation", hint="visitors history --operation ID --receipt")
        _receipt(context, operation)
        return
    if after is not None and (record is not None or operation is not None):
        raise UsageProblem("--after goes through operations, not through single changes")
    page = listing.page(context, {}, None, reverse=False, limit=limit, after=after)
    with context.reading() as store:
        wanted = operations.Filter(
            actor=by,
            command=command_,
            since=parse_time(since, "since", context.now) if since is not None else None,
            operation=references.operation_id(store, operation) if operation is not None else None,
            records=references.record_ids(store, record, context.now) if record is not None else None,
        )
        if record is None and operation is None:
            _operations(context, store, wanted, page)
        else:
            _changes(context, store, wanted, page)


def _receipt(context: Context, named: str) -> None:
    with context.reading() as store:
        operation_id = references.operation_id(store, named)
        text = receipts.of_operation(store, operation_id)
    if text is None:
        raise NotFound(
            f"operation {operation_id} erased nothing, so it has no receipt",
            code="no_receipt",
            hint="visitors history --command erase; visitors history --command 'contacts erase'",
        )
    given = parse_receipt(text, f"the receipt of {operation_id}")
    if context.output.on_terminal:
        context.output.records(RECEIPT, [given], single=True)
    else:  # as the erasure gave it
        context.output.kept(RECEIPT, given, "")


def _operations(context: Context, store: Store, wanted: operations.Filter, page: Page) -> None:
    found = listing.Cut(operations.select(store, wanted, page.and_one), page.limit)
    shown = context.output.records(OPERATION, found)
    if shown is not None:
        total = operations.count(store, wanted)
        listing.say_what_is_left(context, shown, total, "operation", more=found.more, after=page.after)


def _changes(context: Context, store: Store, wanted: operations.Filter, page: Page) -> None:
    found = listing.Cut(changes.changes(store, wanted, limit=page.and_one.limit), page.limit)
    shown = context.output.records(CHANGE, found)
    if shown is not None:
        total = changes.count_changes(store, wanted)
        listing.say_what_is_left(context, shown, total, "change", more=found.more)
