"""Fixture records in the store: read by id, written with every field that a file can have.

Other modules write only what commands may write; a fixture also sets ids, times and states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from visitors.domain.fields import CONTACT, VISITOR, columns, of_type
from visitors.domain.fixture import Values
from visitors.domain.folding import search_text
from visitors.domain.metadata import encode, metadata_hash
from visitors.store.database import THESE, decoded, rows
from visitors.store.records.search_texts import update_search_text
from visitors.store.schema.recorded import COLUMNS, DERIVED, RECORDED, SEARCHED, public_name
from visitors.store.store import Store

Kind = Literal["contact", "visitor", "conversation", "block", "message"]

_OTHERS: tuple[Kind, ...] = ("conversation", "block", "message")
# Public name -> column, without the number and the id; a reference is named after what it refers to.
_FIELDS: dict[Kind, dict[str, str]] = {
    "contact": {
        **columns((field for field in CONTACT if field.name not in ("id", "metadataHash")), "contacts"),
        "mergedInto": "merged_into",
    },
    "visitor": columns((field for field in VISITOR if field.name != "id"), "visitors"),
    **{kind: {public_name(one.removesuffix("_id")): one for one in COLUMNS[kind][2:]} for kind in _OTHERS},
}
_DOCUMENTS = of_type((*VISITOR, *CONTACT), "document")

# The condition of live records, for kinds that can be deleted or merged.
_LIVE = {
    "contact": "deleted_at IS NULL AND merged_into IS NULL",
    "visitor": "deleted_at IS NULL",
    "conversation": "1",
}

Found = dict[str, Values]
"""Record id -> its values, in creation order."""


def read(store: Store, kind: Kind, ids: Iterable[str] | None = None) -> Found:
    """Return the records with these ids, or all of the kind."""
    if ids is None:
        return _read(store, kind, "1", [])
    return _read(store, kind, f"id {THESE}", [rows(ids)])


def blocks(store: Store, visitor_ids: Iterable[str], contact_ids: Iterable[str]) -> Found:
    """Return every block of these visitors and contacts themselves, live or not."""
    condition = f"visitor_id {THESE} OR contact_id {THESE}"
    return _read(store, "block", condition, [rows(visitor_ids), rows(contact_ids)])


def conversations(store: Store, ids: Iterable[str] | None = None) -> Found:
    """Like `read`, for conversations with their messages, in order."""
    found = read(store, "conversation", ids)
    written = messages(store, found)
    for conversation_id, values in found.items():
        values["messages"] = list(written.get(conversation_id, {}).values())
    return found


def messages(store: Store, conversation_ids: Iterable[str]) -> dict[str, Found]:
    """Map conversation ids to their messages, in order."""
    condition = f"conversation_id {THESE}"
    found: dict[str, Found] = {}
    for message_id, values in _read(store, "message", condition, [rows(conversation_ids)]).items():
        found.setdefault(values.pop("conversation"), {})[message_id] = values
    return found


def started_by(store: Store, visitor_ids: Iterable[str]) -> list[str]:
    """Return the ids of the conversations that these visitors started."""
    condition = f"visitor_id {THESE}"
    return list(_read(store, "conversation", condition, [rows(visitor_ids)]))


def live_except(store: Store, kind: Kind, ids: Iterable[str]) -> Found:
    """Return the live records of the kind that are not among `ids`."""
    condition = f"id NOT {THESE} AND {_LIVE[kind]}"
    return _read(store, kind, condition, [rows(ids)])


def owners(
    store: Store, field: Literal["externalId", "email"], wanted: Iterable[str], besides: Iterable[str]
) -> dict[str, str]:
    """Map contact ids to values, for contacts not among `besides` that have one of the `wanted` values: for an external
    id those that are no tombstones, for an email the live ones.
    """
    column, condition = _FIELDS["contact"][field], "merged_into IS NULL"
    if field == "email":
        condition = _LIVE["contact"]
    sql = f"SELECT id, {column} FROM contacts WHERE {column} {THESE} AND id NOT {THESE} AND {condition} ORDER BY pk"
    return dict(store.execute(sql, (rows(wanted), rows(besides))).fetchall())


def defer_references(store: Store) -> None:
    """Let records refer to others that are inserted later in this transaction."""
    store.execute("PRAGMA defer_foreign_keys = ON")


def insert(store: Store, kind: Kind, records: Iterable[tuple[str, Values]]) -> None:
    """Insert records with their ids; missing values are null."""
    store.insert(kind, list(_row(kind, "", {})), (tuple(_row(kind, *record).values()) for record in records))


def change(store: Store, kind: Kind, record_id: str, before: Values, values: Values) -> None:
    """Set the fields in `values` of a record that was read as `before`."""
    columns = _columns(kind, values)
    if kind in SEARCHED:
        whole = _columns(kind, {**before, **values})
        columns[DERIVED] = search_text(*(whole[column] for column in SEARCHED[kind]))
    assignments = ", ".join(f"{column} = ?" for column in columns)
    store.later(f"UPDATE {RECORDED[kind]} SET {assignments} WHERE id = ?", [*columns.values(), record_id])


def release_external_ids(store: Store, contact_ids: Iterable[str]) -> None:
    """Clear the external ids of contacts."""
    sql = f"UPDATE contacts SET external_id = NULL WHERE id {THESE}"
    released = list(contact_ids)
    store.execute(sql, (rows(released),))
    update_search_text(store, "contact", released)


def remove(store: Store, kind: Literal["conversation", "message"], ids: Iterable[str]) -> None:
    """Remove records; the history keeps their values. Conversations are removed with their messages."""
    listed = rows(ids)
    if kind == "conversation":
        store.execute(f"DELETE FROM messages WHERE conversation_id {THESE}", (listed,))
    store.execute(f"DELETE FROM {RECORDED[kind]} WHERE id {THESE}", (listed,))


def _read(store: Store, kind: Kind, condition: str, parameters: Sequence[object]) -> Found:
    fields = _FIELDS[kind]
    sql = f"SELECT id, {', '.join(fields.values())} FROM {RECORDED[kind]} WHERE {condition} ORDER BY pk"
    found: Found = {}
    for row in store.execute(sql, parameters):
        values = dict(zip(fields, row[1:], strict=True))
        for field in _DOCUMENTS:
            if values.get(field) is not None:
                values[field] = decoded(values[field])
        found[row[0]] = values
    return found


def _row(kind: Kind, record_id: str, values: Values) -> dict[str, Any]:
    """Return a complete row: column -> value."""
    row = {"id": record_id, **_columns(kind, {field: values.get(field) for field in _FIELDS[kind]})}
    if kind in SEARCHED:
        row[DERIVED] = search_text(*(row[column] for column in SEARCHED[kind]))
    return row


def _columns(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert values to columns as stored."""
    columns: dict[str, Any] = {}
    for field, value in values.items():
        columns[_FIELDS[kind][field]] = encode(value) if field in _DOCUMENTS and isinstance(value, dict) else value
        if field == "metadata":
            columns["metadata"] = encode(value or {})
            columns["metadata_hash"] = metadata_hash(value or {})
    return columns
