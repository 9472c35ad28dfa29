"""Apply the blocks in the rows of an import to the existing ones.

A block with the same terms stays; of two with different terms the newer one wins. A row without a block lifts blocks
older than the row, and a block lifted since the row was written does not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import msgspec

from visitors.domain.block import Block
from visitors.domain.row import VisitorRow
from visitors.domain.times import Instant
from visitors.operations.block import touch
from visitors.store.records import blocks
from visitors.store.records.blocks import NewBlock, Target
from visitors.store.store import OpenOperation, Store

Left = Literal["standing", "lifted"]
"""Blocks that a row could not lift or replace, and blocks that were lifted since the row was written."""


class RowBlock(msgspec.Struct, frozen=True):
    """What a row says about the block of one visitor or contact: that there is one, or that there is none."""

    row: VisitorRow
    is_blocked: bool
    at: Instant | None
    """The time of the row's data."""


_Wanted = dict[tuple[Target, str], RowBlock]


def apply_imported_blocks(
    store: Store,
    operation: OpenOperation,
    told: Iterable[tuple[VisitorRow, str, str | None]],
    *,
    lifts: bool = False,
    left: Counter[Left] | None = None,
) -> None:
    """Block the targets that the rows say are blocked; the contact, if a row says that. With `lifts`, lift the blocks
    of targets that the rows say are not blocked. What a row could not change is counted in `left`.

    Each row comes with the ids of its visitor and contact.
    """
    wanted = _wanted(told, lifts=lifts)
    if not wanted:
        return
    there = _there(store, wanted)
    new: list[NewBlock] = []
    old: list[str] = []
    unblocked: dict[Target, list[str]] = {"visitor": [], "contact": []}
    for (target, id_), one in wanted.items():
        decided = _decide(one, there.get((target, id_), []), operation.at)
        old += [block.id for block in decided.ended]
        if decided.begins is not None:
            whom = (id_, None) if target == "visitor" else (None, id_)
            # drawn like the ids in `blocks.add`, so a seed gives the same ones
            new.append((next(operation.new_ids(1)), *whom, *decided.begins))
        elif decided.ended:
            unblocked[target].append(id_)
        if decided.left is not None and left is not None:
            left[decided.left] += 1
    if old:
        blocks.lift_these(store, operation, old)
        for target, lifted in unblocked.items():
            touch(store, operation, target, lifted)
    blocks.add_many(store, new)


def _wanted(told: Iterable[tuple[VisitorRow, str, str | None]], *, lifts: bool) -> _Wanted:
    wanted: _Wanted = {}
    for row, visitor_id, contact_id in told:
        if row.contact_is_blocked and contact_id:
            _want(wanted, "contact", contact_id, RowBlock(row, is_blocked=True, at=row.blocked_at))
        elif row.is_blocked or row.contact_is_blocked:
            _want(wanted, "visitor", visitor_id, RowBlock(row, is_blocked=True, at=row.blocked_at))
        elif lifts and row.is_blocked is False:
            _want(wanted, "visitor", visitor_id, RowBlock(row, is_blocked=False, at=row.at))
        if lifts and contact_id and row.contact_is_blocked is False:
            _want(wanted, "contact", contact_id, RowBlock(row, is_blocked=False, at=row.contact_updated_at or row.at))
    return wanted


def _want(wanted: _Wanted, target: Target, id_: str, told: RowBlock) -> None:
    """Keep the first row about a target; a row that says it is blocked takes precedence."""
    earlier = wanted.get((target, id_))
    if earlier is None or (told.is_blocked and not earlier.is_blocked):
        wanted[target, id_] = told


def _there(store: Store, wanted: _Wanted) -> dict[tuple[Target, str], list[Block]]:
    """Return all blocks, live or not, of the targets of rows."""
    there: dict[tuple[Target, str], list[Block]] = {}
    contact_ids = [id_ for target, id_ in wanted if target == "contact"]
    visitor_ids = [id_ for target, id_ in wanted if target == "visitor"]
    for block in blocks.of_any(store, contact_ids, visitor_ids):
        if block.visitor_id is not None:
            there.setdefault(("visitor", block.visitor_id), []).append(block)
        elif block.contact_id is not None:
            there.setdefault(("contact", block.contact_id), []).append(block)
    return there


NewTerms = tuple[str | None, Instant, str | None, Instant | None]
"""The reason of a block, blockedAt, blockedBy and expiresAt."""


class _Decided(msgspec.Struct, frozen=True):
    ended: list[Block] = []
    begins: NewTerms | None = None
    left: Left | None = None


def _decide(told: RowBlock, there: list[Block], at: Instant) -> _Decided:
    """Decide what happens to the blocks, live or not, of one visitor or contact."""
    live = [block for block in there if block.state(at) == "live"]
    if told.is_blocked:
        return _decide_block(told.row, live, [block for block in there if block not in live], at)
    older = [block for block in live if told.at is not None and block.blocked_at < told.at]
    return _Decided(ended=older, left="standing" if len(older) < len(live) else None)


def _decide_block(row: VisitorRow, live: list[Block], over: list[Block], at: Instant) -> _Decided:
    since, reason, end = row.blocked_at, row.block_reason, row.block_expires_at
    if not live:
        if since is not None and any(block.lifted_at is not None and block.lifted_at >= since for block in over):
            return _Decided(left="lifted")
        known = end is not None and end <= at and any(block.has_terms(reason, end) for block in over)
        return _Decided() if known else _Decided(begins=(reason, since or at, row.blocked_by, end))
    if not row.says_terms or (end is not None and end <= at) or any(block.has_terms(reason, end) for block in live):
        return _Decided()
    if since is not None and any(block.blocked_at > since for block in live):
        return _Decided(left="standing")
    return _Decided(ended=live, begins=(reason or live[-1].reason, since or at, row.blocked_by, end))
