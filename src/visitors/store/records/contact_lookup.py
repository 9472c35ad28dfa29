"""Contacts by their ids, external ids and emails, one or many at once, with the survivors of merged ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from visitors.domain.contact import Contact
from visitors.domain.fields import CONTACT
from visitors.domain.times import Instant
from visitors.store.database import THESE, decoded, rows
from visitors.store.query.contacts import BLOCKED
from visitors.store.store import Store

VALUES = ", ".join(BLOCKED if field.computed else f"c.{field.column}" for field in CONTACT)
"""The columns of contact `c`, in the order of its fields; takes the current instant."""

Key = tuple[str, str]
"""A kind of identifier (`id`, `external id` or `email`) and its value."""


class Found(msgspec.Struct, frozen=True):
    """A contact, its number, and the id of the one that it was merged into."""

    contact: Contact
    pk: int
    merged_into: str | None = None


class ContactLookup:
    """The contacts, including deleted ones and tombstones, with one of these ids, external ids and emails."""

    def __init__(
        self,
        store: Store,
        current: Instant,
        *,
        ids: Iterable[str | None] = (),
        external_ids: Iterable[str | None] = (),
        emails: Iterable[str | None] = (),
    ) -> None:
        self._by_id: dict[str, Found] = {}
        self._by_key: dict[Key, list[str]] = {}
        self._survivors: dict[str, str] = {}
        wanted = [[value for value in values if value] for values in (ids, external_ids, emails)]
        if not any(wanted):
            return
        sql = f"""
            SELECT {VALUES}, c.pk, c.merged_into FROM contacts AS c WHERE c.pk IN (
                SELECT pk FROM contacts WHERE id {THESE}
                UNION SELECT pk FROM contacts WHERE external_id {THESE}
                UNION SELECT pk FROM contacts WHERE email {THESE}
            ) ORDER BY c.pk
        """
        for row in store.execute(sql, (current, *map(rows, wanted))):
            self._add(_found(row))
        tombstones = [found.contact.id for found in self._by_id.values() if found.merged_into is not None]
        if tombstones:
            self._find_survivors(store, current, tombstones)

    def _find_survivors(self, store: Store, current: Instant, tombstones: list[str]) -> None:
        """Find the contact at the end of each tombstone's chain of merges."""
        sql = f"""
            WITH RECURSIVE chain (first, id, merged_into) AS (
                SELECT id, id, merged_into FROM contacts WHERE id {THESE}
                UNION SELECT chain.first, next.id, next.merged_into
                FROM contacts AS next JOIN chain ON next.id = chain.merged_into
            )
            SELECT {VALUES}, c.pk, c.merged_into, chain.first
            FROM contacts AS c JOIN chain ON chain.id = c.id WHERE chain.merged_into IS NULL
        """
        for *row, tombstone in store.execute(sql, (rows(tombstones), current)):
            survivor = _found(row)
            self._survivors[tombstone] = survivor.contact.id
            if survivor.contact.id not in self._by_id:
                self._add(survivor)

    def _add(self, found: Found) -> None:
        self._by_id[found.contact.id] = found
        for key in keys_of(found.contact):
            self._by_key.setdefault(key, []).append(found.contact.id)

    def find(self, contact_id: str | None) -> Contact | None:
        """Return the contact with this id, or its survivor; deleted or not."""
        return self._first("id", contact_id)

    def find_by_external_id(self, external_id: str | None) -> Contact | None:
        """Return the contact with this external id (deleted or not), else the survivor of one that had it."""
        return self._first("external id", external_id)

    def find_by_email(self, email: str | None) -> list[Contact]:
        """Return the live contacts with this email, else the live survivors of tombstones that had it."""
        found = self._with("email", email)
        own = [one.contact for one in found if one.merged_into is None and one.contact.deleted_at is None]
        survivors = [self._survivor(one) for one in found if one.merged_into is not None]
        live = own or [contact for contact in survivors if contact.deleted_at is None]
        return list({contact.id: contact for contact in live}.values())

    def find_deleted_by_email(self, email: str) -> list[Contact]:
        """Return the deleted contacts with this email."""
        found = [one.contact for one in self._with("email", email) if one.merged_into is None]
        return [contact for contact in found if contact.deleted_at is not None]

    def _with(self, kind: str, value: str | None) -> list[Found]:
        return [self._by_id[one] for one in self._by_key.get((kind, value), ())] if value is not None else []

    def _first(self, kind: str, value: str | None) -> Contact | None:
        found = self._with(kind, value)
        own = [one for one in found if one.merged_into is None]
        if own:
            return own[-1].contact
        return self._survivor(found[-1]) if found else None

    def _survivor(self, found: Found) -> Contact:
        contact = found.contact
        return self._by_id[self._survivors.get(contact.id, contact.id)].contact


_METADATA, _IS_BLOCKED = ([field.name for field in CONTACT].index(name) for name in ("metadata", "isBlocked"))


def read_values(row: Iterable[Any]) -> list[Any]:
    """Convert a row that begins with `VALUES` to values of a contact's fields."""
    values = list(row)
    values[_METADATA] = decoded(values[_METADATA])
    values[_IS_BLOCKED] = bool(values[_IS_BLOCKED])
    return values


def _found(row: Iterable[Any]) -> Found:
    *values, pk, merged_into = read_values(row)
    return Found(Contact(*values), pk, merged_into)


def keys(contact_id: str | None, external_id: str | None, email: str | None) -> Iterator[Key]:
    """Return the identifiers that are given, strongest first."""
    if contact_id is not None:
        yield "id", contact_id
    if external_id is not None:
        yield "external id", external_id
    if email is not None:
        yield "email", email


def keys_of(contact: Contact) -> Iterator[Key]:
    """Return the identifiers of a contact, strongest first."""
    return keys(contact.id, contact.external_id, contact.email)
