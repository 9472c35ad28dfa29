"""Whose a database is, and how far its schema has come: what is asked before anything else of a store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

from visitors.errors import StoreProblem

SCHEMA_VERSION = 11
"""How many migrations there are. Kept here so that opening a current store imports none of them."""

APPLICATION_ID = 0x56535452
"""`VSTR`, in SQLite's header field that tells whose file it is."""

RECORDED = {
    "contact": "contacts",
    "visitor": "visitors",
    "block": "blocks",
    "conversation": "conversations",
    "message": "messages",
}
"""Kind of record -> its table, for those whose every change is recorded; what is referred to comes first."""

REFERENCES = (
    ("contact", "merged_into", "contact"),
    ("visitor", "contact_id", "contact"),
    ("block", "visitor_id", "visitor"),
    ("block", "contact_id", "contact"),
    ("conversation", "visitor_id", "visitor"),
    ("conversation", "contact_id", "contact"),
    ("message", "conversation_id", "conversation"),
    ("message", "visitor_id", "visitor"),
)
"""Kind of record, the column by which it refers to another, and of what kind that is."""


def claimed(kind: str) -> str:
    """The SQL of the highest number that a closed operation gave to a record of the kind."""
    return f"coalesce((SELECT max(last) FROM creations WHERE kind = '{kind}'), 0)"


def given(kind: str) -> str:
    """The SQL of the highest number that any record of the kind ever had: one that is there, that a closed operation
    made, or that was removed.
    """
    return (
        f"max({claimed(kind)}, coalesce((SELECT max(pk) FROM {RECORDED[kind]}), 0),"
        " coalesce((SELECT json_extract(before, '$.pk') FROM changes INDEXED BY changes_removed"
        f" WHERE kind = '{kind}' AND before IS NOT NULL AND after IS NULL"
        " ORDER BY json_extract(before, '$.pk') DESC LIMIT 1), 0))"
    )


class _Database(Protocol):
    def execute(self, sql: str, /) -> sqlite3.Cursor: ...


def schema_version(database: _Database, path: Path) -> int:
    """The number of migrations that the store has had; 0 for an empty file. Raises StoreProblem."""
    # in one look: another process may be making the store meanwhile
    version, owner, empty = database.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),"
        " NOT EXISTS (SELECT 1 FROM sqlite_master)"
    ).fetchone()
    if owner != APPLICATION_ID:
        if version == 0 and owner == 0 and empty:
            return 0
        raise StoreProblem(
            f"{path} is a SQLite database, but not one that visitors made",
            code="store_invalid",
            hint="name another file with --db; to take data from it, export it as CSV and import that",
        )
    if version > SCHEMA_VERSION:
        raise StoreProblem(
            f"{path} was made by a newer version of visitors (schema {version}, this one knows {SCHEMA_VERSION})",
            code="store_newer",
            hint="upgrade: pip install --upgrade visitors",
        )
    return int(version)
