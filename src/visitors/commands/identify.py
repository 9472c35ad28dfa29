"""`visitors identify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from visitors.commands import options
from visitors.context import Context, context_of
from visitors.domain.contact import Identity
from visitors.domain.decision import Decision, OnConflict
from visitors.domain.identity import CLEARABLE
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, InvalidData, NotFound, UsageProblem, VisitorsError
from visitors.input.formats import TextFormat
from visitors.operations import references
from visitors.operations.identify import Identified, identify
from visitors.output.machine import as_record
from visitors.output.shapes import VISITOR
from visitors.output.words import number
from visitors.store.records import visitors

if TYPE_CHECKING:
    from visitors.input.person_rows import PersonRow
    from visitors.input.rows import ReadRow
    from visitors.output.rejects import RejectedRows

OPTION_GROUPS = (options.person,)

_OF_A_ROW = (Conflict, InvalidData, NotFound, UsageProblem)
"""Errors of a single row, which do not prevent the others."""
_WOULD = {"created": "would create", "linked": "would link", "updated": "would update"}
_CLEAR = ", ".join(CLEARABLE)


def command(
    ctx: typer.Context,
    visitor: Annotated[
        str,
        typer.Argument(
            metavar="VISITOR",
            help="Id or unique prefix; - reads one JSON object per line from standard input.",
            show_default=False,
        ),
    ],
    clear: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help=f"Set to null: {_CLEAR}. Repeatable.", show_default=False)
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Remove a metadata key. Repeatable.", show_default=False)
    ] = None,
    replace_metadata: Annotated[bool, typer.Option("--replace-metadata", help="Replace all metadata.")] = False,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What to do if external id and email belong to two people.")
    ] = "error",
    relink: Annotated[bool, typer.Option("--relink", help="Link to another person who now uses this browser.")] = False,
    input_format: Annotated[
        TextFormat | None, typer.Option(help="Format of standard input.  [default: ndjson]", show_default=False)
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="With -, process the good rows and exit with 5 if some are bad.")
    ] = False,
    rejects: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write bad rows to this file, with reasons.", show_default=False)
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Link a visitor to a contact, by external id, email, or both.

    The contact is found or created. Fields not given are kept, so repeating the command changes nothing. It is
    refused if external id and email belong to two people, or if the visitor is linked to someone else: see
    --on-conflict and --relink.

    With -, each line is an object such as {"visitorId": "…", "externalId": "…", "email": "…"}, or with
    --input-format csv a row with these columns and metadata.KEY. All rows are processed or none, or with
    --keep-going the good ones.
    """
    context = context_of(ctx)
    if rejects is not None and not keep_going:
        raise UsageProblem("--rejects needs --keep-going", hint="without it, the first bad row stops the command")
    context.refuse_store(rejects)
    more = {"clear": clear, "unset": unset, "replaceMetadata": replace_metadata or None}
    policy = {"on_conflict": on_conflict, "relink": relink}
    if visitor != "-":
        if input_format is not None or keep_going:
            raise UsageProblem(
                "--input-format and --keep-going only work with standard input", hint="pass - as VISITOR"
            )
        said = _Said(visitor, options.person_said(context, clearable=CLEARABLE, **more))
        _identify_all(context, [said], on_conflict=on_conflict, relink=relink, dry_run=dry_run, single=True)
        return
    if context.group("person") or any(value is not None for value in more.values()):
        raise UsageProblem(
            "field options cannot be combined with -, which reads them from standard input",
            hint="leave out the options, or name one visitor",
        )
    _identify_rows(context, input_format, policy, keep_going=keep_going, rejects=rejects, dry_run=dry_run)


class _Said(msgspec.Struct, frozen=True):
    """One row of standard input: the visitor, the identity, and the row's position, or its error."""

    visitor: str
    identity: Identity
    read: ReadRow | None = None
    error: VisitorsError | None = None


