"""Visitors in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from visitors.domain.contact import Contact
from visitors.domain.fields import BROWSER_DATA, CONTACT, FLAT, VISITOR, sortable
from visitors.domain.pruning import Idle
from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.domain.visitor import BrowserData, Visitor
from visitors.store.database import THESE, Question, decoded, rows
from visitors.store.query.filters import LIVE
from visitors.store.query.listing import Page
from visitors.store.query.selection import chosen
from visitors.store.store import OpenOperation, Store

SORTABLE = sortable(VISITOR)
"""Public name -> column, of the sortable fields."""

COLUMNS = {name: field.column for name, field in BROWSER_DATA.items()}
"""Public name -> column, of the browser data."""

LIVE_BLOCK = (
    f"coalesce((SELECT pk FROM blocks WHERE contact_id = v.contact_id AND {LIVE} ORDER BY pk DESC LIMIT 1),"
    f" (SELECT pk FROM blocks WHERE visitor_id = v.id AND {LIVE} ORDER BY pk DESC LIMIT 1))"
)
"""The number of the live block of visitor `v`; takes the current instant twice. A contact's block takes precedence over
the visitor's, since it reaches further.
"""
_ALIASES = {"visitors": "v", "contacts": "c", "blocks": "b"}
_COMPUTED = {"isBlocked": "b.pk IS NOT NULL", "contact.isBlocked": "b.contact_id IS NOT NULL"}
CELLS = {
    path: _COMPUTED[path] if field.computed else f"{_ALIASES[field.table]}.{field.column}"
    for path, field in FLAT.items()
}
"""Field of a visitor, its contact's as `contact.email` -> SQL over `v`, its contact `c` and its live block `b`."""
_COLUMNS = ", ".join(CELLS.values())
_JOINS = f"""
    LEFT JOIN contacts AS c ON c.id = v.contact_id
    LEFT JOIN blocks AS b ON b.pk = {LIVE_BLOCK}
"""
_SELECT = f"SELECT {_COLUMNS} FROM visitors AS v {_JOINS}"


def find(store: Store, visitor_id: str, current: Instant) -> Visitor | None:
    """Return the visitor with exactly this id, deleted or not."""
    return store.ask(called(visitor_id, current))


def called(visitor_id: str, current: Instant) -> Question[Visitor | None]:
    """Return the query of `find`."""
    sql = _SELECT + " WHERE v.id = ?"
    return Question(sql, (current, current, visitor_id), lambda found: _visitor(found[0]) if found else None)


def find_many(store: Store, visitor_ids: Sequence[str], current: Instant) -> list[Visitor]:
    """Return the visitors with these ids, in order of id."""
    sql = _SELECT + " JOIN json_each(?) AS wanted ON wanted.value = v.id ORDER BY wanted.key"
    return [_visitor(row) for row in store.execute(sql, (current, current, rows(visitor_ids)))]


def select(store: Store, selection: Selection, page: Page, current: Instant) -> Iterator[Visitor]:
    """Yield the chosen visitors, in the order of `page`. The first raises NotFound if `page.after` is unknown."""
    return map(_visitor, select_columns(store, _COLUMNS, selection, page, current))


def select_columns(
    store: Store, columns: str, selection: Selection, page: Page, current: Instant
) -> Iterator[tuple[Any, ...]]:
    """Like `select`, but yield rows of `columns`: SQL over `v`, its contact `c` and its live block `b`."""
    return chosen(selection, current).rows(store, columns, _JOINS, (current, current), page)


def count(store: Store, selection: Selection, current: Instant, limit: int | None = None) -> int:
    """Return the number of chosen visitors, counted up to `limit` if given."""
    return chosen(selection, current).count(store, limit)


def chosen_ids(store: Store, selection: Selection, current: Instant) -> list[str]:
    """Return the ids of the chosen visitors, in creation order."""
    return chosen(selection, current).ids(store)


def idle(store: Store, selection: Selection, current: Instant) -> Idle:
    """Summarise when the chosen visitors were last seen."""
    seen = "coalesce(v.last_seen_at, v.created_at)"
    columns = f"count(*), count(*) - count(v.last_seen_at), min({seen}), max({seen})"
    return Idle(*chosen(selection, current).totals(store, columns))


def existing(store: Store, visitor_ids: Sequence[str]) -> set[str]:
    """Return those of `visitor_ids` that exist, deleted or not."""
    sql = f"SELECT id FROM visitors WHERE id {THESE}"
    return {row[0] for row in store.execute(sql, (rows(visitor_ids),))}


def with_any_fingerprint(store: Store, fingerprints: Sequence[str]) -> str | None:
    """Return the id of a visitor, deleted or not, with one of these fingerprints."""
    sql = f"SELECT id FROM visitors WHERE fingerprint {THESE} LIMIT 1"
    found = store.execute(sql, (rows(fingerprints),)).fetchone()
    return None if found is None else str(found[0])


