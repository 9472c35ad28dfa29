"""`visitors identify`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from visitors.commands import options
from visitors.commands.many import number
from visitors.context import Context, context_of
from visitors.domain.contact import Identity
from visitors.domain.decision import Decision, OnConflict
from visitors.domain.fields import PERSON
from visitors.domain.identity import CLEARABLE, parse_identity
from visitors.domain.metadata import decode_value
from visitors.errors import InvalidData, UsageProblem, at_line
from visitors.operations import references
from visitors.operations.identify import identify
from visitors.output.machine import as_record
from visitors.output.shapes import VISITOR
from visitors.store.records import visitors

OPTION_GROUPS = (options.person,)

_LINE_FIELDS = ("visitorId", *PERSON, "metadata", "clear", "unset", "replaceMetadata")
_WOULD = {"created": "would create", "linked": "would link", "updated": "would update"}
_CLEAR = ", ".join(CLEARABLE)


def command(
    ctx: typer.Context,
    visitor: Annotated[
        str,
        typer.Argument(
            metavar="VISITOR",
            help="An id, or a unique prefix of it; - reads one JSON object a line from standard input.",
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
    on_conflict: Annotated[OnConflict, typer.Option(help="When external id and email are two people.")] = "error",
    relink: Annotated[bool, typer.Option("--relink", help="Another person now uses this browser.")] = False,
    dry_run: options.DryRun = False,
) -> None:
    """Link a visitor to the person it turns out to be, by external id, email, or both.

    The contact is found, or made. What is not given stays as it is, so that repeating it changes
    nothing. An external id and an email that belong to two people are refused, and so is a visitor
    that is linked to somebody else: see --on-conflict and --relink.

    With - every line is an object such as {"visitorId": "…", "externalId": "…", "email": "…"}; all are
    carried out, or none.
    """
    context = context_of(ctx)
    more = {"clear": clear, "unset": unset, "replaceMetadata": replace_metadata or None}
    said = _said(context, visitor, more)
    _identify_all(context, said, on_conflict=on_conflict, relink=relink, dry_run=dry_run, single=visitor != "-")


_Said = tuple[str, Identity, int | None]
"""Of which visitor something was said, what, and in which line of standard input."""


def _said(context: Context, visitor: str, more: dict[str, Any]) -> list[_Said]:
    """What the options say of the visitor, or the lines of standard input. Raises UsageProblem and InvalidData."""
    if visitor != "-":
        return [(visitor, options.person_said(context, clearable=CLEARABLE, **more), None)]
    if context.group("person") or any(value is not None for value in more.values()):
        raise UsageProblem("with - the fields come from standard input", hint="leave the options out")
    return [_parse_line(line, number) for number, line in enumerate(context.input_lines(), start=1) if line.strip()]


def _identify_all(
    context: Context,
    said: list[_Said],
    *,
    on_conflict: OnConflict,
    relink: bool,
    dry_run: bool,
    single: bool,
) -> None:
    results, ids, decisions = [], [], []
    with context.operation(dry_run=dry_run) as operation:
        for reference, identity, line in said:
            with at_line(line):
                visitor = references.live_visitor(context.store, reference, operation.at)
                identified = identify(
                    context.store, operation, visitor, identity, on_conflict=on_conflict, relink=relink
                )
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
            context.output.note(f"contact {decision.left_alone.id} keeps its email, and was left alone")


def _parse_line(line: str, number_: int) -> _Said:
    """What one line of standard input says. Raises InvalidData."""
    with at_line(number_):
        values = decode_value(line, "the line")
        if not isinstance(values, dict):
            raise InvalidData("the line is not a JSON object", code="invalid_json")
        unknown = sorted(set(values) - set(_LINE_FIELDS))
        if unknown:
            raise InvalidData(
                f"unknown field {unknown[0]!r}", code="unknown_field", hint="the fields are " + ", ".join(_LINE_FIELDS)
            )
        reference = values.get("visitorId")
        if not isinstance(reference, str):
            raise InvalidData("visitorId is missing, or is not a string", field="visitorId", code="invalid_type")
        return reference, parse_identity(values), number_


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
            "unchanged": "found nothing new about visitor {}.",
        }[decisions[0].outcome]
        contact = decisions[0].contact
        text = what.format(ids[0], contact.label if contact else "")
    text = would + text
    return text[0].upper() + text[1:]
