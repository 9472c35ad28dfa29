"""A store that is moved, removed or replaced while a command runs, or changed while it waits for an answer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pexpect
import pytest

from trials.running import can_trace, eventually
from visitors import open_store
from visitors.errors import StoreProblem
from visitors.store.database import Commit
from visitors.store.file.opening import open_store as open_file
from visitors.store.file.sqlite import SqliteDatabase
from visitors.store.places import File

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))


@pytest.fixture
def other(visitors: Visitors, tmp_path: Path) -> Path:
    """Another store, beside that of the test."""
    path = tmp_path / "other.db"
    for number in range(4):
        visitors("create", "--id", f"other-{number}", "--language", "fr", "--db", str(path))
    return path


def content(path: Path) -> list[Any]:
    """The database's whole content, read with SQLite alone; it must be intact."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


def asked(*words: str) -> Any:
    """Run the command at a terminal, up to its question."""
    child = pexpect.spawn(COMMAND, list(words), encoding="utf-8", dimensions=(24, 200), timeout=30)
    child.expect_exact("[y/N] ")
    return child


def answered(child: Any, answer: str = "y") -> tuple[int, str]:
    """Return the exit code and the output after the answer."""
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, " ".join(child.before.split())  # it is broken into lines


def fill(visitors: Visitors) -> None:
    for number in range(3):
        visitors("create", "--id", f"v{number}", "--language", "fr")


def replace(store: Path, other: Path) -> None:
    other.replace(store)


def remove(store: Path, _: Path) -> None:
    store.unlink()


@pytest.mark.parametrize("how", [replace, remove])
def test_a_store_that_is_replaced_while_a_question_is_asked_is_left_as_it_is(
    visitors: Visitors, store_path: Path, other: Path, how: Callable[[Path, Path], None]
) -> None:
    fill(visitors)
    before = content(other)
    child = asked("delete", "--language", "fr")
    assert not store_path.with_name("visitors.db-wal").exists(), "no connection is open while a person thinks"
    how(store_path, other)
    code, said = answered(child)

    assert code == 6
    assert "was moved, removed or replaced in the meantime" in said
    if how is replace:
        assert content(store_path) == before
    else:
        assert not store_path.exists()


