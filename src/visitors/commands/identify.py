"""`visitors identify`."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from visitors.commands import options
from visitors.context import Context, context_of
from visitors.domain.contact import Identity
from visitors.domain.decision import Decision, OnConflict
from visitors.domain.identity import CLEARABLE
from visitors.errors import UsageProblem
from visitors.input.formats import TextFormat
from visitors.operations import references
from visitors.operations.identify import identify
from visitors.output.machine import as_record
from visitors.output.shapes import VISITOR
from visitors.output.words import number
from visitors.store.records import visitors
from visitors.store.store import OpenOperation

if TYPE_CHECKING:
    from visitors.input.readers import RawRow

OPTION_GROUPS = (options.person,)

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
    policy: _Policy = {"on_conflict": on_conflict, "relink": relink}
    if visitor != "-":
        if input_format is not None or keep_going:
            raise UsageProblem(
                "--input-format and --keep-going only work with standard input", hint="pass - as VISITOR"
            )
        said = options.person_said(context, clearable=CLEARABLE, **more)
        done = _Done(context, policy, dry_run=dry_run)
        with context.operation(dry_run=dry_run) as operation:
            done.identify(operation, visitor, said)
        done.tell(single=True)
        return
    if context.group("person") or any(value is not None for value in more.values()):
        raise UsageProblem(
            "field options cannot be combined with -, which reads them from standard input",
            hint="leave out the options, or name one visitor",
        )
    _identify_rows(context, input_format, policy, keep_going=keep_going, rejects=rejects, dry_run=dry_run)


def _identify_rows(
    context: Context,
    input_format: TextFormat | None,
    policy: _Policy,
    *,
    keep_going: bool,
    rejects: str | None,
    dry_run: bool,
) -> None:
    """Identify the visitors in standard input."""
    # importing the row readers is too slow for a single visitor
    from visitors.commands.rejected import refuse_input, tell_rejected
    from visitors.input.person_rows import person_of, read_people
    from visitors.input.source import open_source
    from visitors.operations.one_row import take_one
    from visitors.output.rejects import rejected_rows, text_format

    refuse_input(rejects, "-")
    done = _Done(context, policy, dry_run=dry_run)
    format_ = input_format or "ndjson"
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source("-")))
        header, rows = read_people(source, format_)
        bad_rows = None
        if keep_going:
            bad_format = text_format(format_, rejects, header)
            kept = rejected_rows(rejects, bad_format, header, quiet=context.output.quiet)
            bad_rows = stack.enter_context(kept)
        operation = stack.enter_context(context.operation(dry_run=dry_run))

        def take(raw: RawRow) -> None:
            done.identify(operation, *person_of(raw, format_))

        for row in rows:
            take_one(context.store, row, take, bad_rows.add if bad_rows is not None else None)
    done.tell(single=False)
    if bad_rows is not None:
        tell_rejected(context, bad_rows, rejects, "run identify again with that file")


class _Policy(TypedDict):
    on_conflict: OnConflict
    relink: bool


class _Done:
    """Identifies visitors, and collects the outcomes."""

    def __init__(self, context: Context, policy: _Policy, *, dry_run: bool) -> None:
        self._context, self._policy, self._dry_run = context, policy, dry_run
        self._results: list[dict[str, Any]] = []
        self._ids: list[str] = []
        self._decisions: list[Decision] = []

    def identify(self, operation: OpenOperation, reference: str, said: Identity) -> None:
        """Identify one visitor. Raises NotFound, Conflict, and what `identify` raises."""
        store = self._context.store
        visitor = references.live_visitor(store, reference, operation.at)
        decision = identify(store, operation, visitor, said, **self._policy).decision
        self._ids.append(visitor.id)
        self._decisions.append(decision)
        if self._context.output.wants_records:
            after = visitors.find(store, visitor.id, operation.at)
            assert after is not None
            outcome = _WOULD.get(decision.outcome, decision.outcome) if self._dry_run else decision.outcome
            self._results.append({"outcome": outcome, "rule": decision.rule, **as_record(after)})

    def tell(self, *, single: bool) -> None:
        """Print the outcomes."""
        output = self._context.output
        line_ = _sentence(self._ids, self._decisions, dry_run=self._dry_run)
        output.done(VISITOR.led_by("outcome", "rule"), self._results, self._ids, line_, single=single)
        for decision in self._decisions:
            if decision.left_alone is not None:
                output.note(f"contact {decision.left_alone.id} was not changed and keeps its email")


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
