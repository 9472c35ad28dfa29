"""What is derived from the records to find them by: texts, metadata by key, who is blocked, bounds of ids and times.

- `visitors_text` and `contacts_text` are full-text indexes; see `visitors.store.texts`.
- `contact_metadata` has a row for each key of each contact.
- `visitor_blocks` has a row for each visitor that a block lies on which was not lifted, its own or that of its contact.
- `visitor_zones` and `visitor_days` are zone maps of visitors; see `visitors.store.zones` and `visitors.store.days`.
- `visitor_places` and `visitor_machines` are the values that come together; see `visitors.store.kinds`.

Triggers keep them all. Whoever loads much at once drops these (`TRIGGERS`) and makes everything anew at the end.
"""

from __future__ import annotations

from collections.abc import Iterable

from visitors.store import days, kinds, zones
from visitors.store.connection import Store
from visitors.store.texts import TEXTS, TextIndexes

MAPS = (zones, days, kinds)
"""What tells of visitors beside them. Each can be made anew, and narrowed to those that are left."""

TRIGGERS = (
    "visitors_text_insert",
    "visitors_text_update",
    "visitors_text_delete",
    "contacts_text_insert",
    "contacts_text_update",
    "contacts_text_delete",
    "contact_metadata_insert",
    "contact_metadata_update",
    "contact_metadata_delete",
    *(f"visitor_blocks_{of}_{event}" for of in ("block", "visitor") for event in ("insert", "update", "delete")),
    *(name for one in MAPS for name in one.TRIGGERS),
)
"""The triggers that keep the derived tables."""

BLOCK_ROWS = " UNION ALL ".join(
    "SELECT v.pk, b.pk, b.expires_at FROM blocks AS b CROSS JOIN visitors AS v"
    f" ON v.{one} = b.{other} WHERE b.lifted_at IS NULL"
    for one, other in (("id", "visitor_id"), ("contact_id", "contact_id"))
)
"""The visitor's number, the block's, and when that expires."""

METADATA_ROWS = (
    "SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END"
)
"""Key and value of `json_each(metadata)`: numbers as numbers, true, false and null as a person writes them."""


def rebuild(store: Store, others: Iterable[str] = ()) -> None:
    """Fill the derived tables anew from the tables that they are derived from.

    Runs the `others` in the same transaction while a second core indexes the texts: statements that must leave these
    as they are. Behind them the indexes of visitors must be there.
    """
    with TextIndexes(store) as texts:
        rebuild_with(texts, store, others)


def rebuild_with(texts: TextIndexes, store: Store, others: Iterable[str]) -> None:
    """As `rebuild`, with full-text indexes that may be begun."""
    store.execute("PRAGMA threads = 1")  # one beside, which sorts a piece while this one reads the next
    for table in TEXTS:
        texts.index(table)
    _fill_metadata(store)
    zones.rebuild(store)
    for sql in others:
        store.execute(sql)
    _fill_blocks(store)
    days.rebuild(store)
    kinds.rebuild(store)
    texts.put_in_place()


def _fill_blocks(store: Store) -> None:
    store.execute("DELETE FROM visitor_blocks")
    store.execute(f"INSERT INTO visitor_blocks (visitor, block, expires_at) {BLOCK_ROWS} ORDER BY 1, 2")


def _fill_metadata(store: Store) -> None:
    store.execute("DELETE FROM contact_metadata")
    store.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact_id) {METADATA_ROWS}, contacts.id"
        " FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    )
