"""Import many rows about visitors and their contacts, all in one operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain, islice

import msgspec

from visitors.domain.decision import Rule
from visitors.domain.row import VisitorRow
from visitors.errors import Conflict
from visitors.input.rows import ReadRow
from visitors.operations.batches import BATCH, taken_in_batches
from visitors.operations.import_ import Policy, Taken, contact_times, is_older, leaves_out
from visitors.operations.import_devices import Devices
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import BlocksOfRows, Left
from visitors.operations.one_row import Reject
from visitors.store.load.bulk import bulk_load
from visitors.store.records.stored_visitors import Stored
from visitors.store.store import OpenOperation, Store


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
    before the message. What rows could not change is counted in `left`. A row imported without some of its
    values goes to `incomplete`.
    """
    taken: Counter[Taken] = Counter()
    # a merge needs to find the visitors of a contact
    keep = {"visitors_contact"} if policy.on_conflict == "merge" else set[str]()
    rows = iter(rows)
    first = list(islice(rows, BATCH))
    if any(read.row is not None and read.row.id is None for read in first):
        keep.add("visitors_fingerprint")  # needed to find the visitors of rows without ids
    with bulk_load(store, keep=keep) as made:

        def begin(some: list[VisitorRow]) -> _Batch:
            made(taken["created"])
            return _Batch(store, operation, policy, some, taken, left)

        for read in taken_in_batches(store, chain(first, rows), begin, reject):
            if read.left_out and incomplete is not None:
                incomplete(read)
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
    ) -> None:
        """Look up what the rows refer to."""
        self._store = store
        self._operation = operation
        self._policy = policy
        self._taken = taken
        self._left = left
        self._devices = Devices(store, operation, rows, policy)
        self._people = People(store, operation, rows, policy, self._devices.contact_ids)
        self._causes: list[tuple[str, Rule]] = []
        self._lifts = policy.on_existing == "update"
        self._blocks = BlocksOfRows(taken, left, lifts=self._lifts)

    def take(self, row: VisitorRow) -> None:
        """Queue what the row changes. Raises NeedsOwnBatch, Conflict and InvalidData."""
        if row.id is None and row.says_nothing:
            self._taken["blank"] += 1
            return
        existing = self._devices.find(row)
        if existing is None:
            self._create(row)
        elif self._policy.on_existing == "skip":
            self._taken["skipped"] += 1
        elif self._policy.on_existing == "error":
            raise Conflict(
                f"visitor {existing.id} already exists",
                code="visitor_exists",
                hint="use --on-existing skip or --on-existing update",
            )
        elif existing.deleted_at is not None and row.deleted_at is None:
            raise Conflict(
                f"visitor {existing.id} is deleted", code="visitor_deleted", hint=f"visitors restore {existing.id}"
            )
        else:
            self._update(existing, row)

    def _create(self, row: VisitorRow) -> None:
        contact_id: str | None = None
        rule: Rule | None = None
        if row.identity is not None:
            settled = self._people.settle(None, row.identity, contact_times(row))
            contact_id, rule = settled.contact_id, settled.decision.rule
            if settled.leaves_out and self._left is not None:
                self._left["outdated"] += 1
        visitor_id = self._devices.make(row, contact_id)
        if rule is not None:
            self._causes.append((visitor_id, rule))
        if row.is_blocked or row.contact_is_blocked or (self._lifts and contact_id and rule != "created"):
            self._blocks.add(row, visitor_id, contact_id, "created")
        else:
            self._taken["created"] += 1

    def _update(self, existing: Stored, row: VisitorRow) -> None:
        contact_id, said = existing.contact_id, row.identity
        is_changed, is_outdated = False, leaves_out(row, existing)
        if said is not None:
            keeps = is_older(row, existing) and contact_id is not None and self._policy.relink
            settled = self._people.settle(None if keeps else contact_id, said, contact_times(row, existing))
            decision = settled.decision
            is_changed = settled.is_changed
            is_outdated |= settled.leaves_out and (row.contact_updated_at or row.updated_at) is not None
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

    def write(self) -> None:
        """Write what is queued."""
        self._people.write()
        self._devices.write()
        self._operation.record_causes(self._store, self._causes)
        self._blocks.write(self._store, self._operation)
