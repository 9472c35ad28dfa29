"""Import many rows in batches, all in one operation.

What the rows of a batch may refer to is looked up at once, and what they change is written at once, after the new
records. A row that merges contacts is imported alone, after all rows before it are written, and so are later rows of
the batch about the same people. The result is the same as importing row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from visitors.domain.decision import Rule
from visitors.domain.row import VisitorRow
from visitors.errors import Conflict
from visitors.input.rows import ReadRow
from visitors.operations.identify import ContactTimes, Identified, settle_contact
from visitors.operations.import_ import Policy, Taken, contact_times, is_older, leaves_out
from visitors.operations.import_devices import Devices
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import BlocksOfRows, Left
from visitors.operations.one_row import Reject, take_one
from visitors.store.load.bulk import bulk_load
from visitors.store.records.stored_visitors import Stored
from visitors.store.store import OpenOperation, Store

BATCH = 1_000
"""The number of rows written at once; the next ones are read when these are written."""


def take_all(
    store: Store,
    operation: OpenOperation,
    rows: Iterable[ReadRow],
    policy: Policy,
    reject: Reject | None = None,
    left: Counter[Left] | None = None,
    incomplete: Callable[[ReadRow], None] | None = None,
) -> Counter[Taken]:
    """Import every row; return how many were created, updated, unchanged and skipped.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message. Blocks that rows could not change are counted in `left`. A row imported without some of its
    values goes to `incomplete`.
    """
    taken: Counter[Taken] = Counter()
    # a merge needs to find the visitors of a contact
    keep = {"visitors_contact"} if policy.on_conflict == "merge" else set[str]()
    rows = iter(rows)
    batch = list(islice(rows, BATCH))
    if any(read.row is not None and read.row.id is None for read in batch):
        keep.add("visitors_fingerprint")  # needed to find the visitors of rows without ids
    with bulk_load(store, keep=keep) as made:
        while batch:
            good = [read.row for read in batch if read.row is not None]
            together = _Batch(store, operation, policy, good, taken, left)
            for read in batch:
                if together.take(read, reject) and read.left_out and incomplete is not None:
                    incomplete(read)
            together.write()
            made(taken["created"])
            batch = list(islice(rows, BATCH))
    return taken


class _Batch:
    """Rows being imported."""

    def __init__(
        self,
        store: Store,
        operation: OpenOperation,
        policy: Policy,
        rows: list[VisitorRow],
        taken: Counter[Taken],
        left: Counter[Left] | None,
        *,
        is_alone: bool = False,
    ) -> None:
        """Look up what the rows refer to. Only one that `is_alone` may merge contacts."""
        self._store = store
        self._operation = operation
        self._policy = policy
        self._taken = taken
        self._left = left
        self._is_alone = is_alone
        self._devices = Devices(store, operation, rows, policy)
        said = [row.identity for row in rows if row.identity is not None]
        self._people = People(store, operation, said, self._devices.contact_ids)
        self._causes: list[tuple[str, Rule]] = []
        self._lifts = policy.on_existing == "update"
        self._blocks = BlocksOfRows(taken, left, lifts=self._lifts)

    def take(self, read: ReadRow, reject: Reject | None) -> bool:
        """Import a row; return false if it was rejected. Raises its error, unless there is a `reject`."""
        is_queued = take_one(None, read, self._queue, reject)
        return is_queued or (is_queued is not None and self._take_alone(read, reject))

    def _take_alone(self, read: ReadRow, reject: Reject | None) -> bool:
        """Import a row after all rows before it are written; return false if it was rejected. Raises like `take`."""
        self.write()

        def take(row: VisitorRow) -> bool:
            self._people.doubt(row.identity, self._devices.contact_of(row))
            self._devices.doubt(row)
            alone = _Batch(self._store, self._operation, self._policy, [row], self._taken, self._left, is_alone=True)
            alone._queue(row)
            alone.write()
            return True

        return bool(take_one(self._store, read, take, reject))

    def _queue(self, row: VisitorRow) -> bool:
        """Queue what the row changes; return false if it has to be imported alone. Raises Conflict and InvalidData."""
        if row.id is None and row.says_nothing:
            self._taken["blank"] += 1
            return True
        if not self._devices.is_certain(row):
            return False
        existing = self._devices.find(row)
        if existing is None:
            return self._create(row)
        if self._policy.on_existing == "skip":
            self._taken["skipped"] += 1
            return True
        if self._policy.on_existing == "error":
            raise Conflict(
                f"visitor {existing.id} already exists",
                code="visitor_exists",
                hint="use --on-existing skip or --on-existing update",
            )
        if existing.deleted_at is not None and row.deleted_at is None:
            raise Conflict(
                f"visitor {existing.id} is deleted", code="visitor_deleted", hint=f"visitors restore {existing.id}"
            )
        return self._update(existing, row)

    def _create(self, row: VisitorRow) -> bool:
        contact_id: str | None = None
        rule: Rule | None = None
        if row.identity is not None:
            times = contact_times(row)
            plain = self._people.plain(row.identity, times)
            if plain is not None:
                contact_id, rule = plain
                if rule == "created":
                    contact_id = self._people.make(row.identity, times)
            else:
                settled = self._settle(row, None, times)
                if settled is None:
                    return False
                contact_id, rule = settled.contact_id, settled.decision.rule
        visitor_id = self._devices.make(row, contact_id)
        if rule is not None:
            self._causes.append((visitor_id, rule))
        if row.is_blocked or row.contact_is_blocked or (self._lifts and contact_id and rule != "created"):
            self._blocks.add(row, visitor_id, contact_id, "created")
        else:
            self._taken["created"] += 1
        return True

    def _update(self, existing: Stored, row: VisitorRow) -> bool:
        contact_id, said = existing.contact_id, row.identity
        is_changed, is_outdated = False, leaves_out(row, existing)
        if said is not None:
            keeps = is_older(row, existing) and contact_id is not None and self._policy.relink
            settled = self._settle(row, None if keeps else contact_id, contact_times(row, existing))
            if settled is None:
                return False
            decision = settled.decision
            is_changed = settled.is_changed
            is_outdated |= settled.leaves_out
            if contact_id is not None and contact_id in [other.id for other in decision.merges]:
                contact_id = settled.contact_id  # the merge moved the visitor
                existing = msgspec.structs.replace(existing, contact_id=contact_id)
            elif decision.links and not keeps:
                contact_id = settled.contact_id
                self._causes.append((existing.id, decision.rule))
        if is_outdated and self._left is not None:
            self._left["outdated"] += 1
        is_changed |= self._devices.change(existing, row, contact_id)
        self._blocks.add(row, existing.id, contact_id, "updated" if is_changed else "unchanged")
        return True

    def _settle(self, row: VisitorRow, linked: str | None, times: ContactTimes) -> Identified | None:
        """Find or make the contact of a visitor that is linked to that one; None if the row has to be imported alone.
        Raises what `decide` raises.
        """
        assert row.identity is not None
        policy = self._policy
        settled = self._people.settle(
            linked, row.identity, on_conflict=policy.on_conflict, relink=policy.relink, times=times
        )
        if settled is not None or not self._is_alone:
            return settled
        return settle_contact(
            self._store, self._operation, self._people.contact(linked), row.identity,
            on_conflict=policy.on_conflict, relink=policy.relink, times=times,
        )  # fmt: skip

    def write(self) -> None:
        """Write what is queued."""
        self._people.write()
        self._devices.write()
        self._operation.record_causes(self._store, self._causes)
        self._causes.clear()
        self._blocks.write(self._store, self._operation)
