"""Apply the blocks in the rows of an import to the existing ones.

A block with the same terms stays; of two with different terms the newer one wins. A row without a block lifts blocks
older than the row, and a block lifted since the row was written does not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from visitors.domain.block import Block
from visitors.domain.row import VisitorRow
from visitors.domain.times import Instant
from visitors.operations.import_ import Taken
from visitors.store.records import blocks
from visitors.store.records.blocks import Target
from visitors.store.records.states import touch
from visitors.store.store import OpenOperation, Store

Left = Literal["standing", "lifted", "outdated"]
"""Blocks that a row could not lift or replace, blocks that were lifted since the row was written, and rows with values
that were updated in the store since.
"""


class RowBlock(msgspec.Struct, frozen=True):
    """What a row says about the block of one visitor or contact: that there is one, or that there is none."""

    row: VisitorRow
    is_blocked: bool
    at: Instant | None
    """The time of the row's data."""


_Whose = tuple[Target, str]
_Wanted = dict[_Whose, RowBlock]


class BlocksOfRows:
    """The blocks of imported rows, decided once the records of these rows are written, and the outcomes of these rows.

    A row can say that its visitor or its contact is blocked. With `lifts`, blocks are lifted of targets that rows say
    are not blocked. Outcomes are counted in `taken`, and what a row could not change in `left`.
    """

    def __init__(self, taken: Counter[Taken], left: Counter[Left] | None, *, lifts: bool) -> None:
        self._taken = taken
        self._left = left
        self._lifts = lifts
        self._queued: list[tuple[_Wanted, Taken]] = []

    def add(self, row: VisitorRow, visitor_id: str, contact_id: str | None, outcome: Taken) -> None:
        """Queue the blocks of a row about these records; `outcome` is its own if they stay as they are."""
        self._queued.append((_wanted(row, visitor_id, contact_id, lifts=self._lifts), outcome))

    def write(self, store: Store, operation: OpenOperation) -> None:
        """Write what the queued rows change, and count their outcomes."""
        targets = dict.fromkeys(whose for wanted, _ in self._queued for whose in wanted)
        there = _Blocks(store, operation, list(targets)) if targets else None
        for wanted, outcome in self._queued:
            is_changed = there is not None and there.take(wanted)
            self._taken["updated" if outcome == "unchanged" and is_changed else outcome] += 1
        if there is not None:
            there.write()
            if self._left is not None:
                self._left += there.left


class _Blocks:
    """All blocks, live or not, of the targets of rows, as they are once the changes of earlier rows are written."""

    def __init__(self, store: Store, operation: OpenOperation, wanted: Sequence[_Whose]) -> None:
        self._store = store
        self._operation = operation
        self._by_id: dict[str, Block] = {}
        self._ids: dict[_Whose, list[str]] = {whose: [] for whose in wanted}
        self._new: list[str] = []
        self._lifted: list[str] = []
        self._unblocked: dict[Target, dict[str, None]] = {"visitor": {}, "contact": {}}
        self.left: Counter[Left] = Counter()
        """What rows could not change."""
        contact_ids = [id_ for target, id_ in wanted if target == "contact"]
        visitor_ids = [id_ for target, id_ in wanted if target == "visitor"]
        for block in blocks.of_any(store, contact_ids, visitor_ids):
            self._add(block)

    def _add(self, block: Block) -> None:
        whose: _Whose = (
            ("contact", block.contact_id or "") if block.visitor_id is None else ("visitor", block.visitor_id)
        )
        self._by_id[block.id] = block
        self._ids[whose].append(block.id)

    def take(self, wanted: _Wanted) -> bool:
        """Decide what happens to the blocks of a row's targets; return whether something does."""
        return True in [self._take(whose, told) for whose, told in wanted.items()]

    def _take(self, whose: _Whose, told: RowBlock) -> bool:
        at, (target, id_) = self._operation.at, whose
        decided = _decide(told, [self._by_id[one] for one in self._ids[whose]], at)
        for block in decided.ended:
            self._by_id[block.id] = msgspec.structs.replace(
                block, lifted_at=max(block.blocked_at, at), lifted_by=self._operation.actor
            )
            self._lifted.append(block.id)
        if decided.begins is not None:
            visitor_id, contact_id = (id_, None) if target == "visitor" else (None, id_)
            # drawn like the ids in `blocks.add`, so a seed gives the same ones
            new_id = next(self._operation.new_ids(1))
            reason, since, blocked_by, end = decided.begins
            self._add(Block(new_id, visitor_id, contact_id, reason, since, blocked_by, end, None, None))
            self._new.append(new_id)
        elif decided.ended:
            self._unblocked[target][id_] = None
        if decided.left is not None:
            self.left[decided.left] += 1
        return bool(decided.ended) or decided.begins is not None

    def write(self) -> None:
        """Write what was decided."""
        new = [self._by_id[one] for one in self._new]
        blocks.add_many(
            self._store,
            [
                (one.id, one.visitor_id, one.contact_id, one.reason, one.blocked_at, one.blocked_by, one.expires_at)
                for one in new
            ],
        )
        if self._lifted:
            blocks.lift(self._store, self._operation, self._lifted)
        for target, ids in self._unblocked.items():
            if ids:
                touch(self._store, self._operation, target, ids)


def _wanted(row: VisitorRow, visitor_id: str, contact_id: str | None, *, lifts: bool) -> _Wanted:
    """Return what a row says about the blocks of its visitor and contact."""
    wanted: _Wanted = {}
    if row.contact_is_blocked and contact_id:
        wanted["contact", contact_id] = RowBlock(row, is_blocked=True, at=row.blocked_at)
    elif row.is_blocked or row.contact_is_blocked:
        wanted["visitor", visitor_id] = RowBlock(row, is_blocked=True, at=row.blocked_at)
    elif lifts and row.is_blocked is False:
        wanted["visitor", visitor_id] = RowBlock(row, is_blocked=False, at=row.at)
    if lifts and contact_id and row.contact_is_blocked is False:
        wanted["contact", contact_id] = RowBlock(row, is_blocked=False, at=row.contact_updated_at or row.at)
    return wanted


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
