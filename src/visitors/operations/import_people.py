"""The people of an import: looked up for many rows at once, and written for many rows at once."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Decision
from visitors.domain.fields import PERSON
from visitors.domain.metadata import decode_value, encode, metadata_hash
from visitors.domain.row import VisitorRow
from visitors.operations.batches import NeedsOwnBatch
from visitors.operations.identify import ContactTimes, Identified, decide_at, known_by, settle_contact
from visitors.operations.import_ import Policy
from visitors.store.records import contacts
from visitors.store.records.contact_lookup import ContactLookup, Found, keys, keys_of
from visitors.store.store import OpenOperation, Store

_NEW = 2**62
"""Contacts that are not written yet are numbered from here: they come after all others."""


class People(ContactLookup):
    """The contacts that a batch of rows may refer to, as they are once the changes of earlier rows are written."""

    def __init__(
        self,
        store: Store,
        operation: OpenOperation,
        rows: Sequence[VisitorRow],
        policy: Policy,
        linked: Iterable[str] = (),
    ) -> None:
        """`linked` are ids of contacts besides those that the rows name."""
        said = [row.identity for row in rows if row.identity is not None]
        super().__init__(
            store,
            operation.at,
            ids=[*(one.contact_id for one in said), *linked],
            external_ids=[one.external_id for one in said],
            emails=[one.email for one in said],
        )
        self._store = store
        self._operation = operation
        self._policy = policy
        self._is_single = len(rows) == 1
        self._numbers = count(_NEW)
        self._new: list[tuple[Any, ...]] = []
        self._changes: list[Callable[[], None]] = []

    def settle(self, linked: str | None, said: Identity, times: ContactTimes) -> Identified:
        """Like `settle_contact`, but queue what is to be written, for a visitor linked to the contact `linked`.

        Raises NeedsOwnBatch for a merge, which a single row makes in the store at once, and what `decide` raises.
        """
        if linked is None and self._is_new(said):
            return Identified(_CREATION, self.make(said, times))
        on_conflict, relink = self._policy.on_conflict, self._policy.relink
        contact = self._by_id[linked].contact if linked is not None else None
        knows = known_by(contact, said, self)
        told, decision, leaves_out = decide_at(times, said, knows, on_conflict=on_conflict, relink=relink)
        if decision.merges:
            if not self._is_single:
                raise NeedsOwnBatch
            return settle_contact(
                self._store, self._operation, contact, said, on_conflict=on_conflict, relink=relink, times=times
            )
        if decision.contact is not None:
            self.change(decision.contact, decision.changes, times)
            return Identified(decision, decision.contact.id, times, leaves_out)
        if decision.left_alone is not None:
            told = msgspec.structs.replace(told, email=None)
        return Identified(decision, self.make(told, times), times)

    def _is_new(self, said: Identity) -> bool:
        """Return whether no contact has one of the identifiers, so that `decide` would create one; calling it for each
        takes a fifth of the time of an import of new contacts.
        """
        return not any(self._by_key.get(key) for key in keys(said.contact_id, said.external_id, said.email))

    def make(self, said: Identity, times: ContactTimes) -> str:
        """Queue a new contact; return its id."""
        new_id = said.contact_id or self._operation.new_id()
        metadata, texts = said.metadata or {}, _texts_of(said)
        encoded = encode(metadata)
        hash_ = _hash_of(encoded)
        at = (times.created_at or self._operation.at, times.updated_at or self._operation.at, times.deleted_at)
        contact = Contact(*(new_id, *texts, metadata, hash_, False, *at))
        self._add(Found(contact, next(self._numbers)))
        self._new.append((new_id, *texts, encoded, hash_, *at))
        return new_id

    def change(self, contact: Contact, changes: Mapping[str, Any], times: ContactTimes) -> None:
        """Queue a change of public fields and times of a contact."""
        if not changes and not times.moves(contact):
            return
        before = self._by_id[contact.id]
        values = {field.column: changes[name] for name, field in PERSON.items() if name in changes}
        if "metadata" in changes:
            values["metadata"] = changes["metadata"]
        updated_at = times.updated_at or (self._operation.at if changes else contact.updated_at)
        after = msgspec.structs.replace(
            contact,
            **values,
            created_at=min(contact.created_at, times.created_at or contact.created_at),
            updated_at=max(contact.updated_at, updated_at),
        )
        self._by_id[contact.id] = msgspec.structs.replace(before, contact=after)
        old, new = set(keys_of(contact)), set(keys_of(after))
        for key in old - new:
            self._by_key[key].remove(contact.id)
        for key in new - old:
            insort(self._by_key.setdefault(key, []), contact.id, key=lambda one: self._by_id[one].pk)
        self._changes.append(
            lambda: contacts.update(
                self._store, self._operation, contact, changes, created_at=times.created_at, updated_at=times.updated_at
            )
        )

    def lead(self, contact_id: str, survivor_id: str, times: ContactTimes) -> None:
        """Queue an alias of a contact: a tombstone that resolves to it."""
        self.make(Identity(contact_id=contact_id), ContactTimes(created_at=times.created_at))
        self._by_id[contact_id] = msgspec.structs.replace(self._by_id[contact_id], merged_into=survivor_id)
        self._survivors[contact_id] = survivor_id
        self._changes.append(lambda: contacts.bury(self._store, self._operation, contact_id, survivor_id))

    def write(self) -> None:
        """Write what is queued."""
        contacts.insert_many(self._store, self._new)
        for change in self._changes:
            change()


@lru_cache(maxsize=4_096)
def _hash_of(metadata: str) -> str:
    """Return the hash of stored metadata; many people have equal ones, which saves a sixth of the time of an import."""
    return metadata_hash(decode_value(metadata, "metadata"))


_CREATION = Decision(rule="created", contact=None, changes={}, links=True)
_texts_of = attrgetter(*(field.column for field in PERSON.values()))
