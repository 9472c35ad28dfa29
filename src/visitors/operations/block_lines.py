"""Block and unblock targets given as lines, visitors and contacts together, each with its own terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from visitors.domain.block_line import BlockLine
from visitors.domain.times import Instant
from visitors.errors import InvalidData, NotFound, at_line
from visitors.operations import block, prefixes, references
from visitors.operations.references import Lost, Missing
from visitors.store.records import blocks
from visitors.store.records.blocks import Target
from visitors.store.store import OpenOperation, Store


class Named(msgspec.Struct, frozen=True):
    """The target of a line in this store."""

    target: Target
    id: str
    line: BlockLine


class Done(msgspec.Struct, frozen=True):
    """The distinct targets, those that changed, those of them whose blocks were replaced, and remarks about these."""

    named: list[tuple[Target, str]]
    changed: set[tuple[Target, str]]
    replaced: set[tuple[Target, str]]
    remarks: list[str]


def block_lines(
    store: Store,
    operation: OpenOperation,
    lines: Sequence[BlockLine],
    missing: Missing,
    *,
    reason: str | None,
    expires_at: Instant | None,
) -> Done:
    """Block the targets of the lines; `reason` and `expires_at` apply to lines without their own.

    Raises what `block` raises, with the line number, and what `missing` raises for unknown targets.
    """
    for line in lines:
        with at_line(line.number):
            if line.until is not None and line.until <= operation.at:
                message = f"the end of the block, {line.until}, is in the past"
                raise InvalidData(message, field="until", code="expiry_in_the_past")
    named = _named(store, operation, lines, missing)
    alike: dict[tuple[Target, str | None, Instant | None], list[str]] = {}
    for one in named:
        terms = (one.line.reason or reason, one.line.until or expires_at)
        alike.setdefault((one.target, *terms), []).append(one.id)
    done = Done(_each(named), set(), set(), [])
    targets: dict[Target, list[str]] = {}
    for target, id_ in done.named:
        targets.setdefault(target, []).append(id_)
    live = {target: blocks.live(store, target, ids, operation.at) for target, ids in targets.items()}
    for (target, why, until), ids in alike.items():
        # a target that is named again has the block of the line before
        is_again = not done.changed.isdisjoint((target, id_) for id_ in ids)
        blocked = block.block(
            store, operation, target, list(dict.fromkeys(ids)),
            reason=why, expires_at=until, live=None if is_again else live[target],
        )  # fmt: skip
        done.changed.update((target, id_) for id_ in blocked.new)
        done.changed.update((target, one.target_id) for one in blocked.replaced)
        done.replaced.update((target, one.target_id) for one in blocked.replaced)
        done.remarks.extend(f"{target} {one}" for one in blocked.replaced)
    return done


def unblock_lines(store: Store, operation: OpenOperation, lines: Sequence[BlockLine], missing: Missing) -> Done:
    """Lift the blocks of the lines' targets, and of the contacts of visitors whose line says that the contact is not
    blocked.

    Raises Conflict for a visitor whose contact stays blocked, and what `missing` raises for unknown targets.
    """
    named = _named(store, operation, lines, missing)
    visitors = [one.id for one in named if one.target == "visitor"]
    free = {one.id for one in named if one.line.contact_is_free}
    theirs = blocks.blocked_contacts_of(store, visitors, operation.at)
    contacts = [one.id for one in named if one.target == "contact"]
    contacts += [contact_id for visitor_id, contact_id in theirs.items() if visitor_id in free]
    changed: set[tuple[Target, str]] = set()
    by_target: dict[Target, list[str]] = {"contact": contacts, "visitor": visitors}
    for target, ids in by_target.items():
        lifted = block.unblock(store, operation, target, list(dict.fromkeys(ids))).lifted
        changed.update((target, id_) for id_ in lifted)
    return Done(list(dict.fromkeys([*_each(named), *sorted(changed)])), changed, set(), [])


def _each(named: Iterable[Named]) -> list[tuple[Target, str]]:
    return list(dict.fromkeys((one.target, one.id) for one in named))


def _named(store: Store, operation: OpenOperation, lines: Sequence[BlockLine], missing: Missing) -> list[Named]:
    """Resolve the lines' targets. Raises Conflict with the line number, and what `missing` raises for unknown ones."""
    lost: list[Lost] = []
    named: list[Named] = []
    devices = prefixes.look_up(store, "visitors", [line.reference for line in lines if line.target == "visitor"])
    people = references.look_up_contacts(
        store, [line.reference for line in lines if line.target == "contact"], operation.at
    )

    def find(line: BlockLine) -> str:
        if line.target == "visitor":
            return references.live_visitor_id(line.reference, devices)
        return references.contact(store, line.reference, operation.at, people).id

    for line in lines:
        with at_line(line.number):
            try:
                named.append(Named(line.target, find(line), line))
            except NotFound as error:
                lost.append(Lost(line.reference, error))
    if lost:
        missing(lost, len(lines))
    return named
