"""Many contacts by their ids, external ids and emails, looked up at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visitors.domain.contact import Contact
from visitors.domain.fields import PERSON
from visitors.store.records import contacts
from visitors.store.records.contacts import Trace
from visitors.store.store import Store

Key = tuple[str, str]
"""A kind of identifier (`id`, `external id` or `email`) and its value."""


class ContactLookup:
    """The contacts, including deleted ones and tombstones, with one of these ids, external ids and emails.

    `find`, `find_by_external_id` and `find_by_email` answer as those of `contacts` do, for these values only. Whether a
    contact is blocked is left out.
    """

    def __init__(self, store: Store, ids: Sequence[str], external_ids: Sequence[str], emails: Sequence[str]) -> None:
        self._by_id: dict[str, Trace] = {}
        self._by_key: dict[Key, list[str]] = {}
        self._survivors: dict[str, str] = {}
        if not (ids or external_ids or emails):
            return
        for trace in contacts.traces(store, ids, external_ids, emails):
            self._add(trace)
        tombstones = [trace.id for trace in self._by_id.values() if trace.merged_into is not None]
        if tombstones:
            for tombstone_id, survivor in contacts.survivors(store, tombstones):
                self._survivors[tombstone_id] = survivor.id
                if survivor.id not in self._by_id:
                    self._add(survivor)

    def _add(self, trace: Trace) -> None:
        self._by_id[trace.id] = trace
        for key in keys_of(trace):
            self._by_key.setdefault(key, []).append(trace.id)

    def find(self, contact_id: str | None) -> Contact | None:
        """Return the contact with this id, or its survivor."""
        return self._first("id", contact_id)

    def find_by_external_id(self, external_id: str | None) -> Contact | None:
        """Return the contact with this external id, else the survivor of one that had it."""
        return self._first("external id", external_id)

    def find_by_email(self, email: str | None) -> list[Contact]:
        """Return the live contacts with this email, else the live survivors of tombstones that had it."""
        found = self._with("email", email)
        own = [trace for trace in found if trace.merged_into is None and trace.deleted_at is None]
        survivors = [self._survivor(trace) for trace in found if trace.merged_into is not None]
        live = own or [trace for trace in survivors if trace.deleted_at is None]
        return [trace.contact for trace in {trace.id: trace for trace in live}.values()]

    def _with(self, kind: str, value: str | None) -> list[Trace]:
        return [self._by_id[one] for one in self._by_key.get((kind, value), ())] if value is not None else []

    def _first(self, kind: str, value: str | None) -> Contact | None:
        found = self._with(kind, value)
        own = [trace for trace in found if trace.merged_into is None]
        if own:
            return own[-1].contact
        return self._survivor(found[-1]).contact if found else None

    def _survivor(self, trace: Trace) -> Trace:
        return self._by_id[self._survivors.get(trace.id, trace.id)]


_EXTERNAL_ID, _EMAIL = (list(PERSON).index(name) for name in ("externalId", "email"))


def keys(contact_id: str | None, external_id: str | None, email: str | None) -> Iterator[Key]:
    """Return the identifiers that are given, strongest first."""
    if contact_id is not None:
        yield "id", contact_id
    if external_id is not None:
        yield "external id", external_id
    if email is not None:
        yield "email", email


def keys_of(trace: Trace) -> Iterator[Key]:
    """Return the identifiers of a contact, strongest first."""
    return keys(trace.id, trace.texts[_EXTERNAL_ID], trace.texts[_EMAIL])
