"""Import contacts by the identity rules, all in one operation.

A row is one of `import_`, of which only the person is used. New contacts are collected and written many at a time, and
rows with nothing new need no write; every other row is imported alone, after all rows before it are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import decide
from visitors.domain.fields import PERSON
from visitors.domain.row import VisitorRow
from visitors.errors import Conflict, InvalidData
from visitors.input.rows import ReadRow
from visitors.operations.bulk_import import BATCH
from visitors.operations.identify import ContactTimes, known, settle_contact
from visitors.operations.import_ import Policy, Taken, contact_times
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import Left, apply_imported_blocks
from visitors.operations.one_row import Reject, take_one
from visitors.store.records import contacts
from visitors.store.store import OpenOperation, Store


def take_contacts(
    store: Store,
    operation: OpenOperation,
    rows: Iterable[ReadRow],
    policy: Policy,
    reject: Reject | None = None,
    left: Counter[Left] | None = None,
) -> Counter[Taken]:
    """Import every row; return how many were created, updated, unchanged and skipped.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message. Blocks that rows could not change are counted in `left`.
    """
    taken: Counter[Taken] = Counter()
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        _Batch(store, operation, policy, batch, taken, reject, left).take()
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
    ) -> None:
        self._store = store
        self._operation = operation
        self._policy = policy
        self._rows = rows
        self._taken = taken
        self._reject = reject
        self._left = left
        said = [read.row.identity for read in rows if read.row is not None and read.row.identity is not None]
        self._people = People(store, said)
        self._new: list[tuple[Any, ...]] = []

    def take(self) -> None:
        """Import the rows in order. Raises the error of a bad row, unless there is a `reject`."""
        for read in self._rows:
            if read.row is not None and self._gather(read.row):
                continue
            self._write()
            take_one(self._store, read, self._take_alone, self._reject)
        self._write()

    def _gather(self, row: VisitorRow) -> bool:
        """Return whether the row is plain; if so, it is queued unless it has nothing new."""
        said = row.identity
        if said is None or row.contact_is_blocked is not None:
            return False
        found = self._people.settle(said)
        if found is None:
            return False
        contact_id, rule = found
        if rule != "created":
            if self._policy.on_existing != "update":
                return False
            self._taken["unchanged"] += 1
            return True
        _, made = self._people.make(self._operation, row, said, contact_id)
        self._new.append(made)
        return True

    def _take_alone(self, row: VisitorRow) -> None:
        if row.identity is not None:
            self._people.doubt(row.identity)
        self._taken[take_contact(self._store, self._operation, row, self._policy, self._left)] += 1

    def _write(self) -> None:
        contacts.insert_many(self._store, self._new)
        self._taken["created"] += len(self._new)
        self._new.clear()


def take_contact(
    store: Store, operation: OpenOperation, row: VisitorRow, policy: Policy, left: Counter[Left] | None = None
) -> Taken:
    """Import one row; one without data is blank.

    A row is about the contact that the identity rules choose. If that contact does not have the row's id, and no other
    has, the id becomes an alias, as after a merge: it resolves to the contact, and the values of rows with that id only
    fill blanks.

    Raises InvalidData for a row that identifies nobody, Conflict for a contact that exists (depending on the policy),
    and whatever identify raises.
    """
    said = row.identity
    if said is None:
        if row.says_nothing:
            return "blank"
        raise InvalidData("the row has no id, externalId or email", code="nobody")
    knows = known(store, None, said, operation.at)
    existing = knows.by_contact_id or knows.by_external_id or next(iter(knows.by_email), None)
    if existing is not None and policy.on_existing == "skip":
        return "skipped"
    if existing is not None and policy.on_existing == "error":
        raise _exists(existing)
    before = operation.state(store)
    times = contact_times(row)
    chosen = decide(said, knows, on_conflict=policy.on_conflict)
    leads = chosen.contact if said.contact_id is not None and not chosen.merges else None
    if leads is not None and leads.id != said.contact_id:
        settled = settle_contact(store, operation, None, _filling(said, leads), times=times)
    else:
        settled = settle_contact(store, operation, None, said, on_conflict=policy.on_conflict, times=times)
    if said.contact_id is not None and knows.by_contact_id is None and settled.contact_id != said.contact_id:
        _lead(store, operation, said.contact_id, settled.contact_id, times)
    apply_imported_blocks(
        store, operation, [(row, "", settled.contact_id)], lifts=policy.on_existing == "update", left=left
    )
    if settled.decision.contact is None:
        return "created"
    return "updated" if operation.state(store) != before else "unchanged"


def _filling(said: Identity, contact: Contact) -> Identity:
    """Reduce `said` to what the contact lacks, as in a merge, where the survivor's values win."""
    texts = {field.column: None for name, field in PERSON.items() if contact.texts[name] is not None}
    metadata = {key: value for key, value in (said.metadata or {}).items() if key not in contact.metadata}
    return msgspec.structs.replace(said, contact_id=contact.id, metadata=metadata or None, **texts)


def _exists(contact: Contact) -> Conflict:
    return Conflict(
        f"contact {contact.id} ({contact.label}) already exists",
        code="contact_exists",
        hint="use --on-existing skip or --on-existing update",
    )


def _lead(store: Store, operation: OpenOperation, contact_id: str, survivor_id: str, times: ContactTimes) -> None:
    """Make `contact_id` an alias of a contact: a tombstone that resolves to it."""
    contacts.insert(store, operation, {}, contact_id=contact_id, created_at=times.created_at)
    contacts.bury(store, operation, contact_id, survivor_id)
