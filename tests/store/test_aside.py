"""A database aside does the same in this process and in another, which tells what went wrong and does not stay."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trials.running import eventually, processes
from visitors.errors import VisitorsError
from visitors.store.aside import Elsewhere, Here
from visitors.store.problems import primary_code

Aside = Here | Elsewhere


@pytest.fixture(params=[Here, Elsewhere])
def aside(request: pytest.FixtureRequest) -> Iterator[Aside]:
    make: Callable[[str], Aside] = request.param
    opened = make("")
    yield opened
    opened.close()


def test_what_was_inserted_is_found(aside: Aside) -> None:
    aside.execute("CREATE TABLE t (n INTEGER, text TEXT, bytes BLOB)")
    aside.execute("INSERT INTO t VALUES (?, ?, x'00ff')", (1, "é\u2028太"))
    aside.insert("INSERT INTO t VALUES (?, ?, NULL)", '[[2,"zwei"],[3,null]]')
    aside.execute("COMMIT")
    found = [tuple(row) for row in aside.rows("SELECT n, text, bytes FROM t ORDER BY n")]
    assert found == [(1, "é\u2028太", b"\x00\xff"), (2, "zwei", None), (3, None, None)]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1_000])
def test_all_rows_come_however_many(aside: Aside, count: int) -> None:
    sql = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count}) SELECT i FROM n LIMIT {count}"
    assert [row[0] for row in aside.rows(sql)] == list(range(1, count + 1))
    assert list(aside.rows("SELECT 1 WHERE 0")) == []  # and nothing of them is left over


def test_what_goes_wrong_is_told_with_its_code_at_the_latest_with_the_rows(aside: Aside) -> None:
    def use() -> None:
        aside.execute("CREATE TABLE t (n INTEGER)")
        aside.execute("PRAGMA max_page_count = 1")
        aside.insert("INSERT INTO t VALUES (?)", str([[number] for number in range(10_000)]))
        for _ in range(100):  # nothing that comes after makes up for it
            aside.execute("SELECT 1")
        list(aside.rows("SELECT n FROM t"))

    with pytest.raises(sqlite3.OperationalError, match="full") as caught:
        use()
    assert primary_code(caught.value) == sqlite3.SQLITE_FULL


def test_a_process_that_is_killed_is_an_error_that_says_so() -> None:
    aside = Elsewhere("")
    aside.execute("CREATE TABLE t (n INTEGER)")
    os.kill(aside._process.pid, signal.SIGKILL)

    def use() -> None:
        for _ in range(100):
            aside.execute("INSERT INTO t VALUES (1)")
        list(aside.rows("SELECT n FROM t"))

    with pytest.raises(VisitorsError, match="ended before they were made") as caught:
        use()
    aside.close()
    assert (caught.value.code, caught.value.exit_status) == ("indexer_ended", 1)


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_process_is_gone_once_it_is_closed(is_busy: bool) -> None:  # noqa: FBT001 - a parameter of the test
    aside = Elsewhere("")
    if is_busy:
        aside.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    aside.stop()
    aside.close()
    assert aside._process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(aside._process.pid, 0)


USER = """
import os, sys
from visitors.store.aside import Elsewhere
aside = Elsewhere("")
print(aside._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_process_ends_when_nobody_is_left_to_call_it() -> None:
    user = subprocess.Popen([sys.executable, "-c", USER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert user.stdin is not None
    assert user.stdout is not None
    with user, user.stdin, user.stdout:
        aside = int(user.stdout.readline())
        assert aside in pids()
        user.kill()
        user.wait()
        eventually(lambda: aside not in pids())


def pids() -> set[int]:
    return {one.pid for one in processes()}
