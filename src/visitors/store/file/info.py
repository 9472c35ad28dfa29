"""What a store holds, and its settings."""

from __future__ import annotations

from typing import Any

import msgspec

from visitors.domain.times import Instant
from visitors.store.database import Question
from visitors.store.file.readonly import size_with_log
from visitors.store.places import File
from visitors.store.query.selection import BLOCKED
from visitors.store.schema.version import SCHEMA_VERSION
from visitors.store.servers import Server
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

    def one(sql: str, *parameters: object) -> Question[Any]:
        return Question(sql, parameters, lambda found: found[0][0])

    live = "FROM visitors AS v WHERE v.deleted_at IS NULL"
    version, mode, sqlite_version, size, *counts = store.ask_all(
        one("PRAGMA user_version"),
        one("PRAGMA journal_mode"),
        one("SELECT sqlite_version()"),
        one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
        one(f"SELECT count(*) {live}"),
        one(f"SELECT count(*) {live} AND v.contact_id IS NOT NULL"),
        one(f"SELECT count(*) {live} AND {BLOCKED}", current, current),
        one("SELECT count(*) FROM contacts WHERE deleted_at IS NULL AND merged_into IS NULL"),
        one("SELECT count(*) FROM conversations"),
        one("SELECT count(*) FROM operations"),
    )
    place = store.place
    of_place = size_with_log(place.path) if isinstance(place, File) else size if isinstance(place, Server) else 0
    return StoreInfo(name, store.name, of_place, version, SCHEMA_VERSION, mode, sqlite_version, *counts)
