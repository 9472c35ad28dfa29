"""Many contacts by their ids, external ids and emails, looked up at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from visitors.domain.contact import Contact
from visitors.domain.fields import PERSON
from visitors.domain.times import Instant
from visitors.store.database import THESE, Row, decoded, rows
from visitors.store.store import Store

_TEXTS = tuple(field.column for field in PERSON.values())

Key = tuple[str, str]
"""A kind of identifier (`id`, `external id` or `email`) and its value."""


class Trace(msgspec.Struct, frozen=True):
    """A contact as bulk jobs compare it with input: its texts in the order of PERSON, its metadata as JSON."""

    pk: int
    id: str
    texts: tuple[str | None, ...]
    metadata: str
    metadata_hash: str
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None
    merged_into: str | None = None

    @property
    def contact(self) -> Contact:
        """The contact, as if it was not blocked."""
        return Contact(
            id=self.id,
            **dict(zip(_TEXTS, self.texts, strict=True)),
            metadata=decoded(self.metadata),
            metadata_hash=self.metadata_hash,
            is_blocked=False,
            created_at=self.created_at,
            updated_at=self.updated_at,
            deleted_at=self.deleted_at,
        )


_TRACED = ", ".join(
    f"c.{column}"
    for column in (
        *("pk", "id", "metadata", "metadata_hash", "created_at", "updated_at", "deleted_at", "merged_into"),
        *_TEXTS,
    )
)


def _traces(
    store: Store, contact_ids: Sequence[str], external_ids: Sequence[str], emails: Sequence[str]
) -> Iterator[Trace]:
    """Return the contacts, including deleted ones and tombstones, with one of these ids, external ids or emails, in
    creation order.
    """
    sql = f"""
        SELECT {_TRACED} FROM contacts AS c WHERE pk IN (
            SELECT pk FROM contacts WHERE id IN (SELECT value FROM json_each(?))
            UNION SELECT pk FROM contacts WHERE external_id IN (SELECT value FROM json_each(?))
            UNION SELECT pk FROM contacts WHERE email IN (SELECT value FROM json_each(?))
        ) ORDER BY pk
    """
    return map(_trace, store.execute(sql, (rows(contact_ids), rows(external_ids), rows(emails))))


def _end_of_merges(store: Store, tombstone_ids: Sequence[str]) -> Iterator[tuple[str, Trace]]:
    """Return the id of each tombstone, with the contact at the end of its chain of merges."""
    sql = f"""
        WITH RECURSIVE chain (first, id, merged_into) AS (
            SELECT id, id, merged_into FROM contacts WHERE id {THESE}
            UNION SELECT chain.first, next.id, next.merged_into
            FROM contacts AS next JOIN chain ON next.id = chain.merged_into
        )
        SELECT chain.first, {_TRACED} FROM contacts AS c JOIN chain ON chain.id = c.id WHERE chain.merged_into IS NULL
    """
    for first, *row in store.execute(sql, (rows(tombstone_ids),)):
        yield first, _trace(tuple(row))


def _trace(row: Row) -> Trace:
    pk, contact_id, metadata, hash_, created_at, updated_at, deleted_at, merged_into, *texts = row
    return Trace(pk, contact_id, tuple(texts), metadata, hash_, created_at, updated_at, deleted_at, merged_into)


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
        for trace in _traces(store, ids, external_ids, emails):
            self._add(trace)
        tombstones = [trace.id for trace in self._by_id.values() if trace.merged_into is not None]
        if tombstones:
            for tombstone_id, survivor in _end_of_merges(store, tombstones):
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
