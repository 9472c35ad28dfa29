"""Stores without permissions, and invalid paths: one plain message, and whatever can be read is."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from trials.running import COMMAND, WITHOUT_PRIVILEGES, settings

Visitors = Callable[..., Any]

pytestmark = pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root may do everything")

AS_ANYBODY = WITHOUT_PRIVILEGES if os.getuid() == 0 else ()

READS = ["list", "show v1", "export --format ndjson", "db info", "history", "db dump"]
WRITES = ["create", "import rows.csv", "erase v1 --yes", "db compact", "block v1"]
OTHERS = [
    "db check", "db backup copy.db", "db restore good.bak --yes", "db restore good.bak --dry-run",
    "db migrate", "db load all.ndjson",
]  # fmt: skip


class Done(NamedTuple):
    code: int
    stdout: str
    stderr: str


def run(words: str, store: Path) -> Done:
    """Run the command as a user to whom permissions apply."""
    done = subprocess.run(
        [*AS_ANYBODY, COMMAND, *words.split(), "--db", store],
        capture_output=True,
        env=settings(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def store(visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store in its own folder, with input for other commands."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    path = folder / "visitors.db"
    visitors("create", "--id", "v1", "--db", str(path))
    visitors("db", "backup", "good.bak", "--db", str(path))
    visitors("db", "dump", "-o", "all.ndjson", "--db", str(path))
    (tmp_path / "rows.csv").write_text("id\nv2\n")
    yield path
    folder.chmod(0o700)


@pytest.mark.parametrize("words", [*READS, *WRITES, *OTHERS])
@pytest.mark.parametrize("kind", ["somebody else's folder", "a file in the way", "a long name"])
def test_an_unreachable_path_is_a_plain_error(store: Path, words: str, kind: str) -> None:
    path = store
    if kind == "somebody else's folder":
        store.parent.chmod(0)
    elif kind == "a file in the way":
        path = store / "x.db"
    else:
        path = store.with_name("x" * 300)
    done = run(f"{words} --format ndjson", path)
    if words.endswith("--dry-run"):  # which checks only the backup
        assert done.code in (0, 6)
        return
    assert done.code == 6, done.stderr
    error = msgspec.json.decode(done.stderr)["error"]
    assert error["code"] == "store_unwritable"
    assert error["message"].startswith(("cannot open the store", "cannot write"))
    assert str(path) in error["message"]


@pytest.mark.parametrize("words", [*READS, *WRITES, *OTHERS])
def test_another_users_store_is_a_plain_error_also_through_a_link(store: Path, tmp_path: Path, words: str) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(store)
    store.chmod(0)
    done = run(f"{words} --format ndjson", link)
    if not words.endswith("--dry-run"):
        assert done.code == 6, done.stderr
        assert str(store) in done.stderr or str(link) in done.stderr
    assert [one.name for one in store.parent.iterdir()] == ["visitors.db"]


def test_a_name_that_leaves_sqlite_no_room_for_its_own_is_refused_before_a_file_is_made(store: Path) -> None:
    path = store.with_name("x" * 250)
    assert run("create", path).code == 6
    assert not path.exists()


def test_an_unreadable_backup_is_a_plain_error(store: Path, tmp_path: Path) -> None:
    (tmp_path / "good.bak").chmod(0)
    done = run("db restore good.bak --yes --format json", store)
    assert done.code == 6
    assert "good.bak" in done.stderr


def test_a_backup_into_another_users_folder_is_a_plain_error(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0)
    for target in ("other/copy.db", "other/sub/"):
        done = run(f"db backup {target} --format json", store)
        assert done.code == 1
        assert msgspec.json.decode(done.stderr)["error"]["code"] in ("file_unwritable", "no_folder")
    other.chmod(0o700)


UNWRITABLE = {
    "file": (0o400, 0o700),
    "folder": (0o600, 0o500),
    "both": (0o400, 0o500),
}


@pytest.fixture(params=[*UNWRITABLE.values()], ids=[*UNWRITABLE])
def unwritable(request: pytest.FixtureRequest, store: Path) -> Path:
    """A store whose file, folder or both are not writable."""
    file, folder = request.param
    store.chmod(file)
    store.parent.chmod(folder)
    return store


@pytest.mark.parametrize("words", READS)
def test_a_read_only_store_is_read_and_nothing_is_left_next_to_it(unwritable: Path, words: str) -> None:
    done = run(words, unwritable)
    assert (done.code, done.stderr) == (0, "")
    assert "v1" in done.stdout or words in ("db info", "history")
    assert [one.name for one in unwritable.parent.iterdir()] == ["visitors.db"]


@pytest.mark.parametrize("words", WRITES)
def test_a_read_only_store_is_not_written(unwritable: Path, words: str) -> None:
    before = unwritable.read_bytes()
    done = run(f"{words} --format json", unwritable)
    assert done.code == 6
    assert msgspec.json.decode(done.stderr)["error"]["code"] == "store_unwritable"
    assert unwritable.read_bytes() == before
    assert [one.name for one in unwritable.parent.iterdir()] == ["visitors.db"]


def test_the_next_one_can_write_what_could_only_be_read(unwritable: Path) -> None:
    for words in (*READS, "db check", "db backup copy.db"):
        run(words, unwritable)
    assert [one.name for one in unwritable.parent.iterdir()] == ["visitors.db"]
    unwritable.parent.chmod(0o700)
    unwritable.chmod(0o600)
    assert run("create --id v2", unwritable).code == 0


def test_a_store_without_a_log_that_may_only_be_read_is(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    store.chmod(0o400)
    store.parent.chmod(0o500)
    assert run("list --format ids", store).stdout == "v1\n"


def test_a_store_that_is_in_use_can_be_read_by_who_may_not_write_it(store: Path) -> None:
    with closing(sqlite3.connect(store, isolation_level=None)) as writer:
        writer.execute("SELECT 1 FROM visitors").fetchone()
        for one in store.parent.iterdir():
            one.chmod(0o400)
        store.parent.chmod(0o500)
        assert run("list --format ids", store).stdout == "v1\n"


def test_a_write_during_a_read_without_locks_is_detected(visitors: Visitors, store: Path) -> None:
    script = """
