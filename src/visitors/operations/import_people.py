"""Resolve the people of an import for many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any

from visitors.domain.contact import Identity
from visitors.domain.decision import Rule
from visitors.domain.fields import PERSON
from visitors.domain.metadata import decode_value, encode, metadata_hash
from visitors.domain.row import VisitorRow
from visitors.store.records import contacts
from visitors.store.records.contacts import Trace
from visitors.store.store import OpenOperation, Store


class People:
    """The contacts that a batch of rows may refer to, looked up at once instead of row by row."""

    def __init__(self, store: Store, said: list[Identity]) -> None:
        self._by_key: dict[tuple[str, str], list[Trace]] = {}
        self._doubtful: set[tuple[str, str]] = set()
        if said:
            ids = [one.contact_id for one in said if one.contact_id is not None]
            external_ids = [one.external_id for one in said if one.external_id is not None]
            emails = [one.email for one in said if one.email is not None]
            for trace in contacts.traces(store, ids, external_ids, emails):
                self.add(trace)

    def add(self, trace: Trace) -> None:
        """Add a contact."""
        for key in _keys_of(trace):
            self._by_key.setdefault(key, []).append(trace)

    def make(
        self, operation: OpenOperation, row: VisitorRow, said: Identity, contact_id: str | None
    ) -> tuple[str, tuple[Any, ...]]:
        """Create a contact and add it; return its id, and its values for `contacts.insert_many`."""
        new_id = contact_id or operation.new_id()
        metadata, texts = encode(said.metadata or {}), _texts_of(said)
        self.add(Trace(new_id, texts, metadata, row.contact_deleted_at))
        times = (row.contact_created_at or operation.at, row.contact_updated_at or operation.at)
        return new_id, (new_id, *texts, metadata, _hash_of(metadata), *times, row.contact_deleted_at)

    def doubt(self, said: Identity) -> None:
        """Mark the contacts that the input is about to change: they have to be looked up from now on."""
        for key in _keys(said.contact_id, said.external_id, said.email):
            self._doubtful.add(key)
            for trace in self._by_key.get(key, ()):
                self._doubtful.update(_keys_of(trace))

    def settle(self, said: Identity) -> tuple[str | None, Rule] | None:
        """Return the contact's id and the matching rule if `decide` would change nothing; the given id, if any, if it
        would create one. None if it has to be called.
        """
        keys = list(_keys(said.contact_id, said.external_id, said.email))
        if not self._doubtful.isdisjoint(keys):
            return None
        found = {trace.id: trace for key in keys for trace in self._by_key.get(key, ())}
        if not found:
            return said.contact_id, "created"
        if len(found) > 1:
            return None
        contact = next(iter(found.values()))
        if contact.merged_into is not None or (contact.deleted_at is not None and not said.is_deleted):
            return None
        return (contact.id, _RULES[keys[0][0]]) if _says_nothing_new(said, contact) else None


@lru_cache(maxsize=4_096)
def _hash_of(metadata: str) -> str:
    """Return the hash of stored metadata; many people have equal ones."""
    return metadata_hash(decode_value(metadata, "metadata"))


_texts_of = attrgetter(*(field.column for field in PERSON.values()))
_EXTERNAL_ID, _EMAIL = (list(PERSON).index(name) for name in ("externalId", "email"))

_RULES: dict[str, Rule] = {"id": "contact-id", "external id": "external-id", "email": "email"}


def _keys(contact_id: str | None, external_id: str | None, email: str | None) -> Iterator[tuple[str, str]]:
    """Return the identifying keys of a person, strongest first."""
    if contact_id is not None:
        yield "id", contact_id
    if external_id is not None:
        yield "external id", external_id
    if email is not None:
        yield "email", email


def _keys_of(trace: Trace) -> Iterator[tuple[str, str]]:
    return _keys(trace.id, trace.texts[_EXTERNAL_ID], trace.texts[_EMAIL])


def _says_nothing_new(said: Identity, contact: Trace) -> bool:
    return (
        said.contact_id in (None, contact.id)
        and all(one in (None, other) for one, other in zip(_texts_of(said), contact.texts, strict=True))
        and (not said.metadata or encode(said.metadata) == contact.metadata)
    )
