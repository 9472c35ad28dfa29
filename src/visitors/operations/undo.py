"""Undo operations: find them, refuse those that later ones depend on, and undo in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext

import msgspec

from visitors.domain.operation import Operation
from visitors.errors import Conflict, NotFound
from visitors.operations import history_references
from visitors.store.history import operations, undo
from visitors.store.history.operations import Undos
from visitors.store.history.undo_conflicts import Overlap
from visitors.store.store import OpenOperation, Store

_SHOWN = 5


class TakenBack(msgspec.Struct, frozen=True):
    """An undone operation, and the effect: a word (`removed`, `changed` or `restored`) and kind of record, with the
    number.
    """

    operation: Operation
    counts: Counter[tuple[str, str]]


def take_back(store: Store, operation: OpenOperation, reference: str | None, *, cascade: bool) -> list[TakenBack]:
    """Undo the operation that `reference` identifies, or the newest of the same actor that is neither an undo nor
    undone, as part of the open operation; with `cascade`, first undo what depends on it. Newest first.

    Raises NotFound if there is none, and Conflict if it cannot be undone.
    """
    own, undos = store.ask_all(operations.OPEN_NUMBER, operations.ALL_UNDOS)
    target = _target(store, operation.actor, reference, undos)
    plan = {target}
    while True:
        try:
            # without a cascade a conflict ends the open operation, which rolls back what was begun
            with store.savepoint() if cascade else nullcontext():
                return [_reversed(store, own, one) for one in sorted(plan, reverse=True)]
        except _Blocked as blocked:
            if not cascade:
                raise _overlap_conflict(store, target, blocked.overlaps) from None
            plan |= {overlap.operation for overlap in blocked.overlaps}


def newer_of_others(store: Store, operation: OpenOperation, taken: Operation) -> Operation | None:
    """Return the newest operation of others after the undone one that is itself not undone."""
    found = undo.newest_of_others(store, operation.actor, taken.id)
    return None if found is None else operations.numbered(store, found)


class _Blocked(Exception):
    """Raised when later operations prevent an undo."""

    def __init__(self, overlaps: list[Overlap]) -> None:
        super().__init__()
        self.overlaps = overlaps


def _target(store: Store, actor: str, reference: str | None, undos: Undos) -> int:
    if reference is None:
        return _newest_of(store, actor, undos)
    operation_id = history_references.operation_id(store, reference)
    target = undo.number(store, operation_id)
    if target in undos.standing:
        by = operations.numbered(store, undos.standing[target])
        raise Conflict(
            f"operation {operation_id} was already undone by {by.id} at {by.at}",
            code="undone_already",
            hint=f"to redo: visitors undo {by.id}",
        )
    return target


def _newest_of(store: Store, actor: str, undos: Undos) -> int:
    newest = undo.newest(store, undos.standing, actor=actor)
    if newest is not None:
        number, is_erasure = newest
        if is_erasure:
            raise _for_good(operations.numbered(store, number), _before_erasure_hint(store, actor, undos))
        return number
    others = undo.newest(store, undos.standing)
    if others is None:
        raise NotFound("there is nothing to undo", code="operation_not_found", hint=_nothing_left_hint(store, undos))
    found = operations.numbered(store, others[0])
    raise NotFound(
        f"there is nothing by {actor} to undo",
        code="operation_not_found",
        hint=f"the latest operation of others is {found.command} by {found.actor} at {found.at}"
        + (", which cannot be undone" if others[1] else f"; to undo it: visitors undo {found.id}"),
    )


def _nothing_left_hint(store: Store, undos: Undos) -> str:
    if not undos.standing:
        return "this store has no operations; if you expected some, check --db and VISITORS_DB"
    last = operations.numbered(store, max(undos.standing.values()))
    return f"everything is undone; to redo the latest: visitors undo {last.id}"


def _for_good(erasure: Operation, hint: str) -> Conflict:
    return Conflict(
        f"operation {erasure.id} ({erasure.command}) is an erasure and cannot be undone", code="irreversible", hint=hint
    )


def _before_erasure_hint(store: Store, actor: str, undos: Undos) -> str:
    """Return the hint for when the newest operation is an erasure."""
    earlier = undo.newest(store, undos.standing, actor=actor, not_erased=True)
    if earlier is None:
        earlier = undo.newest(store, undos.standing, not_erased=True)
    if earlier is None:
        return "no earlier operation can be undone either"
    found = operations.numbered(store, earlier[0])
    return f"to undo the operation before it, {found.command} by {found.actor}: visitors undo {found.id}"


def _reversed(store: Store, own: int, target: int) -> TakenBack:
    """Undo one operation. Raises Conflict if it cannot be undone, and _Blocked if others prevent it."""
    footprint = undo.footprint(store, target)
    found = footprint.operation
    if footprint.is_erasure:
        raise _for_good(found, "to list earlier operations: visitors history; to undo one: visitors undo ID")
    if footprint.lost_changes:
        raise Conflict(
            f"operation {found.id} ({found.command}) cannot be undone: what it changed has been erased",
            code="erased",
        )
    blocking = list(_blocking(own, target, footprint.overlaps, footprint.undos))
    if blocking:
        raise _Blocked(blocking)
    counts = undo.reverse(store, own, target, footprint)
    if not counts:
        raise Conflict(
            f"operation {found.id} ({found.command}) cannot be undone: everything it changed has been erased",
            code="erased",
        )
    unsound = undo.unsound(store, own)
    if unsound is not None:
        raise Conflict(
            f"operation {found.id} ({found.command}) cannot be undone: {' '.join(unsound)} would refer"
            " to a missing or merged record, or have the email of another contact",
            code="dangling_reference",
        )
    return TakenBack(found, counts)


def _blocking(own: int, target: int, overlaps: list[Overlap], undos: Undos) -> Iterator[Overlap]:
    """Return the operations that changed the same records since and are still in force. An undone operation no longer
    matters, and neither does its undo, unless that also undid one from before `target` that changed them.
    """
    earlier = {overlap.operation for overlap in overlaps if overlap.operation < target}
    for overlap in overlaps:
        is_later = target < overlap.operation != own
        took_back = undos.targets.get(overlap.operation)
        if is_later and overlap.operation not in undos.standing and (not took_back or earlier & took_back):
            yield overlap


def _overlap_conflict(store: Store, target: int, blocking: list[Overlap]) -> Conflict:
    found = operations.numbered(store, target)
    told = []
    for overlap in blocking[:_SHOWN]:
        by = operations.numbered(store, overlap.operation)
        what = f"{overlap.kind} {overlap.record}" + (f" and {overlap.count - 1:,} more" if overlap.count > 1 else "")
        told.append(f"{what} by {by.command} {by.id} ({by.actor}, {by.at})")
    more = f"; and {len(blocking) - _SHOWN:,} more operations" if len(blocking) > _SHOWN else ""
    return Conflict(
        f"operation {found.id} ({found.command}) cannot be undone alone; changed since: {'; '.join(told)}{more}",
        code="touched_since",
        hint=f"undo those first, or together with it: visitors undo {found.id} --cascade (to preview: add --dry-run)",
    )
