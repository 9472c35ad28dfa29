"""Erase people and devices: which records are removed, and which placeholders replace them.

`visitors.store.history.scrub` removes them from the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from visitors.domain.receipt import Left
from visitors.store.database import THESE, rows
from visitors.store.history import belonging
from visitors.store.history.belonging import Belongings
from visitors.store.history.operations import is_removal
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store


class Scope(msgspec.Struct, frozen=True):
    """What is erased: ids by kind, of existing records and of those only in the history.

    Conversations that these visitors started for a remaining contact stay. `left` are records that may not be theirs.
    """

    ids: dict[str, set[str]]
    kept: set[str]
    left: Sequence[Left] = ()

    def count(self, store: Store, kind: str) -> int:
        """The number of existing records of a kind to be removed."""
        sql = f"SELECT count(*) FROM {RECORDED[kind]} WHERE id {THESE}"
        found: int = store.execute(sql, (rows(self.ids[kind]),)).fetchone()[0]
        return found


def scope_of_contacts(store: Store, contact_ids: Iterable[str]) -> Scope:
    """Return the scope of people: their tombstones, all their devices, and the conversations and blocks of these."""
    contacts = _with_tombstones(store, set(contact_ids))
    return _scope(store, belonging.of_person(store, contacts))


def scope_of_visitors(store: Store, visitor_ids: Iterable[str]) -> Scope:
    """Return the scope of devices, with their conversations and blocks; their contacts stay."""
    return _scope(store, belonging.of_devices(store, set(visitor_ids)))


def contacts_of(store: Store, visitor_ids: Iterable[str]) -> list[str]:
    """Return the ids of the contacts that these visitors are linked to."""
    sql = f"SELECT DISTINCT contact_id FROM visitors WHERE id {THESE} AND contact_id IS NOT NULL ORDER BY contact_id"
    return [row[0] for row in store.execute(sql, (rows(visitor_ids),))]


def remove(store: Store, operation: OpenOperation, scope: Scope) -> None:
    """Remove the records in `scope`, and create placeholders for visitors that remaining conversations refer to."""
    store.execute("PRAGMA defer_foreign_keys = ON")
    links = {
        row[0]: row[1:]
        for row in store.execute(
            f"SELECT id, visitor_id, contact_id, created_at FROM conversations WHERE id {THESE}", (rows(scope.kept),)
        )
    }
    for kind in reversed(RECORDED):
        store.execute(f"DELETE FROM {RECORDED[kind]} WHERE id {THESE}", (rows(scope.ids[kind]),))
    _stand_in(store, operation, links)


# What is removed


def _with_tombstones(store: Store, contacts: set[str]) -> set[str]:
    """Add contacts merged into these, and other contacts' tombstones that still resolve by an email or external id that
    only these have: they come from a merge that was split.
    """
    alias = " UNION ".join(
        f"SELECT t.id FROM contacts AS t JOIN contacts AS c ON c.{column} = t.{column} AND c.id {THESE}"
        " WHERE t.merged_into IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM contacts AS o WHERE o.{column} = t.{column} AND o.merged_into IS NULL AND o.id NOT {THESE})"
        for column in ("email", "external_id")
    )
    while True:
        more = _found(store, "contact", "merged_into", contacts)
        more |= {row[0] for row in store.execute(alias, [rows(contacts)] * 4)}
        if more <= contacts:
            return contacts
        contacts = contacts | more


def _scope(store: Store, theirs: Belongings) -> Scope:
    contacts, visitors = theirs.contacts, theirs.visitors
    own = {row[0] for row in store.execute(_OWN_CONVERSATIONS, (rows(visitors),))}
    started = _there(store, "conversation", "visitor_id", visitors)
    of_contacts = _found(store, "conversation", "contact_id", contacts)
    kept = started - own - of_contacts
    conversations = own | of_contacts | _removed(store, "conversation", "visitor_id", visitors)
    written = f"SELECT id FROM messages WHERE visitor_id {THESE} AND conversation_id NOT {THESE}"
    ids = {
        "contact": contacts,
        "visitor": visitors,
        "block": _found(store, "block", "contact_id", contacts) | _found(store, "block", "visitor_id", visitors),
        "conversation": conversations,
        "message": _found(store, "message", "conversation_id", conversations)
        | {row[0] for row in store.execute(written, (rows(visitors), rows(kept)))}
        | _removed(store, "message", "visitor_id", visitors),
    }
    return Scope(ids, kept, theirs.left)


# Records that belong to nobody else: only to the visitor, or to its current contact.
_OWN_CONVERSATIONS = (
    "SELECT k.id FROM conversations AS k JOIN visitors AS v ON v.id = k.visitor_id"
    f" WHERE v.id {THESE} AND (k.contact_id IS NULL OR k.contact_id = v.contact_id)"
)


def _found(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    return _there(store, kind, column, values) | _removed(store, kind, column, values)


def _there(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    sql = f"SELECT id FROM {RECORDED[kind]} WHERE {column} {THESE}"
    return {row[0] for row in store.execute(sql, (rows(values),))}


def _removed(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    """Like `_there`, for records that exist only in the history, by their state when removed."""
    if not values:
        return set()
    sql = f"SELECT h.record FROM changes AS h WHERE json_extract(h.before, '$.{column}') {THESE} AND {is_removal(kind)}"
    return {row[0] for row in store.execute(sql, (rows(values),))}


# What is left


def _stand_in(store: Store, operation: OpenOperation, links: dict[str, tuple[Any, ...]]) -> None:
    """Create deleted, empty visitors as placeholders where conversations refer to a removed one: one for each device
    and contact, linked to the contact that owns the conversation.
    """
    stand_ins: dict[tuple[Any, ...], str] = {}
    for conversation_id, (visitor_id, contact_id, created_at) in links.items():
        new_id = stand_ins.get((visitor_id, contact_id))
        if new_id is None:
            new_id = stand_ins[visitor_id, contact_id] = operation.new_id()
            new = (new_id, contact_id, created_at, operation.at, operation.at)
            store.insert("visitor", ("id", "contact_id", "created_at", "updated_at", "deleted_at"), [new])
        store.execute("UPDATE conversations SET visitor_id = ? WHERE id = ?", (new_id, conversation_id))
        store.execute(
            "UPDATE messages SET visitor_id = ? WHERE conversation_id = ? AND visitor_id = ?",
            (new_id, conversation_id, visitor_id),
        )