import sys
from visitors import errors, open_store

with open_store(sys.argv[1]) as store:
    print(store.count(), flush=True)
    input()
    try:
        print(store.count(), flush=True)
    except errors.StoreProblem as problem:
        print(problem.code, flush=True)
"""
    store.chmod(0o400)
    with subprocess.Popen(
        [*AS_ANYBODY, sys.executable, "-c", script, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=settings(),
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        store.chmod(0o600)
        visitors("create", "--db", str(store))
        assert reader.communicate(b"\n")[0] == b"store_locked\n"


def test_a_write_during_a_query_without_locks_is_detected(visitors: Visitors, store: Path) -> None:
    rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
    query = f"{rows} SELECT i, (SELECT count(*) FROM visitors) AS visitors FROM n"
    store.chmod(0o400)
    with subprocess.Popen(
        [*AS_ANYBODY, COMMAND, "sql", query, "--format", "csv", "--db", store],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings(),
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"i,visitors\n"  # the others do not fit into the pipe
        store.chmod(0o600)
        visitors("create", "--db", str(store))
        said = reader.communicate()[1].decode()
    assert reader.returncode == 6
    assert "was written to while being read" in said


def test_following_without_locks_ends_at_the_first_write(visitors: Visitors, store: Path) -> None:
    store.chmod(0o400)
    with subprocess.Popen(
        [*AS_ANYBODY, COMMAND, "history", "--follow", "--since", "1d", "--format", "ndjson", "--db", store],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings(),
    ) as reader:
        assert reader.stdout is not None
        assert json.loads(reader.stdout.readline())["command"] == "create"  # what was there before
        store.chmod(0o600)
        visitors("create", "--db", str(store))
        said = reader.communicate(timeout=60)[1].decode()
    assert reader.returncode == 6
    assert "was written to while being read" in said


@pytest.mark.parametrize(("mode", "who"), [(0o770, "its group"), (0o722, "everybody")])
def test_a_check_reports_a_folder_that_others_can_write(visitors: Visitors, store: Path, mode: int, who: str) -> None:
    store.parent.chmod(mode)
    found = visitors("db", "check", "--db", str(store), "--format", "json", code=8).json
    (problem,) = (one for one in found if one["result"] == "problem")
    assert problem["detail"] == f"{who} can write to {store.parent}"
    assert problem["help"] == f"chmod go-w {store.parent}"
