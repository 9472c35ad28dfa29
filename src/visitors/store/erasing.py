"""Removing people and devices for good: their records, what the history has of them, and how they are found.

The history of others goes on: `sweep` takes only what was the erased ones' own out of it. Where a change
of theirs led from or to somebody who is gone, that side is null, so that a change always has the same
members before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from visitors.domain.metadata import encode, metadata_hash
from visitors.domain.receipt import Identities
from visitors.store.connection import OpenOperation, Store, rows
from visitors.store.schema import RECORDED

_THESE = "IN (SELECT value FROM json_each(?))"
_LINKS = {
    "visitor": {"contact_id": "contact"},
    "contact": {"merged_into": "contact"},
    "conversation": {"visitor_id": "visitor", "contact_id": "contact"},
    "message": {"conversation_id": "conversation", "visitor_id": "visitor"},
    "block": {"visitor_id": "visitor", "contact_id": "contact"},
}
"""Kind of record -> column -> the kind of record whose id stands there."""

_Columns = dict[str, Any]
_decode = msgspec.json.decode


class Scope(msgspec.Struct, frozen=True):
    """What goes: ids by kind, of records that are there and of those that only the history has, and the
    conversations that these visitors started for somebody who stays: they stay, too.
    """

    ids: dict[str, set[str]]
    kept: set[str]

    def count(self, store: Store, kind: str) -> int:
        """How many of a kind are there to be removed."""
        sql = f"SELECT count(*) FROM {RECORDED[kind]} WHERE id {_THESE}"
        found: int = store.execute(sql, (rows(self.ids[kind]),)).fetchone()[0]
        return found


class Known(msgspec.Struct, frozen=True):
    """What is and was known of the contacts that go, but for their ids; `metadata` are pairs as JSON."""

    emails: set[str]
    external_ids: set[str]
    names: set[str]
    images: set[str]
    metadata: set[tuple[str, str]]
    survivors: set[str]
    """Other contacts into which one of these was ever merged, and which took on what it was blank of."""


def scope_of_contacts(store: Store, contact_ids: Iterable[str]) -> Scope:
    """These people: with their tombstones, all their devices, and what these wrote and were blocked by."""
    contacts = _with_tombstones(store, set(contact_ids))
    visitors = _found(store, "visitor", "contact_id", contacts)
    return _scope(store, contacts, visitors)


def scope_of_visitors(store: Store, visitor_ids: Iterable[str]) -> Scope:
    """These devices, and what they wrote and were blocked by; their contacts stay."""
    return _scope(store, set(), set(visitor_ids))


def removed_contact(store: Store, contact_id: str) -> bool:
    """Whether only the history has a contact with this id."""
    sql = f"SELECT 1 FROM changes AS h WHERE h.record = ? AND {_is_removed('contact')}"
    return store.execute(sql, (contact_id,)).fetchone() is not None


def contacts_of(store: Store, visitor_ids: Iterable[str]) -> list[str]:
    """The ids of the contacts that these visitors are linked to."""
    sql = f"SELECT DISTINCT contact_id FROM visitors WHERE id {_THESE} AND contact_id IS NOT NULL ORDER BY contact_id"
    return [row[0] for row in store.execute(sql, (rows(visitor_ids),))]


def known(store: Store, scope: Scope) -> Known:
    """What is known of the contacts in `scope`, before they go."""
    these = rows(scope.ids["contact"])
    columns = ("external_id", "email", "name", "image", "metadata")
    sql = f"SELECT {', '.join(columns)} FROM contacts WHERE id {_THESE}"
    states: list[_Columns] = [dict(zip(columns, row, strict=True)) for row in store.execute(sql, (these,))]
    sql = f"SELECT before, after FROM changes WHERE kind = 'contact' AND record {_THESE}"
    states += [_decode(side) for sides in store.execute(sql, (these,)) for side in sides if side is not None]

    def values(column: str) -> set[str]:
        return {state[column] for state in states if state.get(column) is not None}

    pairs = {pair for text in values("metadata") for pair in _pairs(text)}
    survivors = _survivors(store, scope.ids["contact"])
    return Known(values("email"), values("external_id"), values("name"), values("image"), pairs, survivors)


def remove(store: Store, operation: OpenOperation, scope: Scope) -> None:
    """Take the records of `scope` away, and put stand-ins where conversations that stay refer to a visitor."""
    store.execute("PRAGMA defer_foreign_keys = ON")
    links = {
        row[0]: row[1:]
        for row in store.execute(
            f"SELECT id, visitor_id, contact_id, created_at FROM conversations WHERE id {_THESE}", (rows(scope.kept),)
        )
    }
    for kind in reversed(RECORDED):
        sql = f"DELETE FROM {RECORDED[kind]} WHERE id {_THESE} RETURNING pk"
        _give_back(store, kind, [row[0] for row in store.execute(sql, (rows(scope.ids[kind]),)).fetchall()])
    _stand_in(store, operation, links)


def sweep(store: Store, operation: OpenOperation, scope: Scope, known: Known) -> tuple[int, int]:
    """Take what was recorded of `scope` out of the history, once its records are gone.

    Returns how many earlier changes lost something, and of how many operations: these are noted, since they
    cannot be taken back any more.
    """
    affected: list[int] = []
    for kind, ids in scope.ids.items():
        sql = f"DELETE FROM changes WHERE kind = ? AND record {_THESE} RETURNING operation"
        affected += [row[0] for row in store.execute(sql, (kind, rows(ids))).fetchall()]
    store.execute(f"DELETE FROM causes WHERE record {_THESE}", (rows(scope.ids["visitor"]),))
    affected += _clean(store, _Cleaner(store, scope, known))
    earlier = [one for one in affected if one != operation.pk]
    operations = sorted(set(earlier))
    sql = "INSERT INTO erased_changes (operation, erasure) SELECT value, ? FROM json_each(?)"
    store.execute(sql, (operation.pk, rows(operations)))
    return len(earlier), len(operations)


def still_held(store: Store, known: Known) -> tuple[set[str], set[str]]:
    """The emails and the external ids that a contact which stays has, too."""
    return tuple(  # type: ignore[return-value]
        {row[0] for row in store.execute(f"SELECT {column} FROM contacts WHERE {column} {_THESE}", (rows(values),))}
        for column, values in (("email", known.emails), ("external_id", known.external_ids))
    )


def identities(store: Store, scope: Scope, known: Known) -> Identities:
    """What the erased ones were known by, but for what somebody who stays is known by, too."""
    emails, external_ids = still_held(store, known)
    return {
        "visitorId": scope.ids["visitor"],
        "contactId": scope.ids["contact"],
        "externalId": known.external_ids - external_ids,
        "email": known.emails - emails,
    }


# What goes


def _with_tombstones(store: Store, contacts: set[str]) -> set[str]:
    """The contacts with those that were merged into them, and with tombstones of others that still lead by
    an email or external id which is theirs alone: from a merge that was taken apart.
    """
    alias = " UNION ".join(
        f"SELECT t.id FROM contacts AS t JOIN contacts AS c ON c.{column} = t.{column} AND c.id {_THESE}"
        " WHERE t.merged_into IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM contacts AS o WHERE o.{column} = t.{column} AND o.merged_into IS NULL AND o.id NOT {_THESE})"
        for column in ("email", "external_id")
    )
    while True:
        more = _found(store, "contact", "merged_into", contacts)
        more |= {row[0] for row in store.execute(alias, [rows(contacts)] * 4)}
        if more <= contacts:
            return contacts
        contacts = contacts | more


def _scope(store: Store, contacts: set[str], visitors: set[str]) -> Scope:
    own = {row[0] for row in store.execute(_OWN_CONVERSATIONS, (rows(visitors),))}
    started = _there(store, "conversation", "visitor_id", visitors)
    of_contacts = _found(store, "conversation", "contact_id", contacts)
    kept = started - own - of_contacts
    conversations = own | of_contacts | _removed(store, "conversation", "visitor_id", visitors)
    written = f"SELECT id FROM messages WHERE visitor_id {_THESE} AND conversation_id NOT {_THESE}"
    ids = {
        "contact": contacts,
        "visitor": visitors,
        "block": _found(store, "block", "contact_id", contacts) | _found(store, "block", "visitor_id", visitors),
        "conversation": conversations,
        "message": _found(store, "message", "conversation_id", conversations)
        | {row[0] for row in store.execute(written, (rows(visitors), rows(kept)))}
        | _removed(store, "message", "visitor_id", visitors),
    }
    return Scope(ids, kept)


# Those that belong to nobody else: to the visitor alone, or to the contact that it is linked to now.
_OWN_CONVERSATIONS = (
    "SELECT k.id FROM conversations AS k JOIN visitors AS v ON v.id = k.visitor_id"
    f" WHERE v.id {_THESE} AND (k.contact_id IS NULL OR k.contact_id = v.contact_id)"
)


def _found(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    return _there(store, kind, column, values) | _removed(store, kind, column, values)


def _there(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    sql = f"SELECT id FROM {RECORDED[kind]} WHERE {column} {_THESE}"
    return {row[0] for row in store.execute(sql, (rows(values),))}


def _removed(store: Store, kind: str, column: str, values: set[str]) -> set[str]:
    """As `_there`, of records that only the history has, by what they were when they were removed."""
    if not values:
        return set()
    sql = f"SELECT h.record FROM changes AS h WHERE json_extract(h.before, '$.{column}') {_THESE} AND"
    return {row[0] for row in store.execute(f"{sql} {_is_removed(kind)}", (rows(values),))}


def _is_removed(kind: str) -> str:
    return (
        f"h.kind = '{kind}' AND h.before IS NOT NULL AND h.after IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {RECORDED[kind]} WHERE id = h.record)"
    )


def _survivors(store: Store, contacts: set[str]) -> set[str]:
    """Other contacts that one of these is or was merged into, through chains too."""
    sql = (
        f"SELECT merged_into FROM contacts WHERE id {_THESE} UNION SELECT json_extract(before, '$.merged_into')"
        f" FROM changes WHERE kind = 'contact' AND record {_THESE} UNION SELECT json_extract(after, '$.merged_into')"
        f" FROM changes WHERE kind = 'contact' AND record {_THESE}"
    )
    found = set(contacts)
    while True:
        more = {row[0] for row in store.execute(sql, [rows(found)] * 3)} - {None} - found
        if not more:
            return found - contacts
        found |= more


def _pairs(metadata: str) -> Iterator[tuple[str, str]]:
    """Keys and values of metadata, the values as JSON: 1 is not true."""
    for key, value in _decode(metadata).items():
        yield key, _json(value)


# What is left


def _give_back(store: Store, kind: str, numbers: Collection[int]) -> None:
    """Take numbers out of the ranges in which they were given: a new row may get the last ones again, and
    then it must not pass for one that an earlier operation made.
    """
    sql = (
        "SELECT n.pk, n.operation, n.first, n.last, gone.value FROM json_each(?) AS gone JOIN creations AS n ON n.pk ="
        " (SELECT pk FROM creations WHERE kind = ? AND last >= gone.value ORDER BY last LIMIT 1)"
        " AND n.first <= gone.value ORDER BY gone.value"
    )
    found = store.execute(sql, (rows(sorted(numbers)), kind)).fetchall()
    for (pk, operation, first, last), gone in groupby(found, key=itemgetter(0, 1, 2, 3)):
        store.execute("DELETE FROM creations WHERE pk = ?", (pk,))
        store.execute_many(
            "INSERT INTO creations (operation, kind, first, last) VALUES (?, ?, ?, ?)",
            ((operation, kind, *piece) for piece in _without(first, last, (row[4] for row in gone))),
        )


def _without(first: int, last: int, gone: Iterable[int]) -> Iterator[tuple[int, int]]:
    """What is left of a range, as ranges, without the numbers that are `gone`, in ascending order."""
    for number in gone:
        if first < number:
            yield first, number - 1
        first = number + 1
    if first <= last:
        yield first, last


def _stand_in(store: Store, operation: OpenOperation, links: dict[str, tuple[Any, ...]]) -> None:
    """Let a deleted visitor of which nothing is known stand where conversations refer to one that is gone:
    one for each device and contact, linked to the contact to whom the conversation belongs.
    """
    stand_ins: dict[tuple[Any, ...], str] = {}
    for conversation_id, (visitor_id, contact_id, created_at) in links.items():
        new_id = stand_ins.get((visitor_id, contact_id))
        if new_id is None:
            new_id = stand_ins[visitor_id, contact_id] = operation.new_id()
            store.execute(
                "INSERT INTO visitors (id, contact_id, created_at, updated_at, deleted_at) VALUES (?, ?, ?, ?, ?)",
                (new_id, contact_id, created_at, operation.at, operation.at),
            )
        store.execute("UPDATE conversations SET visitor_id = ? WHERE id = ?", (new_id, conversation_id))
        store.execute(
            "UPDATE messages SET visitor_id = ? WHERE conversation_id = ? AND visitor_id = ?",
            (new_id, conversation_id, visitor_id),
        )


# The history of others

# A link or an identity is in the change, before and after alike; most changes of visitors have none.
_CANDIDATES = (
    "SELECT pk, operation, kind, record, before, after FROM changes"
    " WHERE kind <> 'visitor' OR instr(coalesce(before, after), '\"contact_id\"')"
)


def _clean(store: Store, cleaner: _Cleaner) -> list[int]:
    """The operations whose changes lost something, one for each change."""
    affected, emptied, changed, unlinked = [], [], [], []
    for pk, operation, kind, record, *texts in store.execute(_CANDIDATES):
        before, after = (None if text is None else _decode(text) for text in texts)
        if not cleaner.clean(kind, record, before, after):
            continue
        affected.append(operation)
        if kind == "visitor":
            unlinked.append((operation, record))
        if before or after:
            changed.append((*(None if side is None else encode(side) for side in (before, after)), pk))
        else:
            emptied.append(pk)
    store.execute(f"DELETE FROM changes WHERE pk {_THESE}", (rows(emptied),))
    store.execute_many("UPDATE changes SET before = ?, after = ? WHERE pk = ?", changed)
    # why it was linked to, or taken from, somebody who is gone
    store.execute_many("DELETE FROM causes WHERE operation = ? AND record = ?", unlinked)
    return affected


class _Cleaner:
    """Takes what was the erased ones' own out of the changes of others."""

    def __init__(self, store: Store, scope: Scope, known: Known) -> None:
        emails, external_ids = still_held(store, known)
        self._erased = {
            kind: {column: scope.ids[target] for column, target in links.items()} for kind, links in _LINKS.items()
        }
        self._erased["contact"] |= {"email": known.emails - emails, "external_id": known.external_ids - external_ids}
        self._known = known
        sql = f"SELECT id, name, image, metadata FROM contacts WHERE id {_THESE}"
        self._now = {row[0]: row[1:] for row in store.execute(sql, (rows(known.survivors),))}

    def clean(self, kind: str, record: str, before: _Columns | None, after: _Columns | None) -> bool:
        """Whether the change lost something; what has become the same before and after is left out of both."""
        sides = [side for side in (before, after) if side is not None]
        lost = {column for side in sides for column in self._lost(kind, record, side)}
        if before is not None and after is not None:
            for column in lost & before.keys() & after.keys():
                if before[column] == after[column]:
                    del before[column], after[column]
        return bool(lost)

    def _lost(self, kind: str, record: str, side: _Columns) -> Iterator[str]:
        """Make what goes null in one side of a change; the columns that this changed."""
        erased = self._erased[kind]
        is_survivor = kind == "contact" and record in self._known.survivors
        if is_survivor:
            name, image, metadata = self._now.get(record, (None, None, "{}"))
            erased = {**erased, "name": self._known.names - {name}, "image": self._known.images - {image}}
        for column, values in erased.items():
            if side.get(column) in values:
                side[column] = None
                yield column
        if is_survivor and side.get("metadata"):
            gone = self._known.metadata - set(_pairs(metadata))
            kept = [pair for pair in _decode(side["metadata"]).items() if (pair[0], _json(pair[1])) not in gone]
            left = dict(kept)
            if len(left) < len(_decode(side["metadata"])):
                side["metadata"], side["metadata_hash"] = encode(left), metadata_hash(left)
                yield from ("metadata", "metadata_hash")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
