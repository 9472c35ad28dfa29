from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from visitors.store.file.sqlite import SqliteDatabase

Visitors = Callable[..., Any]


@pytest.fixture
def wasteful(visitors: Visitors, store_path: Path) -> Path:
    """A store with many free pages."""
    visitors("seed", "--seed", "3", "--count", "300")
    with closing(sqlite3.connect(store_path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE much AS SELECT hex(randomblob(2000)) FROM visitors, (SELECT 1 UNION SELECT 2)")
        connection.execute("DROP TABLE much")
    return store_path


def test_it_gives_space_back_and_keeps_every_record(visitors: Visitors, wasteful: Path) -> None:
    before, size = visitors("db", "dump").stdout, wasteful.stat().st_size
    done = visitors("db", "compact", "--format", "json").json
    assert done == {"path": str(wasteful), "bytesBefore": size, "bytesAfter": wasteful.stat().st_size}
    assert done["bytesAfter"] < size * 0.8
    assert visitors("db", "dump").stdout == before
    assert [one.name for one in wasteful.parent.iterdir()] == ["visitors.db"]
    visitors("db", "check")


def test_into_a_pipe_it_prints_the_path(visitors: Visitors, wasteful: Path) -> None:
    assert visitors("db", "compact").stdout == f"{wasteful}\n"


def test_the_check_advises_it_where_it_pays(visitors: Visitors, wasteful: Path) -> None:
    def advice() -> str | None:
        found: dict[str, str | None] = {
            one["check"]: one["help"] for one in visitors("db", "check", "--format", "json").json
        }
        return found["space"]

    assert wasteful.exists()
    assert advice() == "visitors db compact"
    visitors("db", "compact")
    assert advice() is None


@pytest.mark.parametrize("held", ["BEGIN IMMEDIATE", "SELECT 1 FROM visitors"])
def test_it_is_refused_while_another_process_has_the_store_open(
    visitors: Visitors, wasteful: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.setenv("VISITORS_TIMEOUT", "0.2")
    size = wasteful.stat().st_size
    with closing(sqlite3.connect(wasteful, isolation_level=None)) as other:
        other.execute(held).fetchall()
        refused = visitors("db", "compact", "--format", "json", code=6)
    assert refused.error["code"] == "store_locked"
    assert wasteful.stat().st_size == size
    visitors("db", "compact")


class Usage(NamedTuple):
    """Disk usage in bytes."""

    total: int
    free: int


def test_it_is_refused_without_room_on_the_disk(
    visitors: Visitors, wasteful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100_000, 10_000))
    before = wasteful.read_bytes()
    refused = visitors("db", "compact", "--format", "json", code=6)
    assert refused.error["code"] == "disk_full"
    assert "10,000 are free" in refused.error["message"]
    assert wasteful.read_bytes() == before


def test_damaged_indexes_are_rebuilt_once_there_is_room(
    visitors: Visitors, wasteful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite briefly sees the index without any rows
    change = "UPDATE sqlite_master SET sql = {} WHERE name = 'visitors_language'"
    for statements in (
        (change.format("sql || ' WHERE 0'"),),
        ("REINDEX visitors_language", change.format("replace(sql, ' WHERE 0', '')")),
    ):
        with closing(sqlite3.connect(wasteful, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            for sql in statements:
                connection.execute(sql)
    done: list[str] = []
    execute = SqliteDatabase.execute

    def listened(database: SqliteDatabase, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        done.append(sql)
        return execute(database, sql, parameters)

    monkeypatch.setattr(SqliteDatabase, "execute", listened)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: Usage(100_000, 10_000))
        assert visitors("db", "compact", "--format", "json", code=6).error["code"] == "disk_full"
    assert "REINDEX" not in done

    assert visitors("db", "check", code=8).stdout
    visitors("db", "compact")
    assert "REINDEX" in done
    visitors("db", "check")


def test_a_damaged_store_is_not_touched(visitors: Visitors, wasteful: Path) -> None:
    visitors("db", "compact")
    content = bytearray(wasteful.read_bytes())
    content[-8192:] = b"\xff" * 8192
    wasteful.write_bytes(content)
    refused = visitors("db", "compact", "--format", "json", code=6)
    assert refused.error["code"] == "store_corrupt"
    assert wasteful.read_bytes() == content


@pytest.mark.parametrize(
    "words", ["db compact", "undo --dry-run", "contacts list", "export", "list --metadata plan=pro", "erase v --yes"]
)
def test_a_store_with_damaged_documents_is_reported_as_damaged_and_unchanged(
    visitors: Visitors, store_path: Path, words: str
) -> None:
    visitors("create", "--id", "v")
    visitors("identify", "v", "--external-id", "u", "--metadata", "plan=pro")
    visitors("db", "compact")
    content = store_path.read_bytes().replace(b'{"', b'x"')
    store_path.write_bytes(content)
    refused = visitors(*words.split(), "--format", "json", code=6)
    assert refused.error["code"] == "store_corrupt"
    assert "visitors db check" in refused.error["hint"]
    for format_ in ("csv", "tsv"):
        visitors("export", "--format", format_, code=6)
    assert store_path.read_bytes() == content


def test_without_a_store_there_is_nothing_to_compact(visitors: Visitors, store_path: Path) -> None:
    assert visitors("db", "compact", "--format", "json", code=6).error["code"] == "store_missing"
    assert not store_path.exists()
