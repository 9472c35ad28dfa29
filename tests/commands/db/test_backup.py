from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from next_version import OLD, next_version
from trials.running import small_disk
from visitors.store.file import backup
from visitors.store.schema.version import SCHEMA_VERSION

pytestmark = pytest.mark.file_only

Visitors = Callable[..., Any]
NOW = "2026-03-01T12:00:00.000Z"


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM visitors ORDER BY id")]


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def filled(visitors: Visitors, store_path: Path) -> Path:
    visitors("create", "--id", "v1")
    visitors("identify", "v1", "--email", "ada@example.com")
    return store_path


def test_it_is_in_the_stores_folder_with_the_time_in_its_name(visitors: Visitors, filled: Path) -> None:
    done = visitors("db", "backup", now=NOW)

    backup = filled.with_name("visitors.db.20260301T120000000Z.bak")
    assert done.stdout == f"{backup}\n"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert ids(backup) == ["v1"]
    assert names(filled.parent) == ["visitors.db", backup.name]


@pytest.mark.parametrize("words", [["{}"], ["-o", "{}"], ["--output", "{}"]])
def test_it_goes_where_it_is_told(visitors: Visitors, filled: Path, tmp_path: Path, words: list[str]) -> None:
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    done = visitors("db", "backup", *(word.format(target) for word in words))
    assert done.stdout == f"{target}\n"
    assert ids(target) == ids(filled)


