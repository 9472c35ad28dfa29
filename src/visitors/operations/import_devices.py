"""The visitors of an import: looked up for many rows at once, and written for many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from visitors.domain.row import VisitorRow
from visitors.errors import Conflict, InvalidData
from visitors.operations.batches import NeedsOwnBatch
from visitors.operations.import_ import Policy, as_inserted, data_of
from visitors.store.records import conversations, stored_visitors, visitors
from visitors.store.records.stored_visitors import Stored
from visitors.store.store import OpenOperation, Store


class Devices:
    """The visitors that a batch of rows may refer to, as they are once the changes of earlier rows are written."""

    def __init__(self, store: Store, operation: OpenOperation, rows: Sequence[VisitorRow], policy: Policy) -> None:
        self._store = store
        self._operation = operation
        self._policy = policy
        self._moved: set[str] = set()
        """Fingerprints that a visitor of the batch lost or got."""
        self._new: list[tuple[Any, ...]] = []
        self._changes: list[Callable[[], None]] = []
        told = [] if policy.new else [row.fingerprint for row in rows if row.id is None and row.fingerprint is not None]
        self._finds_by_fingerprint = bool(told)
        self._with_fingerprint = stored_visitors.ids_by_fingerprint(store, told) if told else {}
        ids = [row.id for row in rows if row.id is not None]
        ids += [one for found in self._with_fingerprint.values() for one in found]
        self._by_id = stored_visitors.find(store, ids) if ids else {}

    @property
    def contact_ids(self) -> list[str]:
        """The ids of their contacts."""
        return [one.contact_id for one in self._by_id.values() if one.contact_id is not None]

    def find(self, row: VisitorRow) -> Stored | None:
        """Return the row's visitor, by id or, as in track, by fingerprint; None for a new one.

        Raises InvalidData for a row with neither, Conflict if several live visitors have the fingerprint, and
        NeedsOwnBatch if an earlier row changed who has it.
        """
        if row.id is not None:
            return self._by_id.get(row.id)
        if self._policy.new:
            return None
        if row.fingerprint is None:
            names_person = row.identity is not None
            raise InvalidData(
                f"the row {'is about a person, but not a visitor' if names_person else 'does not identify a visitor'}:"
                " id and fingerprint are blank",
                code="no_visitor",
                hint="use --map id=COLUMN to name the column with the id, or --new to create a visitor from "
                "each such row, on every import",
            )
        if row.fingerprint in self._moved:
            raise NeedsOwnBatch
        found = self._with_fingerprint.get(row.fingerprint, [])
        if len(found) > 1:
            raise Conflict(
                f"several visitors have the fingerprint {row.fingerprint}",
                code="ambiguous_fingerprint",
                hint=f"use the id of one of them: {' or '.join(found[:2])}",
            )
        return self._by_id.get(found[0]) if found else None

    def make(self, row: VisitorRow, contact_id: str | None) -> str:
        """Queue a new visitor; return its id."""
        visitor_id = row.id or self._operation.new_id()
        values = as_inserted(row, visitor_id, contact_id, self._operation.at)
        self._new.append(values)
        self._by_id[visitor_id] = Stored.of(values)
        if self._finds_by_fingerprint and row.fingerprint is not None and row.deleted_at is None:
            self._with_fingerprint.setdefault(row.fingerprint, []).append(visitor_id)
        return visitor_id

    def change(self, before: Stored, row: VisitorRow, contact_id: str | None) -> bool:
        """Queue what the row changes on its visitor, which is linked to the contact if it is not; return whether it
        changes something.
        """
        data = data_of(row, before)
        is_changed = (contact_id, data) != (before.contact_id, before.data)
        updated_at = row.updated_at or (self._operation.at if is_changed else before.updated_at)
        seen = [at for at in (before.last_seen_at, row.last_seen_at) if at is not None]
        after = msgspec.structs.replace(
            before,
            contact_id=contact_id,
            created_at=min(before.created_at, row.created_at or before.created_at),
            updated_at=max(before.updated_at, updated_at),
            last_seen_at=max(seen, default=None),
            data=data,
        )
        if after == before:
            return False
        self._by_id[before.id] = after
        if after.fingerprint != before.fingerprint:
            self._moved.update(one for one in (before.fingerprint, after.fingerprint) if one is not None)
        self._changes.append(lambda: stored_visitors.replace(self._store, before, after))
        if contact_id is not None and contact_id != before.contact_id:
            self._changes.append(lambda: conversations.give_to_contact(self._store, [before.id], contact_id))
        return True

    def write(self) -> None:
        """Write what is queued."""
        visitors.insert_many(self._store, self._new)
        for change in self._changes:
            change()