def newest_of(store: Store, contact_id: str) -> str | None:
    """Return the id of the contact's live visitor that was created last."""
    sql = "SELECT id FROM visitors WHERE contact_id = ? AND deleted_at IS NULL ORDER BY pk DESC LIMIT 1"
    found = store.execute(sql, (contact_id,)).fetchone()
    return None if found is None else str(found[0])


def insert(
    store: Store,
    operation: OpenOperation,
    data: BrowserData,
    *,
    visitor_id: str | None = None,
    contact_id: str | None = None,
    last_seen_at: Instant | None = None,
) -> str:
    """Insert a visitor, created at the operation's time. Returns its id."""
    new_id, at = visitor_id or operation.new_id(), operation.at
    insert_many(store, [(new_id, contact_id, at, at, last_seen_at, None, *(data.get(field) for field in COLUMNS))])
    return new_id


EVERY_COLUMN = ("id", "contact_id", "created_at", "updated_at", "last_seen_at", "deleted_at", *COLUMNS.values())
"""All columns but the number, in the order of `insert_many`."""


def insert_many(store: Store, new: Iterable[tuple[Any, ...]]) -> None:
    """Insert visitors: each `(id, contact id, createdAt, updatedAt, lastSeenAt, deletedAt)`, then the browser data in
    the order of COLUMNS.
    """
    store.insert("visitor", EVERY_COLUMN, new)


def update(store: Store, operation: OpenOperation, visitor_ids: Sequence[str], data: BrowserData) -> set[str]:
    """Set browser data on all of `visitor_ids`. Returns the ids of the changed ones."""
    if not data:
        return set()
    columns = {COLUMNS[field]: value for field, value in data.items()}
    assignments = ", ".join(f"{column} = ?" for column in columns)
    differs = " OR ".join(f"{column} IS NOT ?" for column in columns)
    changed = store.execute(
        f"UPDATE visitors SET {assignments}, updated_at = max(updated_at, ?)"
        f" WHERE id {THESE} AND ({differs}) RETURNING id",
        [*columns.values(), operation.at, rows(visitor_ids), *columns.values()],
    )
    return {row[0] for row in changed}


def saw(store: Store, operation: OpenOperation, visitor_id: str) -> None:
    """Record that the visitor was seen now, unless it was seen later."""
    sql = "UPDATE visitors SET last_seen_at = coalesce(max(last_seen_at, ?), ?) WHERE id = ?"
    store.later(sql, (operation.at, operation.at, visitor_id))


def link(store: Store, operation: OpenOperation, visitor_ids: Iterable[str], contact_id: str) -> None:
    """Link visitors to a contact."""
    store.later(
        f"UPDATE visitors SET contact_id = ?, updated_at = max(updated_at, ?) WHERE id {THESE} AND contact_id IS NOT ?",
        (contact_id, operation.at, rows(visitor_ids), contact_id),
    )


def unlink(store: Store, operation: OpenOperation, visitor_ids: Iterable[str]) -> set[str]:
    """Unlink visitors from their contacts. Returns the ids of those that were linked."""
    changed = store.execute(
        "UPDATE visitors SET contact_id = NULL, updated_at = max(updated_at, ?)"
        f" WHERE id {THESE} AND contact_id IS NOT NULL RETURNING id",
        (operation.at, rows(visitor_ids)),
    )
    return {row[0] for row in changed}


def move(store: Store, operation: OpenOperation, contact_id: str, to: str) -> list[str]:
    """Link all visitors of a contact to another one. Returns their ids."""
    moved = store.execute(
        "UPDATE visitors SET contact_id = ?, updated_at = max(updated_at, ?) WHERE contact_id = ? RETURNING id",
        (to, operation.at, contact_id),
    )
    return [row[0] for row in moved]


def not_of_contact(store: Store, visitor_ids: Sequence[str], contact_id: str) -> list[str]:
    """Return those of `visitor_ids` that are not linked to the contact."""
    sql = f"SELECT id FROM visitors WHERE id {THESE} AND contact_id IS NOT ?"
    return [row[0] for row in store.execute(sql, (rows(visitor_ids), contact_id))]


_PATHS = list(CELLS)
_CONTACT_BEGINS = _PATHS.index("contact.id")
_CONTACT_ENDS = _CONTACT_BEGINS + len(CONTACT)
_BOOLEANS = [place for place, path in enumerate(_PATHS) if FLAT[path].type == "boolean"]
_DOCUMENTS = [place for place, path in enumerate(_PATHS) if FLAT[path].type == "document"]


def _visitor(row: tuple[Any, ...]) -> Visitor:
    values = list(row)
    for place in _BOOLEANS:
        values[place] = bool(values[place])
    for place in _DOCUMENTS:
        if values[place] is not None:
            values[place] = decoded(values[place])
    of_contact = values[_CONTACT_BEGINS:_CONTACT_ENDS]
    contact = None if of_contact[0] is None else Contact(*of_contact)
    values[_CONTACT_BEGINS:_CONTACT_ENDS] = [contact]
    return Visitor(*values)
