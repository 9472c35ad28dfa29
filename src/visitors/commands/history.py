"""`visitors history`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
import typer

from visitors.commands import listing
from visitors.context import Context, context_of
from visitors.domain.operation import Change, FieldChange, Operation, field_changes
from visitors.domain.receipt import parse_receipt
from visitors.domain.selection import refuse_backwards
from visitors.domain.spelling import near, one_of
from visitors.domain.times import parse_time
from visitors.errors import NotFound, UsageProblem
from visitors.operations import history_references
from visitors.operations.follow import followed_changes, followed_operations
from visitors.output.answers import RECEIPT
from visitors.output.history_shapes import CHANGE, FIELD_CHANGE, OPERATION
from visitors.output.shape import Shape
from visitors.store.history import changes, operations, receipts
from visitors.store.history.change_log import every_change
from visitors.store.query.listing import Page
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store


def command(
    ctx: typer.Context,
    record: Annotated[
        str | None,
        typer.Argument(
            metavar="[VISITOR|CONTACT]",
            help="Show the history of this record (any kind). Default: all operations.",
            show_default=False,
        ),
    ] = None,
    operation: Annotated[
        str | None, typer.Option(metavar="ID", help="Show the changes of this operation.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="ACTOR", help="Done by this actor.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Done at or after; a time or an age.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Done before.", show_default=False)] = None,
    command_: Annotated[
        str | None,
        typer.Option("--command", metavar="NAME", help="Done by this command, such as block.", show_default=False),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help=f"Only records of this kind: {', '.join(RECORDED)}.", show_default=False),
    ] = None,
    records: Annotated[
        list[str] | None,
        typer.Option(
            "--record",
            metavar="REFERENCE",
            help="That changed this record (any kind).",
            show_default=False,
        ),
    ] = None,
    by_field: Annotated[
        bool, typer.Option("--changes", help="Show one row per changed field, across operations.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Show new operations as they happen, until Ctrl-C.")] = False,
    receipt: Annotated[
        bool, typer.Option("--receipt", help="Print the receipt of the erasure given by --operation again.")
    ] = False,
    limit: listing.Limit = None,
    after: listing.After = None,
) -> None:
    """Show what was done, by whom and when, newest first.

    By default it lists operations: one per command run that changed something, with the first few visitors,
    contacts and conversations that it changed. For a record or --operation it lists single changes, with the
    fields before and after; with --changes, each changed field has its own row. The history of a visitor or
    contact includes that of its blocks and conversations.
    """
    context = context_of(ctx)
    others = (record, by, since, until, command_, limit, after, kind, records, by_field or None, follow or None)
    if receipt:
        if operation is None or any(one is not None for one in others):
            raise UsageProblem(
                "--receipt takes --operation and nothing else", hint="visitors history --operation ID --receipt"
            )
        _receipt(context, operation)
        return
    of_changes = by_field or record is not None or operation is not None
    if after is not None and of_changes:
        raise UsageProblem("--after works with operations, not with single changes")
    if follow and any(one is not None for one in (operation, until, limit, after)):
        raise UsageProblem("--follow cannot be combined with --operation, --until, --limit or --after")
    page = listing.page(context, {}, None, reverse=False, limit=limit, after=after)
    kinds = _kinds(kind or [])
    begin = parse_time(since, "since", context.now) if since is not None else None
    end = parse_time(until, "until", context.now) if until is not None else None
    refuse_backwards("since", begin, "until", end)
    named = [*([record] if record is not None else []), *(records or [])]
    with context.reading() as store:
        ids: dict[str, list[str]] = {}
        for name in named:
            for of_kind, some in history_references.record_ids(store, name, context.now).items():
                ids.setdefault(of_kind, []).extend(some)
        wanted = operations.Filter(
            actor=by,
            command=command_,
            since=begin,
            until=end,
            kinds=kinds,
            operation=history_references.operation_id(store, operation) if operation is not None else None,
            records=ids if named else None,
        )
        if not follow:
            if by_field:
                found: Iterable[Change] = changes.changes(store, wanted) if named else every_change(store, wanted)
                _fields(context, found, page)
            elif of_changes:
                _changes(context, store, wanted, page)
            else:
                _operations(context, store, wanted, page)
            _suggest_actor(context, store, by)
            return
    _follow(context, wanted, FIELD_CHANGE if by_field else CHANGE if of_changes else OPERATION)


def _kinds(typed: Sequence[str]) -> tuple[str, ...]:
    """Parse kinds of record. Raises UsageProblem for an unknown one."""
    for kind in typed:
        if kind not in RECORDED:
            raise UsageProblem(f"unknown kind of record {kind!r}", hint=one_of(kind, RECORDED, "use one of"))
    return tuple(dict.fromkeys(typed))


def _suggest_actor(context: Context, store: Store, actor: str | None) -> None:
    """Say so if nobody of this name did anything, since it may be a typing mistake."""
    if actor is None or operations.count(store, operations.Filter(actor=actor)):
        return
    close = near(actor, operations.actors(store))
    context.output.note(f"no operations by {actor!r}" + (f"; did you mean {close}?" if close else ""))


def _receipt(context: Context, named: str) -> None:
    with context.reading() as store:
        operation_id = history_references.operation_id(store, named)
        text = receipts.of_operation(store, operation_id)
    if text is None:
        raise NotFound(
            f"operation {operation_id} is not an erasure, so it has no receipt",
            code="no_receipt",
            hint="visitors history --command erase; visitors history --command 'contacts erase'",
        )
    given = parse_receipt(text, f"the receipt of {operation_id}")
    if context.output.on_terminal:
        context.output.records(RECEIPT, [given], single=True)
    else:  # unchanged, as the erasure printed it
        context.output.kept(RECEIPT, given, "")


def _operations(context: Context, store: Store, wanted: operations.Filter, page: Page) -> None:
    if wanted.records is not None:
        wanted = msgspec.structs.replace(wanted, numbers=changes.operations_of(store, wanted.records))
    found = listing.Cut(operations.select(store, wanted, page.and_one), page.limit)
    shown = context.output.records(OPERATION, found)
    if shown is not None:
        listing.report_rest(
            context, shown, lambda: operations.count(store, wanted), "operation", more=found.more, after=page.after
        )


def _changes(context: Context, store: Store, wanted: operations.Filter, page: Page) -> None:
    found = listing.Cut(changes.changes(store, wanted, limit=page.and_one.limit), page.limit)
    shown = context.output.records(CHANGE, found)
    if shown is not None:
        listing.report_rest(context, shown, lambda: changes.count_changes(store, wanted), "change", more=found.more)


def _fields(context: Context, found: Iterable[Change], page: Page) -> None:
    told = listing.Cut((one for change in found for one in field_changes(change)), page.limit)
    shown = context.output.records(FIELD_CHANGE, told)
    if shown == 0:
        context.output.note("no changes found")
    elif shown is not None and told.more:
        context.output.note(f"newest {shown:,} shown; --limit 0 for all")


def _follow(context: Context, wanted: operations.Filter, shape: Shape) -> None:
    """Show operations from now on, or since --since, as they happen. Ctrl-C ends it."""
    from visitors.output.following import LINE_FORMATS, follow, pause

    output, store = context.output, context.store
    if output.format not in (None, *LINE_FORMATS):
        raise UsageProblem(
            f"--follow only works with line-based formats, not with {output.format}",
            hint=f"use --format with one of {', '.join(LINE_FORMATS)}",
        )
    found: Iterable[Operation | Change | FieldChange]
    if shape is OPERATION:
        found = followed_operations(store, wanted, lambda: pause(output.stdout))
    else:
        found = followed_changes(store, wanted, lambda: pause(output.stdout))
        if shape is FIELD_CHANGE:
            found = (one for change in found for one in field_changes(change))
    try:
        follow(output, shape, found)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
