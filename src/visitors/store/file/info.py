"""What a store holds, and its settings."""

from __future__ import annotations

import msgspec

from visitors.domain.times import Instant
from visitors.store.file.readonly import size_with_log
from visitors.store.file.sqlite import sqlite_version
from visitors.store.places import File
from visitors.store.query.selection import BLOCKED
from visitors.store.schema.version import SCHEMA_VERSION
from visitors.store.store import Store


class StoreInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The number of live records, and settings; `bytes` is the size of the file and its write-ahead log."""

    store: str | None
    """Its name in the settings file, if it was opened by name."""
    path: str
    bytes: int
    schema_version: int
    newest_schema_version: int
    journal_mode: str
    sqlite_version: str
    visitors: int
    identified: int
    blocked: int
    contacts: int
    conversations: int
    operations: int


def read(store: Store, current: Instant, name: str | None = None) -> StoreInfo:
    """Read the current values; `name` is that of the store in the settings file."""

    def number(sql: str, *parameters: object) -> int:
        return int(store.execute(sql, parameters).fetchone()[0])

    live = "FROM visitors AS v WHERE v.deleted_at IS NULL"
    return StoreInfo(
        store=name,
        path=store.name,
        bytes=size_with_log(store.place.path) if isinstance(store.place, File) else 0,
        schema_version=number("PRAGMA user_version"),
        newest_schema_version=SCHEMA_VERSION,
        journal_mode=str(store.execute("PRAGMA journal_mode").fetchone()[0]),
        sqlite_version=sqlite_version(),
        visitors=number(f"SELECT count(*) {live}"),
        identified=number(f"SELECT count(*) {live} AND v.contact_id IS NOT NULL"),
        blocked=number(f"SELECT count(*) {live} AND {BLOCKED}", current, current),
        contacts=number("SELECT count(*) FROM contacts WHERE deleted_at IS NULL AND merged_into IS NULL"),
        conversations=number("SELECT count(*) FROM conversations"),
        operations=number("SELECT count(*) FROM operations"),
    )
