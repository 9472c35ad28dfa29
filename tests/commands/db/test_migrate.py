from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from visitors.store.migrations import migrations
from visitors.store.schema import APPLICATION_ID, SCHEMA_VERSION

Visitors = Callable[..., Any]

THEN = "2025-01-01T00:00:00.000Z"


@pytest.fixture
def old_store(store_path: Path) -> Path:
    """A store as the first version made it, with a visitor, its contact and its block."""
    with closing(sqlite3.connect(store_path, isolation_level=None)) as connection:
        migrations.apply(Database(connection, execute_plugins=False), stop_before="m0002_conversations")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO operations (id, at, actor, command, arguments, is_open)"
            " VALUES ('OP', ?, 'eve', 'create', '[]', 1)",
            (THEN,),
        )
        connection.execute(
            "INSERT INTO contacts (id, external_id, created_at, updated_at) VALUES ('C', 'u', ?, ?)", (THEN, THEN)
        )
        connection.execute(
            "INSERT INTO visitors (id, contact_id, city, created_at, updated_at) VALUES ('v', 'C', 'Köln', ?, ?)",
            (THEN, THEN),
        )
        connection.execute(
            "INSERT INTO blocks (id, visitor_id, reason, blocked_at) VALUES ('B', 'v', 'spam', ?)", (THEN,)
        )
        connection.execute("UPDATE operations SET is_open = NULL")
    store_path.chmod(0o600)
    return store_path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def backups(store: Path) -> list[Path]:
    return sorted(store.parent.glob(f"{store.name}.*.bak"))


def test_it_backs_up_then_migrates_and_prints_where_the_backup_is(visitors: Visitors, old_store: Path) -> None:
    answer = visitors("db", "migrate")
    (backup,) = backups(old_store)
    assert answer.stdout == f"{backup}\n"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (version(backup), version(old_store)) == (1, SCHEMA_VERSION)


def test_the_backup_is_the_store_as_it_was(visitors: Visitors, old_store: Path) -> None:
    with closing(sqlite3.connect(old_store)) as connection:
        before = list(connection.iterdump())
    visitors("db", "migrate")
    with closing(sqlite3.connect(backups(old_store)[0])) as connection:
        assert list(connection.iterdump()) == before


def test_the_data_are_kept_and_the_store_can_be_used(visitors: Visitors, old_store: Path) -> None:
    assert old_store.exists()
    visitors("db", "migrate")
    visitor = visitors("show", "v", "--format", "json").json
    assert (visitor["city"], visitor["contact"]["externalId"], visitor["createdAt"]) == ("Köln", "u", THEN)
    assert (visitor["isBlocked"], visitor["blockReason"]) == (True, "spam")
    assert [one["actor"] for one in visitors("history", "--format", "json").json] == ["eve"]
    visitors("unblock", "v")
    visitors("conversations", "start", "v", "--message", "Hi")
    assert visitors("history", "v", "--format", "count").stdout == "5\n"


def test_a_second_run_has_nothing_to_do(visitors: Visitors, old_store: Path) -> None:
    visitors("db", "migrate")
    again = visitors("db", "migrate")
    assert again.stdout == ""
    assert "up to date" in again.stderr
    assert len(backups(old_store)) == 1


@pytest.mark.parametrize(
    "command",
    [("list",), ("show", "v"), ("create",), ("conversations", "list"), ("db", "info"), ("history",), ("export",)],
    ids=" ".join,
)
def test_any_other_command_migrates_too(visitors: Visitors, old_store: Path, command: tuple[str, ...]) -> None:
    visitors(*command)
    assert version(old_store) == SCHEMA_VERSION
    assert [version(backup) for backup in backups(old_store)] == [1]


def test_a_migrated_store_has_the_schema_of_a_new_one(visitors: Visitors, old_store: Path, tmp_path: Path) -> None:
    visitors("db", "migrate")
    visitors("create", "--db", str(tmp_path / "new.db"))
    schemas = []
    for path in (old_store, tmp_path / "new.db"):
        with closing(sqlite3.connect(path)) as connection:
            schemas.append(sorted(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall(), key=str))
    assert schemas[0] == schemas[1]


def test_a_new_store_has_nothing_to_back_up(visitors: Visitors, anonymous: str, store_path: Path) -> None:
    assert anonymous
    assert visitors("db", "migrate").stdout == ""
    assert backups(store_path) == []


def test_without_a_store_there_is_nothing_to_migrate(visitors: Visitors, store_path: Path) -> None:
    assert visitors("db", "migrate", "--format", "json", code=6).error["code"] == "store_missing"
    assert not store_path.exists()


def test_when_the_backup_cannot_be_written_the_store_stays_as_it_was(
    visitors: Visitors, old_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _version: int) -> Path:
        raise OSError(28, "No space left on device", str(old_store))

    monkeypatch.setattr("visitors.store.migrations._back_up", refuse)
    visitors("db", "migrate", code=6)
    assert version(old_store) == 1


def test_a_backup_that_does_not_fit_leaves_nothing_behind(
    visitors: Visitors, old_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visitors.store.placing.os.fsync", full)
    refused = visitors("db", "migrate", "--format", "json", code=6)
    assert refused.error["code"] == "disk_full"
    assert [one.name for one in old_store.parent.iterdir()] == [old_store.name]
    assert version(old_store) == 1
