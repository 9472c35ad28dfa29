"""SQLite's errors in our words, and its version."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import visitors as package
from unguarded import OPEN_OPERATION
from visitors.errors import StoreProblem, UsageProblem, VisitorsError
from visitors.store.file.sqlite import OLDEST, refuse_old_sqlite, statements

Visitors = Callable[..., Any]

EXPECTED = os.environ.get("VISITORS_EXPECTED_SQLITE")  # read before the tests' isolation removes it


def test_the_tests_run_on_the_sqlite_that_they_are_meant_to(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nSQLite {sqlite3.sqlite_version}")  # noqa: T201 - for whoever reads what CI printed
    assert EXPECTED in (None, sqlite3.sqlite_version)
    assert sqlite3.sqlite_version_info >= OLDEST


def test_a_python_with_an_older_sqlite_is_refused_with_both_versions(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, store_path: Path
) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    for words in (("create",), ("list",), ("--db", ":memory:", "list")):
        refused = visitors(*words, "--format", "json", code=6)
        assert refused.error["code"] == "sqlite_too_old"
        assert "SQLite 3.34.1" in refused.error["message"]
        assert "3.37.0" in refused.error["message"]
    assert not store_path.exists() or store_path.stat().st_size == 0


def test_the_oldest_sqlite_that_will_do_is_not_refused() -> None:
    refuse_old_sqlite(OLDEST)
    with pytest.raises(StoreProblem):
        refuse_old_sqlite((3, 36, 999))


@pytest.mark.parametrize("name", ["file:y.db?mode=memory", "file:x.db", "file:///tmp/z.db", "a?immutable=1", "b%41#c"])
@pytest.mark.parametrize("way", ["option", "environment", "python"])
def test_a_name_is_a_file_in_the_folder_and_never_a_uri(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if "://" in name:  # a server, by its scheme
        assert visitors("--db", name, "create", code=2)
        return
    if way == "python":
        with package.open_store(name) as store:
            store.create(id="a")
            assert store.path == tmp_path / name
    elif way == "environment":
        monkeypatch.setenv("VISITORS_DB", name)
        visitors("create", "--id", "a")
    else:
        visitors("--db", name, "create", "--id", "a")
    found = tmp_path / name
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert visitors("--db", str(found), "list", "--format", "ids").lines == ["a"]
    assert visitors("--db", name, "db", "path").lines == [str(found)]
    for words in (("db", "check"), ("db", "backup", "copy:of.db"), ("db", "compact"), ("db", "restore", "copy:of.db")):
        visitors("--db", name, *words, *(["--yes"] if "restore" in words else []))
    assert visitors("--db", name, "list", "--format", "ids").lines == ["a"]
    assert sorted(one.name for one in tmp_path.iterdir() if "replaced" not in one.name) == sorted([name, "copy:of.db"])


@pytest.mark.parametrize("content", [b"x", b"a note to myself\n" * 20])
@pytest.mark.parametrize("words", [("list",), ("create",), ("db", "migrate"), ("db", "compact")])
def test_a_short_file_of_something_else_is_not_written_over(
    visitors: Visitors, store_path: Path, words: tuple[str, ...], content: bytes
) -> None:
    store_path.write_bytes(content)
    assert visitors(*words, "--format", "json", code=6).error["code"] == "store_invalid"
    assert store_path.read_bytes() == content


def test_an_operation_that_was_left_open_is_damage_that_a_check_finds(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "a")
    with closing(sqlite3.connect(store_path, isolation_level=None)) as connection:
        connection.execute(OPEN_OPERATION)
    for words in (["create"], ["update", "a", "--city", "Oslo"], ["undo"], ["erase", "a", "--yes"]):
        refused = visitors(*words, "--format", "json", code=6).error
        assert refused["code"] == "store_corrupt"
        assert refused["hint"].endswith("visitors db check")
    assert "open-operation" in visitors("db", "check", code=8).stdout
    assert visitors("list", "--format", "ids").lines == ["a"]


def test_a_missing_table_is_no_damage_but_a_mistake(
    visitors: Visitors, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors("create", "--id", "a")
    with sqlite3.connect(store_path) as connection:
        connection.execute("DROP TABLE causes")
    monkeypatch.delenv("VISITORS_DEBUG")
    failed = visitors("show", "a", code=1)
    assert "unexpected failure: OperationalError: no such table: causes" in failed.stderr
    assert "damaged" not in failed.stderr
    assert "VISITORS_DEBUG=1" in failed.stderr
    monkeypatch.setenv("VISITORS_DEBUG", "1")
    with pytest.raises(sqlite3.OperationalError, match="no such table: causes"):
        visitors("show", "a")


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.create(),
        lambda store: list(store.list()),
        lambda store: store.show("a"),
        lambda store: store.undo(),
        lambda store: store.close(),
    ],
)
def test_a_store_is_for_the_thread_that_opened_it(tmp_path: Path, act: Callable[[Any], object]) -> None:
    raised: list[BaseException] = []

    def elsewhere() -> None:
        try:
            act(store)
        except BaseException as error:  # noqa: BLE001 - looked at below
            raised.append(error)

    with package.open_store(tmp_path / "one.db") as store:
        store.create(id="a")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert [type(error) for error in raised] == [UsageProblem]
        assert getattr(raised[0], "code", None) == "wrong_thread"
        assert store.show("a").id == "a"


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.create(),
        lambda store: list(store.list()),
        lambda store: store.show("a"),
        lambda store: store.contacts.create(email="a@example.com"),
        lambda store: store.erase("a"),
    ],
)
@pytest.mark.parametrize("where", [":memory:", ":temp:", "one.db"])
def test_a_closed_store_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Any], object], where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    store = package.open_store(where)
    store.create(id="a")
    store.close()
    store.close()
    with pytest.raises(VisitorsError) as told:
        act(store)
    assert told.value.code == "store_closed"


def test_a_script_is_split_where_its_statements_end() -> None:
    script = (
        "-- a; b\nCREATE TABLE t (x);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n  SELECT 1;\n  SELECT ';';\nEND;\n"
    )
    assert [one.split()[-1] for one in statements(script)] == ["(x);", "END;"]