@pytest.mark.parametrize("beside", ["wal", "journal"])
@pytest.mark.parametrize("how", [replace, remove])
def test_a_store_that_is_replaced_during_an_import_is_left_as_it_is(
    visitors: Visitors, store_path: Path, other: Path, tmp_path: Path, how: Callable[[Path, Path], None], beside: str
) -> None:
    """In a store with visitors, which has a log, and in one without, which then has a rollback journal."""
    if beside == "wal":
        fill(visitors)
    before = content(other)
    rows = tmp_path / "rows.ndjson"
    rows.write_text("".join(f'{{"id":"new-{number}","city":"{"x" * 300}"}}\n' for number in range(60_000)))
    process = subprocess.Popen([COMMAND, "import", str(rows)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually(lambda: is_under_way(store_path, beside))
    how(store_path, other)
    said = process.communicate(timeout=60)[1].decode()

    assert process.returncode == 6, said
    assert "was moved, removed or replaced in the meantime" in said
    if how is replace:
        assert content(store_path) == before
        assert visitors("list", "--format", "count").stdout == "4\n"
    else:
        assert not store_path.exists()


def is_under_way(store: Path, beside: str) -> bool:
    """Return whether the operation has begun: much of it is in the log, or the file itself."""
    file = store.with_name(f"{store.name}-{beside}")
    return file.exists() and (store if beside == "journal" else file).stat().st_size > 100_000


def test_a_python_program_whose_store_is_replaced_writes_to_neither(
    visitors: Visitors, store_path: Path, other: Path
) -> None:
    fill(visitors)
    before = content(other)
    with open_store(store_path) as store:
        store.create(id="while-it-is-there")
        replace(store_path, other)
        with pytest.raises(StoreProblem) as refused:
            store.create(id="too-late")
        assert refused.value.code == "store_moved"
    assert content(store_path) == before


def write_while_it_is_replaced(path: Path, other: Path) -> None:
    with open_file(File.at(path)) as store, store.writing():
        store.execute("DELETE FROM keys")
        replace(path, other)


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_load_whose_store_is_replaced_is_reported_and_leaves_the_new_one(
    visitors: Visitors, store_path: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    visitors("db", "dump", "--db", str(other), "-o", str(tmp_path / "dump.ndjson"))
    before = content(other)
    commit = SqliteDatabase.commit

    def replacing(self: SqliteDatabase, last: Commit, /) -> bool:
        done = commit(self, last)
        if self.name == str(store_path):
            replace(store_path, other)
        return done

    if when == "after the commit":
        monkeypatch.setattr(SqliteDatabase, "commit", replacing)
        refused = visitors("db", "load", str(tmp_path / "dump.ndjson"), code=6)
        assert "what was written is in the previous file" in refused.stderr
    else:
        with pytest.raises(StoreProblem) as error:
            write_while_it_is_replaced(store_path, other)
        assert error.value.code == "store_moved"
    assert content(store_path) == before


def test_who_came_since_the_question_is_left_out(visitors: Visitors) -> None:
    fill(visitors)
    child = asked("delete", "--language", "fr")
    assert "delete 3 visitors" in child.before
    visitors("create", "--id", "late", "--language", "fr")
    visitors("update", "v0", "--language", "de")
    code, said = answered(child)

    assert code == 0
    assert "skipped 1 visitor that matched only after the question" in said
    assert sorted(visitors("list", "--format", "ids").lines) == ["late", "v0"]


def test_what_belongs_to_a_person_since_the_question_is_not_erased(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")
    visitors("identify", "v1", "--email", "ada@example.com")
    child = asked("contacts", "erase", "ada@example.com")
    visitors("create", "--id", "v2")
    visitors("identify", "v2", "--email", "ada@example.com")
    code, said = answered(child)

    assert code == 4
    assert "since the question" in said
    assert visitors("list", "--format", "count").stdout == "2\n"


def test_who_is_named_otherwise_since_the_question_is_not_merged(visitors: Visitors) -> None:
    for name in ("Ada", "Bob"):
        visitors("contacts", "create", "--email", f"{name}@example.com", "--name", name)
    child = asked("contacts", "merge", "ada@example.com", "bob@example.com")
    visitors("contacts", "update", "bob@example.com", "--name", "Eve")
    code, said = answered(child)

    assert (code, "since the question" in said) == (4, True)
    assert visitors("contacts", "list", "--format", "count").stdout == "2\n"


def test_what_the_files_do_not_name_since_the_question_stays(visitors: Visitors, tmp_path: Path) -> None:
    fixture = tmp_path / "one.yaml"
    fixture.write_text("version: 1\nvisitors:\n  v0: {id: v0}\n")
    fill(visitors)
    child = asked("fixtures", "apply", str(fixture), "--prune")
    visitors("create", "--id", "late")
    code, said = answered(child)

    assert (code, "since the question" in said) == (4, True)
    assert visitors("list", "--format", "count").stdout == "4\n"


def test_a_backup_that_is_replaced_since_the_question_is_not_restored(
    visitors: Visitors, other: Path, tmp_path: Path
) -> None:
    fill(visitors)
    backup = tmp_path / "b.bak"
    visitors("db", "backup", str(backup))
    child = asked("db", "restore", str(backup))
    replace(backup, other)
    code, said = answered(child)

    assert (code, "since the question" in said) == (4, True)
    assert visitors("list", "--format", "count").stdout == "3\n"


def test_what_was_typed_before_the_question_is_no_answer(visitors: Visitors, store_path: Path) -> None:
    fill(visitors)
    child = pexpect.spawn(COMMAND, ["delete", "--all"], encoding="utf-8", dimensions=(24, 200), timeout=30)
    child.sendline("y")
    child.expect_exact("[y/N] ")
    code, _ = answered(child, "n")

    assert code == 7
    assert visitors("list", "--format", "count").stdout == "3\n"
    assert store_path.exists()


@pytest.mark.skipif(not can_trace(), reason="needs strace, and leave to use it")
def test_what_was_committed_while_the_store_was_moved_is_reported(
    visitors: Visitors, store_path: Path, other: Path, tmp_path: Path
) -> None:
    fill(visitors)
    before, away = content(other), tmp_path / "away.db"
    words = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", "trace=fdatasync"]
    trace = subprocess.run([*words, COMMAND, "create", "--id", "first"], check=True, capture_output=True)
    assert trace.returncode == 0
    words += ["-e", "inject=fdatasync:delay_enter=3000000:when=1"]
    process = subprocess.Popen([*words, COMMAND, "create", "--id", "late"], stderr=subprocess.PIPE, text=True)
    eventually(lambda: store_path.with_name("visitors.db-wal").exists())
    time.sleep(0.5)
    store_path.replace(away)
    other.replace(store_path)
    said = process.communicate(timeout=60)[1]

    there = "late" in "".join(content(away))
    assert content(store_path) == before
    if process.returncode == 0:  # on a slow machine it may have ended before the store was moved
        assert there
    else:
        assert process.returncode == 6
        assert ("is in the previous file" in said) == there


def test_advice_is_about_the_store_that_was_named(visitors: Visitors, other: Path) -> None:
    visitors("create", "--id", "mine")
    visitors("erase", "other-0", "--yes", "--no-vacuum", "--db", str(other), code=0)
    said = visitors("erase", "other-1", "--yes", "--no-vacuum", "--db", str(other)).stderr
    assert f"visitors --db {other} db compact" in said
    assert f": visitors --db {other} list" in visitors("show", "nobody", "--db", str(other), code=3).stderr
    assert ": visitors list" in visitors("show", "nobody", code=3).stderr
