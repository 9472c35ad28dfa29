"""An older store is migrated by a possible future version of the program (`next_version`), and rejected if it was made
before the first release.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from next_version import NEW, OLD, next_version, take_notes
from visitors.store.schema.version import APPLICATION_ID, BASELINE

Visitors = Callable[..., Any]
Environment = dict[str, str]

THEN = "2025-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment in which the next version of the program runs."""
    return next_version(tmp_path_factory.mktemp("next"))


@pytest.fixture
def upgraded(visitors_process: Visitors, newer: Environment) -> Visitors:
    """The command of the next version."""

    def invoke(*arguments: str, env: Environment | None = None, **options: Any) -> Any:
        return visitors_process(*arguments, env={**newer, **(env or {})}, **options)

    return invoke


@pytest.fixture
def old_store(visitors: Visitors, store_path: Path) -> Path:
    """A store made by this version, with a visitor, its contact, its block and its conversation."""
    visitors("create", "--id", "v", "--city", "Köln", "--latitude", "0.30000000000000004", now=THEN)
    visitors("identify", "v", "--external-id", "u", "--metadata", "plan=pro", now=THEN)
    visitors("conversations", "start", "v", "--message", "Hi", now=THEN)
    visitors("block", "v", "--reason", "spam", now=THEN)
    return store_path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def schema(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def backups(store: Path) -> list[Path]:
    return sorted(store.parent.glob(f"{store.name}.*.bak"))


def test_it_backs_up_then_migrates_and_prints_where_the_backup_is(upgraded: Visitors, old_store: Path) -> None:
    answer = upgraded("db", "migrate")
    (backup,) = backups(old_store)
    assert answer.stdout == f"{backup}\n"
    assert backup.name.startswith(f"{old_store.name}.v{OLD}-")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (version(backup), version(old_store)) == (OLD, NEW)


def test_the_backup_is_the_store_as_it_was(visitors: Visitors, upgraded: Visitors, old_store: Path) -> None:
    before, dumped = content(old_store), visitors("db", "dump").stdout
    upgraded("db", "migrate")
    (backup,) = backups(old_store)
    assert content(backup) == before
    assert visitors("db", "dump", "--db", str(backup)).stdout == dumped
    visitors("db", "check", "--db", str(backup))


def test_the_data_are_kept_and_the_store_can_be_used(visitors: Visitors, upgraded: Visitors, old_store: Path) -> None:
    assert old_store.exists()
    told = [
        ("show", "v", "--format", "json"),
        ("export", "--format", "ndjson"),
        ("history", "--format", "json"),
        ("conversations", "list", "--format", "json"),
        ("list", "--metadata", "plan=pro", "--format", "json"),
    ]
    before = [visitors(*words).stdout for words in told]
    upgraded("db", "migrate")
    assert [upgraded(*words).stdout for words in told] == before
    upgraded("unblock", "v")
    upgraded("conversations", "start", "v", "--message", "Hi again")
    assert upgraded("history", "--format", "count").stdout == "6\n"
    upgraded("undo")
    upgraded("db", "check")


def test_a_second_run_has_nothing_to_do(upgraded: Visitors, old_store: Path) -> None:
    upgraded("db", "migrate")
    again = upgraded("db", "migrate")
    assert again.stdout == ""
    assert f"up to date (schema {NEW})" in again.stderr
    assert len(backups(old_store)) == 1


@pytest.mark.parametrize(
    "command",
    [("list",), ("show", "v"), ("create",), ("conversations", "list"), ("db", "info"), ("history",), ("export",)],
    ids=" ".join,
)
def test_any_other_command_migrates_too(upgraded: Visitors, old_store: Path, command: tuple[str, ...]) -> None:
    upgraded(*command)
    assert version(old_store) == NEW
    assert [version(backup) for backup in backups(old_store)] == [OLD]


def test_a_migrated_store_has_the_schema_of_a_new_one(upgraded: Visitors, old_store: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    upgraded("db", "migrate")
    upgraded("create", "--db", str(new))
    assert schema(old_store) == schema(new)
    assert version(new) == NEW
    assert backups(new) == []
    for path in (old_store, new):
        assert f"schema {NEW}" in upgraded("db", "check", "--db", str(path)).stdout


def test_a_new_kind_of_record_is_recorded_and_taken_back(
    upgraded: Visitors, newer: Environment, old_store: Path
) -> None:
    upgraded("db", "migrate")
    take_notes(old_store, ("rewrite", "UPDATE notes SET body = 'better' WHERE pk = 2"), env={**os.environ, **newer})

    def notes() -> list[str]:
        with closing(sqlite3.connect(old_store)) as connection:
            return [row[0] for row in connection.execute("SELECT body FROM notes ORDER BY pk")]

    assert notes() == ["first", "better"]
    upgraded("db", "check")
    upgraded("undo", "--as", "ada")
    assert notes() == ["first", "second"]
    upgraded("undo", "--as", "ada")
    assert notes() == []
    upgraded("db", "check")
    with closing(sqlite3.connect(old_store)) as connection:
        recorded = connection.execute("SELECT first, last FROM creations WHERE kind = 'note'").fetchall()
        with pytest.raises(sqlite3.IntegrityError, match="changes are recorded"):
            connection.execute("INSERT INTO notes (id, visitor_id, body, created_at) VALUES ('n', 'v', 'x', 'x')")
    assert recorded == [(1, 2)]


def test_a_reference_to_a_visitor_prevents_undoing_its_creation(
    visitors: Visitors, upgraded: Visitors, newer: Environment, old_store: Path
) -> None:
    first = visitors("history", "--format", "ids").lines[-1]
    upgraded("db", "migrate")
    take_notes(old_store, env={**os.environ, **newer})
    refused = upgraded("undo", first, "--format", "json", code=4)
    assert "note" in refused.error["message"]


def test_a_dump_of_a_migrated_store_has_the_new_kind_and_can_be_loaded(
    upgraded: Visitors, newer: Environment, old_store: Path, tmp_path: Path
) -> None:
    upgraded("db", "migrate")
    take_notes(old_store, env={**os.environ, **newer})
    second = ("--db", str(tmp_path / "second.db"))
    dumped = upgraded("db", "dump").stdout
    assert [json.loads(line)["body"] for line in dumped.splitlines() if '"type":"note"' in line] == ["first", "second"]
    upgraded("db", "load", "-", *second, input=dumped)
    assert upgraded("db", "dump", *second).stdout == dumped


def test_after_the_migration_only_the_view_that_it_leaves_out_is_left_to_create(newer: Environment) -> None:
    done = subprocess.run(
        [sys.executable, "tests/migration.py"],
        cwd=Path(__file__).parents[3],
        env={**os.environ, **newer},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split(" (")[0] for line in done.stdout.splitlines() if line.startswith(('"DROP', "CREATE"))] == [
        '"DROP VIEW v_changes",',
        "CREATE VIEW v_changes",
    ]


def test_a_new_store_has_nothing_to_back_up(visitors: Visitors, anonymous: str, store_path: Path) -> None:
    assert anonymous
    migrated = visitors("db", "migrate")
    assert migrated.stdout == ""
    assert f"up to date (schema {OLD})" in migrated.stderr
    assert backups(store_path) == []


def test_without_a_store_there_is_nothing_to_migrate(visitors: Visitors, store_path: Path) -> None:
    assert visitors("db", "migrate", "--format", "json", code=6).error["code"] == "store_missing"
    assert not store_path.exists()


def test_a_check_leaves_an_older_store_as_it_is(upgraded: Visitors, old_store: Path) -> None:
    before = old_store.read_bytes()
    found = {one["check"]: one for one in upgraded("db", "check", "--format", "json").json}
    assert f"schema {OLD}, older than {NEW}" in found["version"]["detail"]
    assert found["version"]["help"] == "visitors db migrate"
    assert "rules" not in found
    assert old_store.read_bytes() == before
    assert backups(old_store) == []


def test_a_check_finds_an_older_store_whose_index_is_damaged(upgraded: Visitors, old_store: Path) -> None:
    with closing(sqlite3.connect(old_store, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, '(ip)', '(city)') WHERE name = 'visitors_ip'")
    found = upgraded("db", "check", "--format", "json", code=8).json
    assert [one["detail"] for one in found if one["check"] == "file"] == []
    assert {one["help"] for one in found if one["check"] == "integrity"} == {"visitors db compact"}


# failures: the store is unchanged, and nothing is left beside it

FULL = """
import os, sys

def full(*_):
    raise OSError(28, "No space left on device")

os.fsync = full
from visitors.main import run
sys.exit(run(sys.argv[1:]))
"""


def test_a_backup_that_does_not_fit_leaves_nothing_behind(newer: Environment, old_store: Path) -> None:
    before = content(old_store)
    environment = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
    done = subprocess.run(
        [sys.executable, "-c", FULL, "db", "migrate", "--format", "json"],
        env={**environment, **newer},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert json.loads(done.stderr)["error"]["code"] == "disk_full"
    assert [one.name for one in old_store.parent.iterdir() if one.is_file()] == [old_store.name]
    assert version(old_store) == OLD
    assert content(old_store) == before


WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
"""Root bypasses permissions; without these capabilities they apply."""


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root can write everything")
def test_when_the_backup_cannot_be_written_the_store_stays_as_it_was(
    newer: Environment, old_store: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    store = folder / "visitors.db"
    shutil.copy(old_store, store)
    with closing(sqlite3.connect(store)) as held:  # so that SQLite finds its own files there
        held.execute("PRAGMA journal_mode = WAL")
        held.execute("SELECT count(*) FROM visitors").fetchone()
        folder.chmod(0o500)
        environment = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
        prefix = WITHOUT_PRIVILEGES if os.getuid() == 0 else ()
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "visitors", "db", "migrate", "--db", str(store), "--format", "json"],
            env={**environment, **newer},
            capture_output=True,
            check=False,
        )
        folder.chmod(0o700)
    assert done.returncode == 6, done.stderr
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "store_unwritable"
    assert "cannot back up the store" in error["message"]
    assert "its folder must be writable" in error["hint"]
    assert version(store) == OLD
    assert backups(store) == []
    assert content(store) == content(old_store)


def test_a_step_that_fails_leaves_the_store_as_it_was_and_no_backup(upgraded: Visitors, old_store: Path) -> None:
    with closing(sqlite3.connect(old_store)) as connection:
        connection.execute("CREATE TABLE notes (in_the_way TEXT)")
    before = content(old_store)
    failed = upgraded("db", "migrate", code=None)
    assert failed.code not in (0, 2)
    assert "notes already exists" in failed.stderr
    assert content(old_store) == before
    assert version(old_store) == OLD
    assert backups(old_store) == []


def test_a_migrated_store_is_refused_by_the_version_before(
    visitors: Visitors, upgraded: Visitors, old_store: Path
) -> None:
    upgraded("db", "migrate")
    before = old_store.read_bytes()
    refused = visitors("list", "--format", "json", code=6).error
    assert refused["code"] == "store_newer"
    assert "upgrade visitors" in refused["hint"]
    assert old_store.read_bytes() == before


# from before the first release


def unreleased(path: Path, number: int) -> Path:
    """A small store with a schema that was never released."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE visitors (pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT")
        connection.execute("INSERT INTO visitors (id) VALUES ('v')")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("number", range(1, BASELINE))
def test_a_store_from_before_the_first_release_is_refused_with_migration_instructions(
    visitors: Visitors, store_path: Path, number: int
) -> None:
    before = unreleased(store_path, number).read_bytes()
    refused = visitors("db", "migrate", "--format", "json", code=6).error
    assert refused["code"] == "store_unreleased"
    assert "visitors 0.1 or earlier" in refused["message"]
    assert f"schema {number};" in refused["message"]
    assert "db dump -o all.ndjson" in refused["hint"]
    assert "--db NEW.db db load all.ndjson" in refused["hint"]
    assert store_path.read_bytes() == before
    assert [one.name for one in store_path.parent.iterdir() if one.is_file()] == [store_path.name]


@pytest.mark.parametrize(
    "command",
    [
        "list", "show v", "export", "history", "create", "track --id v", "update v --city Oslo", "delete v", "undo",
        "import - --input-format csv", "seed --count 3", "contacts list", "conversations list",
        "prune --older-than 1h --yes",
        "erase v --yes", "db info", "db dump", "db load -", "db backup copy.db", "db compact", "db migrate",
    ],
)  # fmt: skip
def test_every_kind_of_command_refuses_it_and_leaves_it_as_it_was(
    visitors: Visitors, store_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(store_path.parent)
    before = unreleased(store_path, BASELINE - 1).read_bytes()
    refused = visitors(*command.split(), input="id\nv\n", code=6)
    assert "visitors 0.1 or earlier" in refused.stderr
    assert "db load all.ndjson" in refused.stderr
    assert refused.stdout == ""
    assert store_path.read_bytes() == before
    assert [one.name for one in store_path.parent.iterdir() if one.is_file()] == [store_path.name]


def test_a_check_of_it_says_the_same(visitors: Visitors, store_path: Path) -> None:
    before = unreleased(store_path, BASELINE - 1).read_bytes()
    found = visitors("db", "check", "--format", "json", code=8)
    (told,) = [one for one in found.json if one["check"] == "version"]
    assert told["result"] == "problem"
    assert "visitors 0.1 or earlier" in told["detail"]
    assert "db load all.ndjson" in told["help"]
    assert store_path.read_bytes() == before


def test_a_backup_of_it_is_not_restored(visitors: Visitors, anonymous: str, store_path: Path, tmp_path: Path) -> None:
    old = unreleased(tmp_path / "old.bak", BASELINE - 1)
    before = store_path.read_bytes()
    refused = visitors("db", "restore", str(old), "--yes", "--format", "json", code=6).error
    assert "visitors 0.1 or earlier" in refused["message"]
    assert store_path.read_bytes() == before
    assert visitors("list", "--format", "ids").lines == [anonymous]
