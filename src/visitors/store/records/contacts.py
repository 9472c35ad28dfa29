"""Contacts in the store.

A merged contact stays as a tombstone: `merged_into` is the survivor, and looking up the tombstone by id, external id or
email finds the survivor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from visitors.domain.contact import Alias, Contact, ListedContact, called
from visitors.domain.fields import CONTACT, PERSON
from visitors.domain.folding import search_text
from visitors.domain.metadata import encode, metadata_hash
from visitors.domain.times import Instant
from visitors.store.database import THESE, Question, Row, decoded, rows
from visitors.store.query.contacts import BLOCKED, listing
from visitors.store.query.listing import Page
from visitors.store.schema.recorded import DERIVED, SEARCHED
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.domain.contact_selection import ContactSelection

_COLUMNS = {name: field.column for name, field in PERSON.items()}

_VALUES = ", ".join(BLOCKED if field.computed else f"c.{field.column}" for field in CONTACT)
_SELECT = f"SELECT {_VALUES}"
_TOTALS = """,
        (SELECT count(*) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL),
        (SELECT max(v.last_seen_at) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL)
"""
SELECT_LISTED = f"{_SELECT}{_TOTALS} FROM contacts AS c"
"""Contacts `c` with aggregates of their visitors; takes the current instant."""


def find(store: Store, contact_id: str, current: Instant) -> Contact | None:
    """Return the contact with exactly this id, or its survivor; deleted or not."""
    return find_all(store, current, contact_id=contact_id)[0]


def called_by_id(store: Store, contact_ids: Iterable[str]) -> dict[str, str]:
    """Return the display names of the contacts that exist, including deleted and merged ones, by id."""
    sql = f"SELECT id, name, email, external_id FROM contacts WHERE id {THESE}"
    return {row[0]: called(*row) for row in store.execute(sql, (rows(contact_ids),))}


def find_by_external_id(store: Store, external_id: str, current: Instant) -> Contact | None:
    """Return the contact with this external id (deleted or not), else the survivor of one that had it."""
    return find_all(store, current, external_id=external_id)[1]


def find_by_email(store: Store, email: str, current: Instant) -> list[Contact]:
    """Return the live contacts with this email, else the live survivors of tombstones that had it."""
    return find_all(store, current, email=email)[2]


def find_all(
    store: Store,
    current: Instant,
    *,
    contact_id: str | None = None,
    external_id: str | None = None,
    email: str | None = None,
) -> tuple[Contact | None, Contact | None, list[Contact]]:
    """Combine `find`, `find_by_external_id` and `find_by_email` in one round trip, for the values given."""
    wanted = {
        ("c.id = ?", _FIRST): contact_id,
        ("c.external_id = ?", _FIRST): external_id,
        ("c.email = ?", " ORDER BY c.pk"): email,
    }
    questions = [_with(*how, value, current) for how, value in wanted.items() if value]
    found = iter(store.ask_all(*questions))
    by_id, by_external_id, by_email = (next(found) if value else [] for value in wanted.values())
    return _first(store, by_id, current), _first(store, by_external_id, current), _live(store, by_email, current)


def _live(store: Store, found: list[Row], current: Instant) -> list[Contact]:
    own = [_contact(row[:-1]) for row in found if row[-1] is None]
    live = [contact for contact in own if contact.deleted_at is None]
    if live:
        return live
    survivors = [_survivor(store, _contact(row[:-1]), current) for row in found if row[-1] is not None]
    return list({contact.id: contact for contact in survivors if contact.deleted_at is None}.values())


def select(store: Store, wanted: ContactSelection, page: Page, current: Instant) -> Iterator[ListedContact]:
    """Return the contacts that are not tombstones, in the order of `page`, with aggregates of their visitors."""
    for row in listing(wanted, current).rows(store, _VALUES + _TOTALS, "", (current,), page):
        yield ListedContact(*_values(row))


def listed(contact_id: str, current: Instant) -> Question[ListedContact | None]:
    """Return the contact with exactly this id, with aggregates of its visitors."""
    sql = f"{SELECT_LISTED} WHERE c.id = ?"
    return Question(sql, (current, contact_id), lambda found: ListedContact(*_values(found[0])) if found else None)


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


def touch(store: Store, operation: OpenOperation, ids: Iterable[str]) -> None:
    """Set the `updatedAt` of contacts after a change to related records."""
    sql = "UPDATE contacts SET updated_at = max(updated_at, ?) WHERE id IN (SELECT value FROM json_each(?))"
    store.later(sql, (operation.at, rows(ids)))


def set_deleted(store: Store, operation: OpenOperation, contact_ids: Sequence[str], *, deleted: bool) -> set[str]:
    """Delete softly, or restore. Returns the ids of the changed contacts."""
    changed = store.execute(
        "UPDATE contacts SET deleted_at = ?, updated_at = max(updated_at, ?)"
        f" WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS {'' if deleted else 'NOT '}NULL"
        " RETURNING id",
        (operation.at if deleted else None, operation.at, rows(contact_ids)),
    )
    return {row[0] for row in changed}


def tombstone_ids(contact_ids: Iterable[str]) -> Question[list[str]]:
    """Return the ids of the tombstones that resolve to these contacts, directly or indirectly, oldest first."""
    sql = """
        WITH RECURSIVE tombstones (id, pk) AS (
            SELECT id, pk FROM contacts WHERE merged_into IN (SELECT value FROM json_each(?))
            UNION SELECT next.id, next.pk FROM contacts AS next JOIN tombstones ON next.merged_into = tombstones.id
        )
        SELECT id FROM tombstones ORDER BY pk
    """
    return Question(sql, (rows(contact_ids),), lambda found: [row[0] for row in found])


def tombstones(store: Store, contact_ids: Sequence[str]) -> list[Alias]:
    """Return those of the contacts that are tombstones, oldest first."""
    columns = ", ".join(Alias.__struct_fields__)
    sql = f"SELECT {columns} FROM contacts WHERE merged_into IS NOT NULL AND id {THESE} ORDER BY pk"
    found = store.execute(sql, (rows(contact_ids),))
    return [Alias(*(*row[:_METADATA], decoded(row[_METADATA]), *row[_METADATA + 1 :])) for row in found]


def deleted_with_email(store: Store, email: str) -> list[str]:
    """Return the ids of the deleted contacts with this email, without tombstones."""
    sql = "SELECT id FROM contacts WHERE email = ? AND deleted_at IS NOT NULL AND merged_into IS NULL ORDER BY pk"
    return [row[0] for row in store.execute(sql, (email,))]


_FIRST = " ORDER BY c.merged_into IS NOT NULL, c.pk DESC LIMIT 1"


def _with(condition: str, order: str, value: str, current: Instant) -> Question[list[Row]]:
    """Return the query for contacts that match `condition`, including tombstones."""
    return Question(f"{_SELECT}, c.merged_into FROM contacts AS c WHERE {condition}{order}", (current, value), list)


def _first(store: Store, found: list[Row], current: Instant) -> Contact | None:
    if not found:
        return None
    row = found[0]
    contact = _contact(row[:-1])
    return contact if row[-1] is None else _survivor(store, contact, current)


def _survivor(store: Store, contact: Contact, current: Instant) -> Contact:
    """Follow the chain of merges from `contact` to its end."""
    sql = f"""
        WITH RECURSIVE chain (id, merged_into) AS (
            SELECT id, merged_into FROM contacts WHERE id = ?
            UNION SELECT next.id, next.merged_into FROM contacts AS next JOIN chain ON next.id = chain.merged_into
        )
        {_SELECT} FROM contacts AS c JOIN chain ON chain.id = c.id WHERE chain.merged_into IS NULL
    """
    row = store.execute(sql, (contact.id, current)).fetchone()
    return contact if row is None else _contact(row)


def _contact(row: tuple[Any, ...]) -> Contact:
    return Contact(*_values(row))


_METADATA, _IS_BLOCKED = ([field.name for field in CONTACT].index(name) for name in ("metadata", "isBlocked"))


def _values(row: tuple[Any, ...]) -> list[Any]:
    values = list(row)
    values[_METADATA] = decoded(values[_METADATA])
    values[_IS_BLOCKED] = bool(values[_IS_BLOCKED])
    return values
