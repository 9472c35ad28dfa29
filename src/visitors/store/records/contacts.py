"""Contacts in the store.

A merged contact stays as a tombstone: `merged_into` is the survivor, and looking up the tombstone by id, external id or
email finds the survivor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from visitors.domain.contact import Alias, Contact, ListedContact, called
from visitors.domain.fields import PERSON
from visitors.domain.folding import search_text
from visitors.domain.metadata import encode, metadata_hash
from visitors.domain.times import Instant
from visitors.store.database import THESE, Question, decoded, rows
from visitors.store.query.contacts import listing
from visitors.store.query.listing import Page
from visitors.store.records.contact_lookup import VALUES, ContactLookup, read_values
from visitors.store.schema.recorded import DERIVED, SEARCHED
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.domain.contact_selection import ContactSelection

_COLUMNS = {name: field.column for name, field in PERSON.items()}

_TOTALS = """,
        (SELECT count(*) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL),
        (SELECT max(v.last_seen_at) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL)
"""
SELECT_LISTED = f"SELECT {VALUES}{_TOTALS} FROM contacts AS c"
"""Contacts `c` with aggregates of their visitors; takes the current instant."""


def find(store: Store, contact_id: str, current: Instant) -> Contact | None:
    """Return the contact with exactly this id, or its survivor; deleted or not."""
    return ContactLookup(store, current, ids=[contact_id]).find(contact_id)


def called_by_id(store: Store, contact_ids: Iterable[str]) -> dict[str, str]:
    """Return the display names of the contacts that exist, including deleted and merged ones, by id."""
    sql = f"SELECT id, name, email, external_id FROM contacts WHERE id {THESE}"
    return {row[0]: called(*row) for row in store.execute(sql, (rows(contact_ids),))}


def select(store: Store, wanted: ContactSelection, page: Page, current: Instant) -> Iterator[ListedContact]:
    """Return the contacts that are not tombstones, in the order of `page`, with aggregates of their visitors."""
    for row in listing(wanted, current).rows(store, VALUES + _TOTALS, "", (current,), page):
        yield ListedContact(*read_values(row))


def listed(contact_id: str, current: Instant) -> Question[ListedContact | None]:
    """Return the contact with exactly this id, with aggregates of its visitors."""
    sql = f"{SELECT_LISTED} WHERE c.id = ?"
    return Question(sql, (current, contact_id), lambda found: ListedContact(*read_values(found[0])) if found else None)


def count(store: Store, wanted: ContactSelection, current: Instant, limit: int | None = None) -> int:
    """Return how many contacts `select` would return without a page, counted up to `limit` if given."""
    return listing(wanted, current).count(store, limit)


def insert(
    store: Store,
    operation: OpenOperation,
    fields: Mapping[str, Any],
    *,
    contact_id: str | None = None,
    created_at: Instant | None = None,
    updated_at: Instant | None = None,
    deleted_at: Instant | None = None,
) -> str:
    """Insert a contact from public field names; missing times are the operation's. Returns its id."""
    new_id = contact_id or operation.new_id()
    metadata = fields.get("metadata") or {}
    times = (created_at or operation.at, updated_at or operation.at, deleted_at)
    values = (*(fields.get(field) for field in _COLUMNS), encode(metadata), metadata_hash(metadata))
    insert_many(store, [(new_id, *values, *times)])
    return new_id


def insert_many(store: Store, new: Iterable[tuple[Any, ...]]) -> None:
    """Insert contacts: each the id, the texts in the order of PERSON, the metadata as JSON, their hash, `createdAt`,
    `updatedAt` and `deletedAt`.
    """
    store.insert("contact", _INSERTED, ((*one, search_text(*_searched(one))) for one in new))


_INSERTED = (
    "id", *_COLUMNS.values(), "metadata", "metadata_hash", "created_at", "updated_at", "deleted_at", DERIVED,
)  # fmt: skip
_searched = itemgetter(*(_INSERTED.index(column) for column in SEARCHED["contact"]))


def update(
    store: Store,
    operation: OpenOperation,
    contact: Contact,
    changes: Mapping[str, Any],
    *,
    created_at: Instant | None = None,
    updated_at: Instant | None = None,
) -> None:
    """Set the public fields in `changes` of a contact that was read in this operation.

    It keeps the earliest of its own and the given `created_at`, and the latest `updated_at`, which is the operation's
    time unless given; without changes and times, both stay.
    """
    columns: dict[str, Any] = {_COLUMNS[field]: changes[field] for field in _COLUMNS if field in changes}
    if not columns.keys().isdisjoint(SEARCHED["contact"]):
        columns[DERIVED] = search_text(*(columns.get(one, getattr(contact, one)) for one in SEARCHED["contact"]))
    if "metadata" in changes:
        columns["metadata"] = encode(changes["metadata"])
        columns["metadata_hash"] = metadata_hash(changes["metadata"])
    if created_at is not None and created_at < contact.created_at:
        columns["created_at"] = created_at
    assignments = [f"{column} = ?" for column in columns]
    if updated_at is None and changes:
        updated_at = operation.at
    if updated_at is not None and updated_at > contact.updated_at:
        assignments.append("updated_at = max(updated_at, ?)")
        columns["updated_at"] = updated_at
    if assignments:
        sql = f"UPDATE contacts SET {', '.join(assignments)} WHERE id = ?"
        store.later(sql, [*columns.values(), contact.id])


def bury(store: Store, operation: OpenOperation, contact_id: str, survivor_id: str) -> None:
    """Make the contact a tombstone of the survivor; its values stay, so that they still resolve to it."""
    store.later(
        "UPDATE contacts SET merged_into = ?, updated_at = max(updated_at, ?) WHERE id = ?",
        (survivor_id, operation.at, contact_id),
    )


def tombstone_ids(contact_ids: Iterable[str]) -> Question[list[str]]:
    """Return the ids of the tombstones that resolve to these contacts, directly or indirectly, oldest first."""
    sql = f"""
        WITH RECURSIVE tombstones (id, pk) AS (
            SELECT id, pk FROM contacts WHERE merged_into {THESE}
            UNION SELECT next.id, next.pk FROM contacts AS next JOIN tombstones ON next.merged_into = tombstones.id
        )
        SELECT id FROM tombstones ORDER BY pk
    """
    return Question(sql, (rows(contact_ids),), lambda found: [row[0] for row in found])


def tombstones(store: Store, contact_ids: Sequence[str]) -> list[Alias]:
    """Return those of the contacts that are tombstones, oldest first."""
    fields = Alias.__struct_fields__
    columns, metadata = ", ".join(fields), fields.index("metadata")
    sql = f"SELECT {columns} FROM contacts WHERE merged_into IS NOT NULL AND id {THESE} ORDER BY pk"
    found = store.execute(sql, (rows(contact_ids),))
    return [Alias(*(*row[:metadata], decoded(row[metadata]), *row[metadata + 1 :])) for row in found]