def _identify_rows(
    context: Context,
    input_format: TextFormat | None,
    policy: dict[str, Any],
    *,
    keep_going: bool,
    rejects: str | None,
    dry_run: bool,
) -> None:
    """Identify the visitors in standard input."""
    # importing the row readers is too slow for a single visitor
    from visitors.commands.rejected import tell_rejected
    from visitors.input.person_rows import read_people
    from visitors.input.source import open_source
    from visitors.output.rejects import rejected_rows, text_format

    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source("-")))
        format_ = input_format or "ndjson"
        header, rows = read_people(source, format_)
        said = [_of_row(row) for row in rows]
        bad_rows = None
        if keep_going:
            bad_format = text_format(format_, rejects, header)
            kept = rejected_rows(rejects, bad_format, header, quiet=context.output.quiet)
            bad_rows = stack.enter_context(kept)
        _identify_all(context, said, **policy, dry_run=dry_run, single=False, bad_rows=bad_rows)
    if bad_rows is not None:
        tell_rejected(context, bad_rows, rejects, "run identify again with that file")


def _of_row(row: PersonRow) -> _Said:
    from visitors.input.rows import ReadRow

    return _Said(row.visitor, row.identity, ReadRow(row.raw.place, None, row.raw.values, row.raw.raw), row.error)


def _identify_all(
    context: Context,
    said: Iterable[_Said],
    *,
    on_conflict: OnConflict,
    relink: bool,
    dry_run: bool,
    single: bool,
    bad_rows: RejectedRows | None = None,
) -> None:
    results, ids, decisions = [], [], []
    with context.operation(dry_run=dry_run) as operation:

        def identify_one(one: _Said) -> tuple[Visitor, Identified]:
            if one.error is not None:
                raise one.error
            visitor = references.live_visitor(context.store, one.visitor, operation.at)
            return visitor, identify(
                context.store, operation, visitor, one.identity, on_conflict=on_conflict, relink=relink
            )

        for one in said:
            if bad_rows is not None and one.read is not None:
                try:
                    with context.store.savepoint():
                        visitor, identified = identify_one(one)
                except _OF_A_ROW as error:
                    bad_rows.add(one.read, error)
                    continue
            else:
                with _at_row(one.read):
                    visitor, identified = identify_one(one)
            ids.append(visitor.id)
            decisions.append(identified.decision)
            if context.output.wants_records:
                after = visitors.find(context.store, visitor.id, operation.at)
                assert after is not None
                outcome = identified.decision.outcome
                decided = {
                    "outcome": _WOULD.get(outcome, outcome) if dry_run else outcome,
                    "rule": identified.decision.rule,
                }
                results.append({**decided, **as_record(after)})
    line_ = _sentence(ids, decisions, dry_run=dry_run)
    context.output.done(VISITOR.led_by("outcome", "rule"), results, ids, line_, single=single)
    for decision in decisions:
        if decision.left_alone is not None:
            context.output.note(f"contact {decision.left_alone.id} was not changed and keeps its email")


@contextmanager
def _at_row(read: ReadRow | None) -> Iterator[None]:
    """Put the position of a row before the message of an expected error raised in the block."""
    try:
        yield
    except VisitorsError as error:
        if read is not None:
            error.where = f"{read.place.unit} {read.place.number:,}"
            error.message = f"{error.where}: {error.message}"
            if error.code == "invalid_json" and error.hint is None:
                error.hint = "standard input must have one JSON object per line; use --input-format for other formats"
        raise


def _sentence(ids: list[str], decisions: list[Decision], *, dry_run: bool) -> str:
    would = "Would have " if dry_run else ""
    if len(ids) != 1:
        counts = Counter(decision.outcome for decision in decisions)
        parts = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.most_common())
        text = f"identified {number(len(ids), 'visitor')}: {parts or 'nothing to do'}."
    else:
        what = {
            "created": "linked visitor {} to a new contact.",
            "linked": "linked visitor {0} to contact {1}.",
            "updated": "updated contact {1} of visitor {0}.",
            "unchanged": "found nothing to change for visitor {}.",
        }[decisions[0].outcome]
        contact = decisions[0].contact
        text = what.format(ids[0], contact.label if contact else "")
    text = would + text
    return text[0].upper() + text[1:]
