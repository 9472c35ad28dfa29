from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from next_version import NEW, next_version
from trials.running import small_disk
from unguarded import OPEN_OPERATION
from visitors.errors import StoreProblem
from visitors.store.file import atomic_file, replacing, restore
from visitors.store.file.backup import keep
from visitors.store.file.sqlite import SqliteDatabase, connect
from visitors.store.schema.version import SCHEMA_VERSION

Visitors = Callable[..., Any]
NOW = "2026-03-01T12:00:00.000Z"
KEPT = "visitors.db.replaced-20260301T120000000Z.bak"


def listed(visitors: Visitors, path: Path) -> list[str]:
    return sorted(visitors("list", "--db", str(path), "--format", "ids").lines)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.fixture
def backup(visitors: Visitors, store_path: Path, tmp_path: Path) -> Path:
    """A backup with v1, of a store that by now also has v2."""
    target = tmp_path / "backups" / "monday.bak"
    target.parent.mkdir()
    visitors("create", "--id", "v1")
    visitors("db", "backup", str(target))
    visitors("create", "--id", "v2")
    assert store_path.exists()
    return target


def test_the_store_becomes_what_the_backup_is_and_what_it_was_is_kept(
    visitors: Visitors, backup: Path, store_path: Path
) -> None:
    before = backup.read_bytes()
    done = visitors("db", "restore", str(backup), "--yes", now=NOW)

    kept = store_path.with_name(KEPT)
    assert done.stdout == f"{kept}\n"
    assert str(kept) in done.stderr
    assert listed(visitors, store_path) == ["v1"]
    assert listed(visitors, kept) == ["v1", "v2"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(store_path.stat().st_mode) == 0o600
    assert backup.read_bytes() == before
    assert names(backup.parent) == ["monday.bak"]
    assert names(store_path.parent) == ["backups", "visitors.db", KEPT]
    visitors("db", "check")
    assert store_path.read_bytes()[18:20] == b"\x02\x02"  # wal again


def test_a_second_restore_at_the_same_time_keeps_both(visitors: Visitors, backup: Path, store_path: Path) -> None:
    for _ in range(2):
        visitors("db", "restore", str(backup), "--yes", now=NOW)
    assert len([one for one in names(store_path.parent) if "replaced" in one]) == 2


def test_restoring_what_was_kept_takes_the_restore_back(visitors: Visitors, backup: Path, store_path: Path) -> None:
    kept = visitors("db", "restore", str(backup), "--yes").stdout.strip()
    visitors("db", "restore", kept, "--yes")
    assert listed(visitors, store_path) == ["v1", "v2"]
    visitors("db", "check")


def test_without_a_terminal_it_requires_yes(visitors: Visitors, backup: Path, store_path: Path) -> None:
    visitors("db", "restore", str(backup), code=2)
    assert listed(visitors, store_path) == ["v1", "v2"]


def test_a_dry_run_reports_and_changes_nothing(visitors: Visitors, backup: Path, store_path: Path) -> None:
    before = store_path.read_bytes()
    record = visitors("db", "restore", str(backup), "--dry-run", "--format", "json").json
    assert record == {
        "outcome": "would restore", "path": str(store_path), "from": str(backup), "kept": None,
        "schemaVersion": SCHEMA_VERSION, "visitors": 1, "contacts": 0, "conversations": 0, "operations": 1,
    }  # fmt: skip
    assert store_path.read_bytes() == before
    assert names(store_path.parent) == ["backups", "visitors.db"]


def test_a_missing_store_is_made(visitors: Visitors, backup: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "visitors.db"
    done = visitors("db", "restore", str(backup), "--db", str(path))
    assert done.stdout == ""
    assert listed(visitors, path) == ["v1"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert names(path.parent) == ["visitors.db"]


def test_the_log_of_a_store_that_is_gone_does_not_get_into_the_new_one(
    visitors: Visitors, backup: Path, store_path: Path
) -> None:
    with closing(sqlite3.connect(store_path)) as other:
        other.execute("SELECT 1 FROM visitors").fetchone()
        visitors("create", "--id", "v3")
        log = store_path.with_name("visitors.db-wal").read_bytes()
    store_path.unlink()
    store_path.with_name("visitors.db-wal").write_bytes(log)
    visitors("db", "restore", str(backup))
    assert listed(visitors, store_path) == ["v1"]
    visitors("db", "check")


@pytest.mark.parametrize("damage", ["cut off", "header", "empty", "middle", "format"])
def test_a_damaged_store_is_replaced_and_kept_as_it_was(
    visitors: Visitors, backup: Path, store_path: Path, damage: str
) -> None:
    content = store_path.read_bytes()
    damaged = {
        "cut off": content[:50_000],
        "header": b"x" * 100 + content[100:],
        "empty": b"",
        "middle": content[:40_960] + b"\xff" * 40_960 + content[81_920:],
        "format": content[:47] + b"\x09" + content[48:],
    }[damage]
    store_path.write_bytes(damaged)
    kept = Path(visitors("db", "restore", str(backup), "--yes").stdout.strip())
    assert listed(visitors, store_path) == ["v1"]
    visitors("db", "check")
    assert kept.read_bytes()[100:] == damaged[100:] or damage == "empty"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_store_that_fails_only_when_it_is_overwritten_is_replaced(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, made: Path, kept: Path, timeout: float) -> None:
        assert made.exists()
        assert timeout > 0
        shutil.copy(path, kept)
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("SELECT RAISE")  # an error of SQLite

    monkeypatch.setattr("visitors.store.file.restore._overwrite", fail)
    before = store_path.read_bytes()
    kept = Path(visitors("db", "restore", str(backup), "--yes").stdout.strip())
    assert kept.read_bytes() == before
    assert listed(visitors, store_path) == ["v1"]


def test_a_store_that_is_not_damaged_is_not_replaced_when_overwriting_it_fails(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("PRAGMA max_page_count = 1")
            connection.execute("CREATE TABLE no_room (x)")

    monkeypatch.setattr("visitors.store.file.restore._overwrite", fail)
    before = store_path.read_bytes()
    refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6).error
    assert refused["code"] == "disk_full"
    assert store_path.read_bytes() == before
    assert names(store_path.parent) == ["backups", "visitors.db"]


def test_a_restore_that_fails_once_it_kept_the_store_removes_that_copy(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: SqliteDatabase, target: SqliteDatabase, pages: int, progress: Callable[..., None]) -> None:
        def told(*status: int) -> None:
            progress(*status)
            if store_path.with_name(KEPT).exists():
                raise StoreProblem("the disk is full")

        copy_to(self, target, pages, told)

    copy_to = SqliteDatabase.copy_to
    monkeypatch.setattr(SqliteDatabase, "copy_to", failing)
    said = visitors("db", "restore", str(backup), "--yes", now=NOW, code=6).stderr
    assert said.startswith("error: the disk is full")
    assert names(store_path.parent) == ["backups", "visitors.db"]
    assert listed(visitors, store_path) == ["v1", "v2"]


def test_a_restore_that_fails_while_it_keeps_a_damaged_store_leaves_no_half_of_it(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_path.write_bytes(b"damaged!" * 1000)
    store_path.with_name("visitors.db-wal").write_bytes(b"damaged too")
    put = atomic_file.put_in_place

    def failing(made: Path, target: Path, **more: Any) -> None:
        if target.name.endswith("-wal"):
            raise StoreProblem("the disk is full")
        put(made, target, **more)

    monkeypatch.setattr(replacing, "put_in_place", failing)
    visitors("db", "restore", str(backup), "--yes", now=NOW, code=6)
    assert names(store_path.parent) == ["backups", "visitors.db", "visitors.db-wal"]
    assert store_path.read_bytes().startswith(b"damaged!")


def test_a_restore_that_is_interrupted_names_the_copy_that_it_kept(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: Any, **more: Any) -> None:
        keep(*given, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(restore, "keep", interrupted)
    said = visitors("db", "restore", str(backup), "--yes", "--quiet", now=NOW, code=130).stderr
    kept = store_path.with_name(KEPT)
    assert f"the previous store is in {kept}\n" in said
    assert listed(visitors, kept) == ["v1", "v2"]
    assert listed(visitors, store_path) == ["v1", "v2"]


def test_the_log_of_a_damaged_store_is_kept_with_it_and_taken_away(
    visitors: Visitors, backup: Path, store_path: Path
) -> None:
    with closing(sqlite3.connect(store_path)) as other:
        other.execute("SELECT 1 FROM visitors").fetchone()
        visitors("create", "--id", "v3")
        log = store_path.with_name("visitors.db-wal").read_bytes()
    store_path.write_bytes(b"no store at all" * 1_000)
    store_path.with_name("visitors.db-wal").write_bytes(log[:32] + b"\0" * 24 + log[56:])
    kept = Path(visitors("db", "restore", str(backup), "--yes").stdout.strip())
    assert kept.with_name(kept.name + "-wal").read_bytes()[56:] == log[56:]
    assert listed(visitors, store_path) == ["v1"]


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM visitors").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


def test_a_damaged_store_that_another_process_has_open_is_left_alone(
    visitors_process: Visitors, backup: Path, store_path: Path
) -> None:
    words = [sys.executable, "-c", HOLDER, str(store_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        content = b"x" * 4096 + store_path.read_bytes()[4096:]
        store_path.write_bytes(content)
        refused = visitors_process("db", "restore", str(backup), "--yes", "--format", "json", code=6)
        holder.communicate()
    assert refused.error["code"] == "store_locked"
    assert store_path.read_bytes() == content
    visitors_process("db", "restore", str(backup), "--yes")


def test_other_processes_see_the_new_store(visitors: Visitors, backup: Path, store_path: Path) -> None:
    with closing(sqlite3.connect(store_path)) as other:
        assert other.execute("SELECT count(*) FROM visitors").fetchone() == (2,)
        visitors("db", "restore", str(backup), "--yes")
        assert other.execute("SELECT count(*) FROM visitors").fetchone() == (1,)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert listed(visitors, store_path) == ["v1"]


def test_a_store_being_written_is_reported_as_locked_and_unchanged(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITORS_TIMEOUT", "0.2")
    begin = time.monotonic()
    with closing(sqlite3.connect(store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6)
    assert refused.error["code"] == "store_locked"
    assert time.monotonic() - begin < 15  # not the default of 30 seconds
    assert listed(visitors, store_path) == ["v1", "v2"]
    assert names(store_path.parent) == ["backups", "visitors.db"]


def with_rollback_journal(path: Path) -> sqlite3.Connection:
    """A connection to the store, which no longer has a write-ahead log."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    return connection


@pytest.mark.parametrize(
    ("which", "begun"),
    [("backup", ["BEGIN EXCLUSIVE"]), ("store", ["BEGIN EXCLUSIVE"]), ("store", ["BEGIN", "SELECT id FROM visitors"])],
    ids=["backup written", "store written", "store read without a write-ahead log"],
)
def test_a_locked_store_is_reported_as_locked_and_unchanged(
    visitors: Visitors,
    backup: Path,
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
    begun: list[str],
) -> None:
    monkeypatch.setenv("VISITORS_TIMEOUT", "0.1")
    begin = time.monotonic()
    with closing(with_rollback_journal(backup if which == "backup" else store_path)) as other:
        for statement in begun:
            other.execute(statement).fetchone()
        refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6).error
    assert refused["code"] == "store_locked"
    assert time.monotonic() - begin < 15  # not the default of 30 seconds
    assert names(store_path.parent) == ["backups", "visitors.db"]
    assert listed(visitors, store_path) == ["v1", "v2"]


def test_a_backup_that_is_written_to_while_it_is_copied_is_copied_again(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_to(*given: Any) -> None:
        with closing(sqlite3.connect(backup)) as other:
            other.execute("VACUUM")
        refuse_small_disk(*given)

    with closing(sqlite3.connect(backup)) as other:
        other.execute("PRAGMA journal_mode = WAL")
    refuse_small_disk = atomic_file.refuse_small_disk
    monkeypatch.setattr(restore, "refuse_small_disk", written_to)
    visitors("db", "restore", str(backup), "--yes")
    assert listed(visitors, store_path) == ["v1"]


def test_a_store_on_a_file_system_without_write_ahead_logs_is_not_overwritten(
    visitors: Visitors, backup: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_shared_memory(path: Path, options: str, **more: Any) -> SqliteDatabase:
        return connect(path, f"{options}&vfs=unix-dotfile", **more)

    with_rollback_journal(store_path).close()
    before = store_path.read_bytes()
    monkeypatch.setattr("visitors.store.file.backup.connect", without_shared_memory)
    refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6).error
    assert refused["code"] == "store_unwritable"
    assert "does not support WAL" in refused["message"]
    assert store_path.read_bytes() == before
    assert names(store_path.parent) == ["backups", "visitors.db"]


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "another", "newer", "damaged", "broken rule", "empty"])
def test_a_backup_that_is_not_an_intact_store_is_refused_and_nothing_changed(
    visitors: Visitors, backup: Path, store_path: Path, kind: str
) -> None:
    before = store_path.read_bytes()
    content = backup.read_bytes()
    if kind == "missing":
        backup.unlink()
    elif kind == "folder":
        backup.unlink()
        backup.mkdir()
    elif kind == "text":
        backup.write_text("Dear diary, " * 1_000)
    elif kind == "damaged":
        backup.write_bytes(content[:-8192] + b"\xff" * 8192)
    elif kind == "empty":
        backup.write_bytes(b"")
    else:
        statement = {
            "another": "PRAGMA application_id = 7",
            "newer": "PRAGMA user_version = 99",
            "broken rule": OPEN_OPERATION,
        }[kind]
        with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
            connection.execute(statement)
    refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6)
    assert refused.error["code"] == {"missing": "store_missing", "damaged": "store_corrupt"}.get(
        kind, "store_corrupt" if kind in ("broken rule", "text") else "store_invalid"
    )
    assert store_path.read_bytes() == before
    assert names(store_path.parent) == ["backups", "visitors.db"]


def test_a_backup_with_a_damaged_index_is_named_as_such(visitors: Visitors, backup: Path, store_path: Path) -> None:
    before = store_path.read_bytes()
    change = "UPDATE sqlite_master SET sql = replace(sql, {}) WHERE name = 'visitors_contact'"
    # SQLite briefly sees the index without any rows
    for statements in (
        ["PRAGMA writable_schema = ON", change.format("'last_seen_at)', 'last_seen_at) WHERE 0'")],
        ["REINDEX visitors_contact", "PRAGMA writable_schema = ON", change.format("' WHERE 0', ''")],
    ):
        with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
    refused = visitors("db", "restore", str(backup), "--yes", "--format", "json", code=6)
    assert refused.error["message"].startswith(f"{backup} cannot be restored: ")
    assert refused.error["hint"] == "use another backup"
    assert store_path.read_bytes() == before


@pytest.mark.parametrize("words", [("restore", "{backup}", "--yes"), ("backup", "{new}")])
def test_a_copy_of_something_else_is_refused(
    visitors: Visitors,
    backup: Path,
    store_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    other = tmp_path / "other.bak"
    visitors("create", "--id", "v3")
    visitors("db", "backup", str(other))
    visitors("create", "--id", "v4")
    before = names(tmp_path), store_path.read_bytes()

    def copied(_database: object, made: Path, *_: object) -> None:
        made.write_bytes(other.read_bytes())

    for module in ("backup", "restore"):
        monkeypatch.setattr(f"visitors.store.file.{module}.copy", copied)
    paths = [word.format(backup=backup, new=tmp_path / "new.bak") for word in words]
    refused = visitors("db", *paths, "--format", "json", code=6)
    assert "differs from the original" in refused.error["message"]
    assert (names(tmp_path), store_path.read_bytes()) == before


def test_the_store_itself_is_no_backup(visitors: Visitors, backup: Path, store_path: Path, tmp_path: Path) -> None:
    assert backup.exists()
    (tmp_path / "link").symlink_to(store_path)
    (tmp_path / "hard").hardlink_to(store_path)
    for name in ("visitors.db", "link", "hard"):
        assert "is the store itself" in visitors("db", "restore", str(tmp_path / name), "--yes", code=2).stderr


def test_the_database_of_another_program_is_not_overwritten(visitors: Visitors, backup: Path, tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    refused = visitors("db", "restore", str(backup), "--yes", "--db", str(path), "--format", "json", code=6)
    assert refused.error["code"] == "store_invalid"
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the next version of the program runs."""
    return next_version(tmp_path_factory.mktemp("next"))


def test_an_older_backup_is_brought_up_to_date(
    visitors_process: Visitors, newer: dict[str, str], backup: Path, store_path: Path
) -> None:
    before = backup.read_bytes()

    def upgraded(*words: str) -> Any:
        return visitors_process(*words, env={**newer, "VISITORS_NOW": NOW})

    upgraded("db", "restore", str(backup), "--yes")
    assert upgraded("list", "--format", "ids").lines == ["v1"]
    assert upgraded("db", "info", "--format", "json").json["schemaVersion"] == NEW
    upgraded("db", "check")
    assert backup.read_bytes() == before
    assert names(store_path.parent) == ["backups", "visitors.db", KEPT]


@pytest.fixture
def with_log(visitors: Visitors, backup: Path, store_path: Path, tmp_path: Path) -> Path:
    """A copy of the store with its log, which contains v3, and without the log's index."""
    assert backup.exists()
    folder = tmp_path / "copied"
    folder.mkdir()
    with closing(sqlite3.connect(store_path)) as other:
        other.execute("SELECT 1 FROM visitors").fetchone()
        visitors("create", "--id", "v3")
        for ending in ("", "-wal"):
            shutil.copy(f"{store_path}{ending}", folder)
    return folder / "visitors.db"


def test_a_copy_with_its_log_is_restored_with_what_is_in_the_log(
    visitors: Visitors, with_log: Path, store_path: Path
) -> None:
    files = content(with_log.parent)
    visitors("db", "restore", str(with_log), "--yes")
    assert listed(visitors, store_path) == ["v1", "v2", "v3"]
    assert content(with_log.parent) == files


@pytest.mark.parametrize("words", [("db", "restore"), ("db", "check", "--db")])
def test_missing_room_for_the_copy_with_its_log_applied_is_reported(
    visitors: Visitors, with_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    with small_disk(tmp_path / "temporary", "64k") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        needed = sum(len(one) for one in content(with_log.parent).values())
        refused = visitors(*words, str(with_log), "--format", "json", code=6).error
        assert refused["code"] == "disk_full"
        assert refused["message"] == f"reading {with_log} needs {needed:,} bytes in {disk}, but only 65,536 are free"
        assert refused["hint"] == "free some space, or set TMPDIR to another temporary folder"
        assert content(disk) == {}


def test_a_backup_with_pages_of_another_size_is_restored(visitors: Visitors, backup: Path, store_path: Path) -> None:
    with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("VACUUM")
    visitors("db", "restore", str(backup), "--yes")
    assert listed(visitors, store_path) == ["v1"]
    visitors("db", "check")


def room(message: str) -> int:
    """The room that it says it needs."""
    return int(message.partition(" needs ")[2].partition(" bytes ")[0].replace(",", ""))


def leave_free(disk: Path, free: int) -> None:
    """Make the file system as large as its content plus so much."""
    usage = shutil.disk_usage(disk)
    size = -(-(usage.used + free) // 4_096) * 4_096
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@pytest.mark.parametrize("state", ["there", "larger", "damaged", "missing"])
def test_it_is_refused_without_room_on_the_disk_and_what_it_asks_for_is_enough(
    visitors: Visitors, tmp_path: Path, state: str
) -> None:
    with small_disk(tmp_path / "disk", "64m") as disk:
        store, backup = disk / "visitors.db", tmp_path / "monday.bak"
        visitors("seed", "--count", "500", "--db", str(store))
        visitors("db", "backup", str(backup), "--db", str(store))
        if state == "larger":
            visitors("seed", "--count", "1500", "--seed", "1", "--db", str(store))
        elif state == "damaged":
            store.write_bytes(b"\xff" * 1_000_000)
        elif state == "missing":
            store.unlink()
        words = ("db", "restore", str(backup), "--yes", "--db", str(store), "--format", "json")
        before = content(disk)

        leave_free(disk, 10_000)
        refused = visitors(*words, code=6).error
        needed, free = room(refused["message"]), shutil.disk_usage(disk).free
        assert refused["code"] == "disk_full"
        assert refused["message"] == f"restoring needs {needed:,} bytes in {disk}, but only {free:,} are free"
        assert refused["hint"] == "free some space; nothing was written"
        copies = {"there": 3, "larger": 5, "damaged": 1, "missing": 1}[state]
        assert needed >= copies * backup.stat().st_size
        leave_free(disk, needed - 4_096)
        assert visitors(*words, code=6).error["code"] == "disk_full"
        assert content(disk) == before

        leave_free(disk, needed)
        visitors(*words)
        assert visitors("list", "--format", "count", "--db", str(store)).stdout == "500\n"


def test_where_the_disk_does_not_tell_how_much_it_has_nothing_is_refused(
    visitors: Visitors, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        total: int
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0))

    visitors("db", "restore", str(backup), "--yes")
