"""The views that other programs read: the output of `show`, as tables whose columns are its keys.

A store has each of them as `v_NAME`, as of SQLite's clock; `visitors sql` uses the plain names, as of the program's
clock. `schema/baseline_views.sql` has their text in stores. A migration that changes a view drops and creates it again;
`python tests/migration.py` prints the statements.

A visitor's contact and block columns are looked up one by one. A join would read all columns faster (6 s instead of 25
at a million visitors), but SQLite would join even if a query uses none of it: 1.7 s instead of 0.03 to count visitors,
4.3 instead of 0.1 to count them by language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from visitors.domain.block import Block
from visitors.domain.contact import ListedContact
from visitors.domain.conversation import Conversation, Message
from visitors.domain.fields import CONTACT, FLAT, Field
from visitors.domain.operation import Change, Operation
from visitors.store.history import operations
from visitors.store.query.filters import LIVE
from visitors.store.query.selection import BLOCKED
from visitors.store.records import blocks, contacts, conversations, visitors
from visitors.store.schema.recorded import COLUMNS, EXACT, REALS, RECORDED, TABLES, public_name

NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
"""The SQL of the current instant, by SQLite's own clock."""

PREFIX = "v_"
"""The prefix of view names in stores, where tables have the plain names."""

READ_BY_VIEWS = frozenset({*RECORDED.values(), "operations", "changes", "creations", "undone"})
"""The tables that views read."""


class Column(msgspec.Struct, frozen=True):
    """A column of a view, for documentation: a `boolean` is 1 or 0, a `document` or a `list` is JSON text."""

    view: str
    column: str
    type: str
    meaning: str


