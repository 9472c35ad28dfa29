"""The standard input of `block -` and `unblock -`: lines of JSON, and the report of what was done."""

from __future__ import annotations

from collections.abc import Callable

from visitors.commands.bulk_change import Verb
from visitors.context import Context
from visitors.domain.block_line import BlockLine, parse_block_line
from visitors.domain.metadata import decode_value
from visitors.errors import UsageProblem, at_line
from visitors.input.other_content import refuse_envelope
from visitors.operations.block_lines import Done
from visitors.output.shapes import BLOCKED
from visitors.output.words import number
from visitors.store.records import blocks
from visitors.store.store import OpenOperation, Store


def change_lines(
    context: Context,
    verb: Verb,
    act: Callable[[Store, OpenOperation, list[BlockLine]], Done],
    *,
    everything: bool,
    dry_run: bool,
) -> None:
    """Apply the lines of standard input in one operation, all or nothing, and report it. Raises UsageProblem if
    combined with a selection or `everything`.
    """
    if everything or not context.selection().is_everything:
        raise UsageProblem("ids and a selection cannot be combined")
    lines = [_parsed(line, at) for at, line in enumerate(context.standard_input.lines(), start=1) if line.strip()]
    with context.operation(dry_run=dry_run) as operation:
        done = act(context.store, operation, lines)
        results = _results(context.store, operation, verb, done, dry_run=dry_run)
    ids = [id_ for _, id_ in done.named]
    line = _sentence(verb, done, dry_run=dry_run)
    context.output.done(BLOCKED, results, ids, line, single=False)
    if len(done.changed) < len(done.named) and not context.output.tells_persons:
        context.output.note(line)
    context.output.first(context.output.note, done.remarks)


def _parsed(line: str, at: int) -> BlockLine:
    with at_line(at):
        values = decode_value(line, "the line")
        if isinstance(values, dict):
            refuse_envelope(values)
        return parse_block_line(values, at)


def _results(
    store: Store, operation: OpenOperation, verb: Verb, done: Done, *, dry_run: bool
) -> list[dict[str, str | None]]:
    live = {
        (target, id_): theirs[-1]
        for target in ("visitor", "contact")
        for id_, theirs in blocks.live(
            store, target, [one for of, one in done.named if of == target], operation.at
        ).items()
    }
    results = []
    for target, id_ in done.named:
        one = (target, id_)
        outcome = f"would {verb.infinitive}" if dry_run else verb.done
        if one in done.replaced:
            outcome = "would replace" if dry_run else "replaced"
        found = live.get(one)
        results.append(
            {
                "outcome": outcome if one in done.changed else "unchanged",
                "visitorId": id_ if target == "visitor" else None,
                "contact": id_ if target == "contact" else None,
                "reason": found.reason if found else None,
                "until": found.expires_at if found else None,
            }
        )
    return results


def _sentence(verb: Verb, done: Done, *, dry_run: bool) -> str:
    """Format one line: `Blocked 2 visitors and 1 contact; 1 blocked already.`."""
    counts = [(target, sum(of == target for of, _ in done.changed)) for target in ("visitor", "contact")]
    parts = " and ".join(number(count, target) for target, count in counts if count) or "nobody"
    unchanged = len(done.named) - len(done.changed)
    start = f"Would {verb.infinitive}" if dry_run else verb.done.capitalize()
    return f"{start} {parts}" + (f"; {unchanged:,} {verb.already}" if unchanged else "") + "."
