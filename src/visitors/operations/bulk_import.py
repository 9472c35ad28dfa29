"""Import many rows in batches, all in one operation.

Most rows of a large file are plain: a new visitor that is anonymous, belongs to a new contact, or to a contact about
which the row has nothing new. Those are collected and written many at a time; every other row is imported alone by
`import_.take`, after all rows before it are written. The result is the same as importing row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from visitors.domain.decision import Rule
from visitors.domain.row import VisitorRow
from visitors.input.rows import ReadRow
from visitors.operations.import_ import Policy, Taken, as_inserted, take
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import Left, apply_imported_blocks
from visitors.operations.one_row import Reject, take_one
from visitors.store.load.bulk import bulk_load
from visitors.store.records import contacts, visitors
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
            _Batch(store, operation, policy, batch, taken, reject, left, incomplete).take()
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
        rows: list[ReadRow],
        taken: Counter[Taken],
        reject: Reject | None,
        left: Counter[Left] | None,
        incomplete: Callable[[ReadRow], None] | None,
    ) -> None:
        self._store = store
        self._incomplete = incomplete
        self._operation = operation
        self._policy = policy
        self._rows = rows
        self._taken = taken
        self._reject = reject
        self._left = left
        self._lifts = policy.on_existing == "update"
        good = [read.row for read in rows if read.row is not None]
        self._ids = visitors.existing(store, [row.id for row in good if row.id is not None])
        told = [row.fingerprint for row in good if row.id is None and row.fingerprint is not None]
        self._fingerprints = visitors.known_fingerprints(store, told) if told and not policy.new else set[str]()
        self._people = People(store, [row.identity for row in good if row.identity is not None])
        self._new: list[tuple[Any, ...]] = []
        self._new_contacts: list[tuple[Any, ...]] = []
        self._causes: list[tuple[str, Rule]] = []
        self._to_block: list[tuple[VisitorRow, str, str | None]] = []

    def take(self) -> None:
        """Import the rows in order. Raises the error of a bad row, unless there is a `reject`."""
        for read in self._rows:
            is_taken = (read.row is not None and self._gather(read.row)) or self._try_alone(read)
            if is_taken and read.left_out and self._incomplete is not None:
                self._incomplete(read)
        self._write()

    def _gather(self, row: VisitorRow) -> bool:
        """Return whether the row is plain; if so, it is queued."""
        if row.id is not None:
            if row.id in self._ids:
                return False
        elif not self._is_new(row):
            return False
        contact_id, rule = None, None
        if row.identity is not None:
            found = self._people.settle(row.identity)
            if found is None:
                return False
            contact_id, rule = found
            if rule == "created":
                contact_id, made = self._people.make(self._operation, row, row.identity, contact_id)
                self._new_contacts.append(made)
        visitor_id = row.id or self._operation.new_id()
        self._ids.add(visitor_id)
        if row.fingerprint is not None:
            self._fingerprints.add(row.fingerprint)
        self._new.append(as_inserted(row, visitor_id, contact_id, self._operation.at))
        if rule is not None:
            self._causes.append((visitor_id, rule))
        if row.is_blocked or row.contact_is_blocked or (self._lifts and contact_id and rule != "created"):
            self._to_block.append((row, visitor_id, contact_id))
        return True

    def _is_new(self, row: VisitorRow) -> bool:
        """Return whether a row without an id creates a visitor."""
        if self._policy.new:
            return not row.says_nothing
        return row.fingerprint is not None and row.fingerprint not in self._fingerprints

    def _try_alone(self, read: ReadRow) -> bool:
        """Import a row that is not plain; return false if it was rejected. Raises like `take`."""
        self._write()
        return take_one(self._store, read, self._take_alone, self._reject)

    def _take_alone(self, row: VisitorRow) -> None:
        if row.id is not None:
            self._ids.add(row.id)
        if row.fingerprint is not None:
            self._fingerprints.add(row.fingerprint)
        if row.identity is not None:
            self._people.doubt(row.identity)
        self._taken[take(self._store, self._operation, row, self._policy, self._left)] += 1

    def _write(self) -> None:
        """Write the queued rows."""
        if not self._new:
            return
        store, operation = self._store, self._operation
        contacts.insert_many(store, self._new_contacts)
        visitors.insert_many(store, self._new)
        operation.record_causes(store, self._causes)
        apply_imported_blocks(store, operation, self._to_block, lifts=self._lifts, left=self._left)
        self._taken["created"] += len(self._new)
        for written in (self._new, self._new_contacts, self._causes, self._to_block):
            written.clear()