def _names(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return struct.__struct_encode_fields__


TOLD_OF_OPERATIONS = ("targets", "targetCount", "reason", "expiresAt")
"""Columns that `history` computes from the changes of an operation; a query can use the changes directly."""

VIEWS: Mapping[str, tuple[str, ...]] = {
    "visitors": tuple(FLAT),
    "contacts": _names(ListedContact),
    "conversations": _names(Conversation),
    "messages": _names(Message),
    "blocks": (*_names(Block), "state"),
    "operations": tuple(name for name in _names(Operation) if name not in TOLD_OF_OPERATIONS),
    "changes": _names(Change),
}
"""View -> its columns: the keys of `show`, and for a block its current state."""


def in_store(view: str) -> str:
    """Build the statement that creates the view in a store, as `v_NAME`."""
    return f"CREATE VIEW {PREFIX}{view} {_select(view, NOW)};"


def of_connection(view: str, now: str) -> str:
    """Build the statement that creates the view for one connection, where it shadows the table of the same name; `now`
    is the SQL of the current instant.
    """
    return f"CREATE TEMP VIEW {view} {_of_tables(_select(view, now))}"


def of_query(view: str, now: str) -> str:
    """Return the view as a common table expression, which shadows the table of the same name."""
    columns, query = _of_tables(_select(view, now)).split(" AS\n", 1)
    return f"{view} {columns} AS (\n{query}\n)"


def _of_tables(sql: str) -> str:
    """Make the SQL read tables, not the views that shadow them."""
    return re.sub(rf"\b(FROM|JOIN) ({'|'.join(TABLES.values())})\b", r"\1 main.\2", sql)


def _select(view: str, now: str) -> str:
    columns = ", ".join(f'"{column}"' for column in VIEWS[view])
    return f"({columns}) AS\n{_QUERIES[view].strip()}".replace("?", now)


def _of_visitor(path: str, field: Field) -> str:
    """Build the SQL of a column of visitor `v`."""
    if path in _OF_VISITOR:
        return _OF_VISITOR[path]
    if field.table == "contacts":
        return f"(SELECT {field.column} FROM contacts WHERE id = v.contact_id)"
    if field.table == "blocks":
        return f"(SELECT {field.column} FROM blocks WHERE pk = {visitors.LIVE_BLOCK})"
    return f"v.{field.column}"


_CONTACT_IS_BLOCKED = f"EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND {LIVE})"
_OF_VISITOR = {
    "isBlocked": BLOCKED,
    "contact.id": "v.contact_id",
    "contact.isBlocked": f"iif(v.contact_id IS NULL, NULL, {_CONTACT_IS_BLOCKED})",
}
_VISITOR = ",\n    ".join(_of_visitor(*one) for one in FLAT.items())

_STATE = f"CASE WHEN lifted_at IS NOT NULL THEN 'lifted' WHEN {LIVE} THEN 'live' ELSE 'expired' END"

# What is undone, and by which operation: the newest undo that is not itself undone, recursively.
_UNDOS = """WITH RECURSIVE
    last (target, operation) AS (SELECT target, max(operation) FROM undone GROUP BY target),
    judged (operation, stands) AS (
        SELECT operation, 1 FROM last WHERE operation NOT IN (SELECT target FROM last)
        UNION SELECT last.target, NOT judged.stands FROM judged JOIN last ON last.operation = judged.operation
    ),
    undos (target, id) AS (
        SELECT last.target, u.id FROM last
        JOIN judged ON judged.operation = last.operation AND judged.stands
        JOIN operations AS u ON u.pk = last.operation
    )"""

_RENAMED = sorted({one for columns in COLUMNS.values() for one in columns if public_name(one) != one})
_PUBLIC = (
    "json_group_object(CASE key"
    + "".join(f" WHEN '{one}' THEN '{public_name(one)}'" for one in _RENAMED)
    + f" ELSE key END, {EXACT.format('value')})"
)


def _public(document: str) -> str:
    """Build the SQL of a JSON object of columns under their public names."""
    return f"iif({document} IS NULL, NULL, (SELECT {_PUBLIC} FROM json_each({document}) WHERE key <> 'pk'))"


def _now(kind: str) -> str:
    """Build the SQL of a JSON object of the current columns of the record `h.record`."""
    columns = ", ".join(
        f"'{one}', {EXACT.format(one) if one in REALS else one}" for one in COLUMNS[kind] if one != "pk"
    )
    return f"WHEN '{kind}' THEN (SELECT json_object({columns}) FROM {RECORDED[kind]} WHERE id = h.record)"


_RECORDS_NOW = f"\n{' ' * 20}".join(map(_now, RECORDED))
# A record's state when it was created, or restored by the change h.pk: for each column the value before its first later
# change, or else the current one.
_AS_CREATED = f"""(
        SELECT {_PUBLIC} FROM (
            SELECT key, value, min(pk) FROM (
                SELECT key, value, l.pk FROM changes AS l, json_each(l.before)
                WHERE l.record = h.record AND l.kind = h.kind AND l.pk > h.pk
                UNION ALL SELECT key, value, 9223372036854775807 FROM json_each(CASE h.kind
                    {_RECORDS_NOW}
                END)
            ) WHERE key <> 'pk' GROUP BY key
        )
    )"""


def _created(kind: str) -> str:
    """Build the SQL for the creations of a kind of record, existing or removed."""
    table, number = RECORDED[kind], "json_extract(before, '$.pk')"
    select = f"SELECT n.operation, '{kind}', r.id, NULL, NULL, 0 FROM"
    of_range = f"creations AS n ON n.kind = '{kind}' AND r.pk BETWEEN n.first AND n.last"
    return f"""
    UNION ALL {select} {table} AS r JOIN {of_range}
    UNION ALL {select} (
        SELECT DISTINCT {number} AS pk, record AS id FROM changes
        WHERE kind = '{kind}' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM {table} WHERE pk = {number})
    ) AS r JOIN {of_range}"""


_QUERIES = {
    "visitors": f"SELECT\n    {_VISITOR}\nFROM visitors AS v",
    "contacts": f"{contacts.SELECT_LISTED} WHERE c.merged_into IS NULL",
    "conversations": conversations.SELECT,
    "messages": f"SELECT {', '.join(COLUMNS['message'][1:])} FROM messages",
    "blocks": f"SELECT {blocks.COLUMNS}, {_STATE} FROM blocks",
    "operations": f"{_UNDOS}\nSELECT {operations.COLUMNS}, undos.id\nFROM operations AS o"
    " LEFT JOIN undos ON undos.target = o.pk",
    "changes": f"""SELECT o.id, o.at, o.actor, o.command, h.kind, h.record,
    CASE WHEN h.before IS NULL THEN 'created' WHEN h.after IS NULL THEN 'removed' ELSE 'changed' END,
    {_public("h.before")},
    iif(h.before IS NULL AND h.after IS NULL, {_AS_CREATED}, {_public("h.after")})
FROM (
    SELECT operation, kind, record, before, after, pk FROM changes{"".join(map(_created, RECORDED))}
) AS h JOIN operations AS o ON o.pk = h.operation""",
}
"""View -> its query, in which `?` is the current instant."""


def described() -> Iterator[Column]:
    """Return every column of every view."""
    fields: Mapping[str, Mapping[str, Field]] = {"visitors": FLAT, "contacts": {field.name: field for field in CONTACT}}
    for view, columns in VIEWS.items():
        for column in columns:
            field = fields.get(view, {}).get(column)
            name = column.rpartition(".")[2]
            meaning = _MEANINGS.get(f"{view}.{column}") or _MEANINGS.get(name) or (field.about if field else "")
            yield Column(view, column, _type(name, field), meaning)


def _type(name: str, field: Field | None) -> str:
    if field is not None:
        return field.type
    if name.endswith("Count"):
        return "integer"
    if name.endswith("At") or name == "at":
        return "time"
    return {"arguments": "list", "before": "document", "after": "document"}.get(name, "text")


_MEANINGS = {
    "id": "The id",
    "isBlocked": "Whether it is blocked now",
    "visitors.isBlocked": "Whether it or its contact is blocked now",
    "visitors.contact.id": "Its contact; null if anonymous",
    "metadata": "Further data about the person from the application",
    "metadataHash": "Hash of the metadata, as the API has it",
    "createdAt": "When it was created",
    "updatedAt": "When it was last changed",
    "deletedAt": "When it was deleted; null if it was not",
    "lastSeenAt": "When it was last seen",
    "blockedAt": "When the block started",
    "blockedBy": "Who blocked",
    "blockReason": "Why",
    "blockExpiresAt": "When the block ends; null for never",
    "visitorCount": "Number of visitors, without deleted ones",
    "title": "Title",
    "status": "open, resolved or spam",
    "priority": "low, normal, high or urgent",
    "visitorId": "The visitor",
    "contactId": "The contact",
    "messages.visitorId": "The visitor who wrote it; null if an agent did",
    "blocks.visitorId": "The visitor who is blocked; null if a contact is",
    "blocks.contactId": "The contact who is blocked; null if a visitor is",
    "messageCount": "Number of messages",
    "resolvedAt": "When it was resolved",
    "conversationId": "The conversation",
    "agent": "The agent who wrote it; null if the visitor did",
    "body": "What was written",
    "reason": "Why",
    "expiresAt": "When it ends; null for never",
    "liftedAt": "When it was lifted",
    "liftedBy": "Who lifted it",
    "state": "live, lifted or expired, as it is now",
    "at": "When it was done",
    "actor": "Who did it",
    "command": "By which command",
    "arguments": "The names of the options that were given",
    "changeCount": "Number of changed records",
    "undoneBy": "The operation that undid it, unless undone itself",
    "operationId": "The operation",
    "kind": "visitor, contact, block, conversation or message",
    "recordId": "The id of the record",
    "action": "created, changed or removed",
    "before": "Changed fields before; all fields of a removed record",
    "after": "Changed fields after; all fields of a new record",
}
"""Descriptions of columns not covered by the fields, by name, or by view and name."""
