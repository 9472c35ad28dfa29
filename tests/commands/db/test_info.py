from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors.store.schema.version import SCHEMA_VERSION

Visitors = Callable[..., Any]
Fill = Callable[..., None]


def test_it_counts_what_is_live(visitors: Visitors, fill: Fill, store_path: Path) -> None:
    fill(
        {"id": "a", "contact": {"externalId": "u", "isBlocked": True}},
        {"id": "b", "contact": {"externalId": "u"}},
        {"id": "c", "isBlocked": True},
        {"id": "d"},
        {"id": "e", "isBlocked": True, "deletedAt": "2026-01-01", "contact": {"externalId": "w"}},
        {"id": "f", "contact": {"id": "gone", "deletedAt": "2026-01-01"}},
    )
    visitors("conversations", "start", "d")
    info = visitors("db", "info", "--format", "json").json
    expected = {"visitors": 5, "identified": 3, "blocked": 3, "contacts": 2, "conversations": 1, "operations": 2}
    assert {key: info[key] for key in expected} == expected
    assert info["path"] == str(store_path)
    assert info["bytes"] >= store_path.stat().st_size > 0
    assert info["schemaVersion"] == info["newestSchemaVersion"] == SCHEMA_VERSION
    assert info["journalMode"] == "wal"


def test_the_store_is_private_to_its_owner(visitors: Visitors, tmp_path: Path) -> None:
    store = tmp_path / "new" / "folder" / "visitors.db"
    visitors("create", "--db", str(store))
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "another"])
def test_a_file_that_is_not_a_store_is_reported_and_unchanged(visitors: Visitors, tmp_path: Path, kind: str) -> None:
    import sqlite3

    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("Dear diary, " * 100)
    elif kind == "another":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    before = path.read_bytes() if path.is_file() else None
    for command in (("db", "info"), ("list",), ("db", "migrate"), *([] if kind == "missing" else [("create",)])):
        refused = visitors(*command, "--db", str(path), "--format", "json", code=6)
        assert refused.error["code"] == {"missing": "store_missing"}.get(kind, "store_invalid")
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_store_made_by_a_newer_version_is_refused(visitors: Visitors, anonymous: str, store_path: Path) -> None:
    import sqlite3

    assert anonymous
    connection = sqlite3.connect(store_path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for command in (("db", "info"), ("create",)):
        assert visitors(*command, "--format", "json", code=6).error["code"] == "store_newer"
