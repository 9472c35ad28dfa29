"""The people of an import: looked up for many rows at once, and written for many rows at once."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Known, OnConflict, Rule
from visitors.domain.fields import PERSON
from visitors.domain.metadata import decode_value, encode, metadata_hash
from visitors.operations.identify import ContactTimes, Identified, decide_at, known_by
from visitors.store.records import contacts
from visitors.store.records.contact_lookup import ContactLookup, Found, Key, keys, keys_of
from visitors.store.store import OpenOperation, Store

_NEW = 2**62
"""Contacts that are not written yet are numbered from here: they come after all others."""


class People(ContactLookup):
    """The contacts that a batch of rows may refer to, as they are once the changes of earlier rows are written."""

    def __init__(
        self, store: Store, operation: OpenOperation, said: Sequence[Identity], linked: Sequence[str] = ()
    ) -> None:
        """`linked` are ids of contacts besides those that the rows name."""
        super().__init__(
            store,
            operation.at,
            ids=[*(one.contact_id for one in said), *linked],
            external_ids=[one.external_id for one in said],
            emails=[one.email for one in said],
        )
        self._store = store
        self._operation = operation
        self._doubtful: set[Key] = set()
        self._numbers = count(_NEW)
        self._new: list[tuple[Any, ...]] = []
        self._changes: list[Callable[[], None]] = []

    def plain(self, said: Identity, times: ContactTimes) -> tuple[str | None, Rule] | None:
        """Return the contact's id and the matching rule if `decide` would change nothing; the given id, if any, if it
        would create one. None if it has to be called.
        """
        told = list(keys(said.contact_id, said.external_id, said.email))
        if not self._doubtful.isdisjoint(told):
            return None
        found = {one for key in told for one in self._by_key.get(key, ())}
        if not found:
            return said.contact_id, "created"
        if len(found) > 1:
            return None
        only = self._by_id[next(iter(found))]
        contact = only.contact
        if only.merged_into is not None or (contact.deleted_at is not None and not said.is_deleted):
            return None
        is_known = _says_nothing_new(said, contact) and not times.moves(contact)
        return (contact.id, _RULES[told[0][0]]) if is_known else None

    def known(self, said: Identity, linked: str | None = None) -> Known | None:
        """Return what `decide` needs; None if that has to be looked up, for a contact marked by `doubt`."""
        if not self._doubtful.isdisjoint(keys(said.contact_id, said.external_id, said.email)):
            return None
        if linked is not None and not self.is_certain(linked):
            return None
        return known_by(self.contact(linked), said, self)

    def is_certain(self, contact_id: str) -> bool:
        """Return whether it is not marked by `doubt`."""
        return ("id", contact_id) not in self._doubtful

    def contact(self, contact_id: str | None) -> Contact | None:
        """Return the contact with exactly this id, if it was looked up."""
        found = self._by_id.get(contact_id) if contact_id is not None else None
        return found.contact if found is not None else None

    def settle(
        self,
        linked: str | None,
        said: Identity,
        *,
        on_conflict: OnConflict = "error",
        relink: bool = False,
        times: ContactTimes,
    ) -> Identified | None:
        """Like `settle_contact`, but queue what is to be written. None if that has to be called instead: for a merge,
        and for contacts marked by `doubt`. Raises what `decide` raises.
        """
        knows = self.known(said, linked)
        if knows is None:
            return None
        said, decision, leaves_out = decide_at(times, said, knows, on_conflict=on_conflict, relink=relink)
        if decision.merges:
            return None
        if decision.contact is not None:
            self.change(decision.contact, decision.changes, times)
            return Identified(decision, decision.contact.id, times, leaves_out)
        if decision.left_alone is not None:
            said = msgspec.structs.replace(said, email=None)
        return Identified(decision, self.make(said, times), times)

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
        updated_at = times.updated_at or (self._operation.at if changes else contact.updated_at)
        values = {field.column: changes[name] for name, field in PERSON.items() if name in changes}
        if "metadata" in changes:
            values["metadata"] = changes["metadata"]
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

    def doubt(self, said: Identity | None, linked: str | None = None) -> None:
        """Mark the contacts that a row may change in the store itself: they have to be looked up from now on."""
        told = list(keys(said.contact_id, said.external_id, said.email)) if said is not None else []
        for key in (*told, *keys(linked, None, None)):
            self._doubtful.add(key)
            for one in self._by_key.get(key, ()):
                found = self._by_id[one]
                self._doubtful.update([*keys_of(found.contact), *keys_of(self._survivor(found))])

    def write(self) -> None:
        """Write what is queued."""
        contacts.insert_many(self._store, self._new)
        for change in self._changes:
            change()
        self._new.clear()
        self._changes.clear()


@lru_cache(maxsize=4_096)
def _hash_of(metadata: str) -> str:
    """Return the hash of stored metadata; many people have equal ones."""
    return metadata_hash(decode_value(metadata, "metadata"))


_texts_of = attrgetter(*(field.column for field in PERSON.values()))

_RULES: dict[str, Rule] = {"id": "contact-id", "external id": "external-id", "email": "email"}


def _says_nothing_new(said: Identity, contact: Contact) -> bool:
    return (
        said.contact_id in (None, contact.id)
        and all(one in (None, other) for one, other in zip(_texts_of(said), _texts_of(contact), strict=True))
        and (not said.metadata or encode(said.metadata) == encode(contact.metadata))
    )
