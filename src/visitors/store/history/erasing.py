"""Erase people and devices: which records are removed, and which placeholders replace them.

`visitors.store.history.scrub` removes them from the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from visitors.domain.receipt import Counts
from visitors.store.database import THESE, rows
from visitors.store.history import belonging
from visitors.store.history.belonging import Belongings
from visitors.store.history.operations import is_removal
from visitors.store.history.values import removed_with, with_value
from visitors.store.records.blocks import Target
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store


class Scope(msgspec.Struct, frozen=True):
    """What is erased: ids by kind, of existing records and of those only in the history.

    Conversations that these visitors started for a remaining contact are `kept`. `belongings` has what else is kept.
    """

    ids: dict[str, set[str]]
    kept: set[str]
    belongings: Belongings

    def counts(self, store: Store) -> Counts:
        """The numbers of existing records to be removed, without the history."""
        counts = ", ".join(f"(SELECT count(*) FROM {table} WHERE id {THESE})" for table in RECORDED.values())
        found = store.execute(f"SELECT {counts}", [rows(self.ids[kind]) for kind in RECORDED]).fetchone()
        return Counts(**dict(zip(RECORDED.values(), found, strict=True)), changes=0, operations=0)


def scope(store: Store, target: Target, ids: Iterable[str]) -> Scope:
    """Return the scope of people: their tombstones, all their devices, and the conversations and blocks of these; or of
    devices, with their conversations and blocks, whose contacts stay.
    """
    theirs = belonging.of_person(store, set(ids)) if target == "contact" else belonging.of_devices(store, set(ids))
    contacts, visitors = theirs.contacts, theirs.visitors
    own = {row[0] for row in store.execute(_OWN_CONVERSATIONS, (rows(visitors),))}
    of_contacts = with_value(store, "conversation", "contact_id", contacts)
    removed = removed_with(store, "conversation", "visitor_id", visitors)
    linked = {row[0] for row in store.execute(_LINKED, [rows(visitors)] * 2)}
    of_others = {row[0] for row in store.execute(_REMOVED_OF_OTHERS, (rows(removed), rows(contacts | linked)))}
    kept = with_value(store, "conversation", "visitor_id", visitors) - removed - own - of_contacts
    conversations = own | of_contacts | removed - of_others
    written = f"SELECT id FROM messages WHERE visitor_id {THESE} AND conversation_id NOT {THESE}"
    written_there = removed_with(store, "message", "conversation_id", kept | of_others)
    by_kind = {
        "contact": contacts,
        "visitor": visitors,
        "block": with_value(store, "block", "contact_id", contacts)
        | with_value(store, "block", "visitor_id", visitors),
        "conversation": conversations,
        "message": with_value(store, "message", "conversation_id", conversations)
        | {row[0] for row in store.execute(written, (rows(visitors), rows(kept)))}
        | removed_with(store, "message", "visitor_id", visitors) - written_there,
    }
    return Scope(by_kind, kept, theirs)


def contacts_of(store: Store, visitor_ids: Iterable[str]) -> list[str]:
    """Return the ids of the contacts that these visitors are linked to."""
    sql = f"SELECT DISTINCT contact_id FROM visitors WHERE id {THESE} AND contact_id IS NOT NULL ORDER BY contact_id"
    return [row[0] for row in store.execute(sql, (rows(visitor_ids),))]


def remove(store: Store, operation: OpenOperation, scope: Scope) -> None:
    """Remove the records in `scope`, create placeholders for visitors that remaining conversations refer to, and point
    the tombstones of others to their owners.
    """
    store.execute("PRAGMA defer_foreign_keys = ON")
    others = [(holder, tombstone) for tombstone, holder in scope.belongings.handed_over]
    store.execute_many("UPDATE contacts SET merged_into = ? WHERE id = ?", others)
    links = {
        row[0]: row[1:]
        for row in store.execute(
            f"SELECT id, visitor_id, contact_id, created_at FROM conversations WHERE id {THESE}", (rows(scope.kept),)
        )
    }
    for kind in reversed(RECORDED):
        store.execute(f"DELETE FROM {RECORDED[kind]} WHERE id {THESE}", (rows(scope.ids[kind]),))
    _stand_in(store, operation, links)


# Records that belong to nobody else: only to the visitor, or to its current contact.
_OWN_CONVERSATIONS = (
    "SELECT k.id FROM conversations AS k JOIN visitors AS v ON v.id = k.visitor_id"
    f" WHERE v.id {THESE} AND (k.contact_id IS NULL OR k.contact_id = v.contact_id)"
)

# The contacts of visitors, current or at removal.
_LINKED = (
    f"SELECT contact_id FROM visitors WHERE id {THESE} UNION SELECT json_extract(h.before, '$.contact_id')"
    f" FROM changes AS h WHERE h.record {THESE} AND {is_removal('visitor')}"
)
# Removed conversations of existing contacts other than some.
_REMOVED_OF_OTHERS = (
    f"SELECT h.record FROM changes AS h WHERE h.record {THESE} AND {is_removal('conversation')}"
    f" AND EXISTS (SELECT 1 FROM contacts WHERE id = json_extract(h.before, '$.contact_id') AND id NOT {THESE})"
)


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