def test_into_a_folder_it_goes_under_its_own_name(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    visitors("db", "backup", str(folder), now=NOW)
    assert names(folder) == [f"{filled.name}.20260301T120000000Z.bak"]


@pytest.mark.parametrize("words", [["night/"], ["-o", "night/"], ["./a/night/", "--force"]])
def test_a_target_that_ends_as_a_folder_does_is_never_made_a_file(
    visitors: Visitors, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = next(word for word in words if word.endswith("/"))

    refused = visitors("db", "backup", *words, code=1)
    assert refused.stderr == f"error: folder {folder} not found\nhint: to create it: mkdir -p {folder}\n"
    assert not Path(folder).exists()

    Path(folder).mkdir(parents=True)
    visitors("db", "backup", *words)
    assert next(Path(folder).iterdir()).name.startswith(filled.name)


def test_it_is_one_file_that_can_be_read_where_nothing_can_be_written(
    visitors: Visitors, filled: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    visitors("db", "backup", str(target))
    header = target.read_bytes()[18:20]
    assert header == b"\x01\x01"  # no write-ahead log
    assert filled.read_bytes()[18:20] == b"\x02\x02"
    assert visitors("list", "--db", str(target), "--format", "ids").lines == ["v1"]


def test_the_result_describes_the_backup(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    record = visitors("db", "backup", str(target), "--format", "json").json
    assert filled.exists()
    assert record == {
        "path": str(target), "bytes": target.stat().st_size, "schemaVersion": SCHEMA_VERSION, "visitors": 1,
        "contacts": 1, "conversations": 0, "operations": 2,
    }  # fmt: skip


def test_what_is_still_in_the_log_is_in_it(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled)) as other:
        other.execute("SELECT count(*) FROM visitors").fetchone()  # keeps the log from being emptied
        visitors("create", "--id", "v2")
        assert filled.with_name("visitors.db-wal").stat().st_size > 0
        visitors("db", "backup", str(tmp_path / "copy.db"))
    assert ids(tmp_path / "copy.db") == ["v1", "v2"]


def test_a_writer_that_holds_the_store_is_not_waited_for(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        visitors("db", "backup", str(tmp_path / "copy.db"))
    assert ids(tmp_path / "copy.db") == ["v1"]


def test_an_existing_file_is_not_replaced_unless_forced(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    refused = visitors("db", "backup", str(target), "--format", "json", code=4)
    assert refused.error["code"] == "file_exists"
    assert target.read_text() == "mine"
    visitors("db", "backup", str(target), "--force")
    assert ids(target) == ids(filled)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("dangling", [False, True])
def test_a_symbolic_link_in_the_way_is_never_followed(
    visitors: Visitors,
    filled: Path,
    tmp_path: Path,
    dangling: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    victim, target = tmp_path / "victim", tmp_path / "copy.db"
    if not dangling:
        victim.write_text("mine")
    target.symlink_to(victim)
    visitors("db", "backup", str(target), code=4)
    visitors("db", "backup", str(target), "--force")
    assert not target.is_symlink()
    assert ids(target) == ids(filled)
    assert victim.exists() != dangling
    assert dangling or victim.read_text() == "mine"


@pytest.mark.parametrize("way", ["itself", "-wal", "-shm", "-journal", "symbolic", "hard", "folder"])
def test_it_never_goes_onto_the_store_itself(visitors: Visitors, filled: Path, tmp_path: Path, way: str) -> None:
    before = filled.read_bytes()
    target = tmp_path / "other"
    if way == "itself":
        target = filled
    elif way.startswith("-"):
        target = filled.with_name(filled.name + way)
    elif way == "symbolic":
        target.symlink_to(filled)
    elif way == "hard":
        target.hardlink_to(filled)
    else:
        (tmp_path / "link").symlink_to(tmp_path)
        target = tmp_path / "link" / filled.name
    refused = visitors("db", "backup", str(target), "--force", code=2)
    assert "is the store itself" in refused.stderr
    assert filled.read_bytes() == before


def test_a_store_that_is_a_symbolic_link_is_known_by_all_its_names(
    visitors: Visitors, filled: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(filled)
    for target in (filled, filled.with_name(filled.name + "-wal")):
        visitors("db", "backup", str(target), "--force", "--db", str(link), code=2)
    visitors("db", "backup", str(tmp_path / "copy.db"), "--db", str(link))
    assert ids(tmp_path / "copy.db") == ["v1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-",), "a backup cannot be written to standard output"),
        (("a", "-o", "b"), "given twice"),
        (("--db", ":temp:"), "no permanent file"),
        (("--db", ":memory:"), "no permanent file"),
    ],
)
def test_invalid_options_are_a_usage_error(visitors: Visitors, words: tuple[str, ...], message: str) -> None:
    assert message in visitors("db", "backup", *words, code=2).stderr


def test_without_a_store_there_is_nothing_to_copy(visitors: Visitors, store_path: Path, tmp_path: Path) -> None:
    refused = visitors("db", "backup", str(tmp_path / "copy.db"), "--format", "json", code=6)
    assert refused.error["code"] == "store_missing"
    assert names(tmp_path) == []
    assert not store_path.exists()


def test_a_missing_folder_is_reported(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    assert filled.exists()
    assert "cannot write" in visitors("db", "backup", str(tmp_path / "no" / "copy.db"), code=1).stderr


def test_a_damaged_store_is_not_backed_up(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    content = bytearray(filled.read_bytes())
    content[-4096:] = b"\xff" * 4096
    filled.write_bytes(content)
    refused = visitors("db", "backup", str(tmp_path / "copy.db"), "--format", "json", code=6)
    assert refused.error["code"] == "store_corrupt"
    assert names(tmp_path) == ["visitors.db"]


def test_a_foreign_database_is_not_backed_up(visitors: Visitors, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    refused = visitors("db", "backup", "--db", str(tmp_path / "theirs.db"), "--format", "json", code=6)
    assert refused.error["code"] == "store_invalid"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the next version of the program runs."""
    return next_version(tmp_path_factory.mktemp("next"))


def test_an_older_store_is_copied_as_it_is(
    visitors: Visitors, visitors_process: Visitors, newer: dict[str, str], filled: Path, tmp_path: Path
) -> None:
    before = filled.read_bytes()
    done = visitors_process("db", "backup", str(tmp_path / "copy.db"), "--format", "json", env=newer)
    assert done.json["schemaVersion"] == OLD
    assert names(tmp_path) == ["copy.db", "visitors.db"]  # nothing was migrated
    assert filled.read_bytes() == before
    assert visitors("db", "dump", "--db", str(tmp_path / "copy.db")).stdout == visitors("db", "dump").stdout


@pytest.mark.parametrize("words", [(), ("--force",)])
def test_without_room_on_the_disk_nothing_is_written(
    visitors: Visitors, filled: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    with small_disk(tmp_path / "small", "64k") as disk:
        (disk / "other.db").write_text("mine")
        target = disk / ("other.db" if words else "copy.db")
        refused = visitors("db", "backup", str(target), *words, "--format", "json", code=6).error
        free = shutil.disk_usage(disk).free
        assert refused["code"] == "disk_full"
        assert refused["message"].startswith("a backup needs ")
        assert refused["message"].endswith(f" bytes in {disk}, but only {free:,} are free")
        assert names(disk) == ["other.db"]
        assert (disk / "other.db").read_text() == "mine"

        needed = int(refused["message"].split()[3].replace(",", ""))
        assert needed > filled.stat().st_size
        subprocess.run(["mount", "-o", f"remount,size={8_192 + -(-needed // 4_096) * 4_096}", str(disk)], check=True)
        visitors("db", "backup", str(target), *words)


def test_a_disk_that_fills_up_meanwhile_is_reported_and_leaves_nothing_behind(
    visitors: Visitors, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filled.exists()
    with small_disk(tmp_path / "small", "64k") as disk:
        monkeypatch.setattr(backup, "refuse_small_disk", lambda *_: None)
        refused = visitors("db", "backup", str(disk / "copy.db"), "--format", "json", code=6)
        assert refused.error["code"] == "disk_full"
        assert names(disk) == []
