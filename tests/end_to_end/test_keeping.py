"""Backups, restores and compacting in real processes: concurrent with writers, and killed at any moment.

VISITORS_LONG_TESTS=1 kills each of them a hundred times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from trials.running import SETTLING, can_trace, interruptible, moments_of

pytestmark = pytest.mark.slow

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))
LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it
KILLS = 100 if LONG else 10
BACKUPS = 40 if LONG else 4
WRITERS = 4

# Print what was acknowledged, line by line, until told to stop.
WRITER = """
import contextlib, io, itertools, os, sys
from visitors.main import run

for number in itertools.count():
    visitor = f"w{sys.argv[1]}-{number}"
    for words in (["create", "--id", visitor], ["identify", visitor, "--external-id", f"user-{number}"]):
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            status = run(words)
        if status != 0:
            sys.exit(f"{words} ended with {status}: {said.getvalue()}")
    os.write(1, f"{visitor}\\n".encode())
"""


@contextmanager
def writers(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes that write until the block ends, none of which may have failed."""
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(number)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for number in range(count)
    ]
    try:
        yield started
        assert [process.poll() for process in started] == [None] * count
    finally:
        for process in started:
            process.kill()
            process.communicate()


def rows(path: Path, sql: str) -> list[Any]:
    """Query a store that nobody writes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        return [row[0] for row in connection.execute(sql)]


def start(*words: str) -> subprocess.Popen[bytes]:
    settings = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
    return subprocess.Popen([COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings)


def killed_at_random(moments: random.Random, longest: float, *words: str) -> bool:
    """Start the command and kill it at a random moment; return whether it was still running."""
    process = start(*words)
    time.sleep(moments.uniform(longest * 0.3, longest))  # not while Python starts
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def took(*words: str) -> float:
    """Return the seconds that the command takes; it must succeed."""
    begin = time.monotonic()
    process = start(*words)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return time.monotonic() - begin


def unfinished(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.name.endswith(".partial")]


def assert_sound(visitors: Visitors, path: Path, *words: str) -> None:
    """Assert that the store is intact; what a killed process left may still exist, as its other name."""
    told = visitors("db", "check", *words, "--db", str(path), "--format", "json", code=None).json
    assert {one["check"] for one in told if one["result"] == "problem"} <= {"leftovers", "names"}


@pytest.fixture
def filled(visitors: Visitors, store_path: Path) -> Path:
    visitors("seed", "--seed", "5", "--count", "2000", "--format", "count")
    return store_path


def test_backups_during_writes_by_four_processes_are_each_consistent(
    visitors: Visitors, store_path: Path, tmp_path: Path
) -> None:
    visitors("create", "--id", "first")
    with writers(WRITERS) as processes:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        acknowledged = set(rows_of_open(store_path))
        for number in range(BACKUPS):
            target = tmp_path / f"{number}.bak"
            visitors("db", "backup", str(target))
            found = set(rows(target, "SELECT id FROM visitors"))
            # all that was acknowledged before it began, and of each writer a prefix without gaps
            assert acknowledged <= found
            for writer in range(WRITERS):
                own = sorted(int(one.partition("-")[2]) for one in found if one.startswith(f"w{writer}-"))
                assert own == list(range(len(own)))
            operations = rows(target, "SELECT count(*) FROM operations")[0]
            linked = rows(target, "SELECT count(*) FROM visitors WHERE contact_id IS NOT NULL")[0]
            assert operations == len(found) + linked
            acknowledged = set(rows_of_open(store_path))
    for number in range(BACKUPS):
        visitors("db", "check", "--db", str(tmp_path / f"{number}.bak"))
    assert len(rows(tmp_path / f"{BACKUPS - 1}.bak", "SELECT id FROM visitors")) > WRITERS
    assert unfinished(tmp_path) == []


def rows_of_open(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM visitors")]


def test_a_check_during_writes_finds_no_problems(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "first")
    with writers(2) as processes:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for _ in range(5):
            visitors("db", "check")
    visitors("db", "check")
    assert store_path.exists()


def test_a_restore_during_writes_loses_no_write_that_is_not_kept(
    visitors: Visitors, store_path: Path, tmp_path: Path
) -> None:
    visitors("create", "--id", "first")
    backup = visitors("db", "backup", str(tmp_path / "first.bak")).stdout.strip()
    with subprocess.Popen([sys.executable, "-c", CREATOR], stdout=subprocess.PIPE) as creator:
        assert creator.stdout is not None
        creator.stdout.readline()
        kept = Path(visitors("db", "restore", backup, "--yes").stdout.strip())
        creator.kill()
        acknowledged = {"first", "made-0", *creator.stdout.read().decode().split()}
    either = {*rows(kept, "SELECT id FROM visitors"), *rows_of_open(store_path)}
    assert acknowledged <= either
    visitors("db", "check")
    visitors("db", "check", "--db", str(kept))


CREATOR = """
import contextlib, io, itertools, os
from visitors.main import run

for number in itertools.count():
    with contextlib.redirect_stdout(io.StringIO()):
        assert run(["create", "--id", f"made-{number}"]) == 0
    os.write(1, f"made-{number}\\n".encode())
"""


def test_a_killed_backup_leaves_a_whole_one_or_none(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    moments = random.Random("backup")  # noqa: S311 - moments, no secrets
    longest = took("db", "backup", str(tmp_path / "first.bak"))
    killed = 0
    for number in range(KILLS):
        target = tmp_path / f"{number}.bak"
        killed += killed_at_random(moments, longest, "db", "backup", str(target))
        if target.exists():
            assert target.stat().st_mode & 0o777 == 0o600
            assert_sound(visitors, target, "--quick")
            assert rows(target, "SELECT count(*) FROM visitors") == [2000]
    assert killed
    left = unfinished(filled.parent)
    for one in left:
        assert one.stat().st_mode & 0o777 == 0o700
    told = visitors("db", "check", "--format", "json", code=8 if left else 0).json
    assert [one["check"] for one in told if one["result"] == "problem"] == ["leftovers"] * len(left)
    assert len(left) <= 1  # the next one removes what the last one left


@pytest.mark.parametrize("target", ["sound", "damaged", "missing"])
def test_a_killed_restore_leaves_the_old_store_or_the_new(
    visitors: Visitors, filled: Path, tmp_path: Path, target: str
) -> None:
    moments = random.Random(f"restore {target}")  # noqa: S311 - moments, no secrets
    backup = str(tmp_path / "backups" / "new.bak")
    Path(backup).parent.mkdir()
    visitors("db", "backup", backup)
    visitors("block", "--all", "--yes", "--format", "count")
    store = tmp_path / "own" / "visitors.db"
    store.parent.mkdir()
    old = tmp_path / "backups" / "old.bak"
    visitors("db", "backup", str(old))
    visitors("db", "restore", str(old), "--db", str(store))
    content = store.read_bytes()
    if target == "damaged":
        content = b"damaged!" * 512 + content[4096:]

    def prepare() -> bytes | None:
        for one in store.parent.iterdir():
            if one.is_file():
                one.unlink()
        if target == "missing":
            return None
        store.write_bytes(content)
        store.chmod(0o600)
        return content

    words = ("db", "restore", backup, "--yes", "--db", str(store))
    prepare()
    longest = took(*words)
    outcomes = []
    for _ in range(KILLS):
        before = prepare()
        killed_at_random(moments, longest, *words)
        if not store.exists():
            assert before is None
            outcomes.append("old")
        elif target == "damaged" and store.read_bytes() == before:
            outcomes.append("old")
        else:
            assert_sound(visitors, store, "--quick")
            blocked = visitors("list", "--db", str(store), "--blocked", "--format", "count").stdout
            outcomes.append("old" if blocked == "2000\n" else "new")
            assert visitors("list", "--db", str(store), "--format", "count").stdout == "2000\n"
            assert target == "sound" or outcomes[-1] == "new"
        # an undisturbed restore then repairs whatever is left
    visitors(*words)
    visitors("db", "check", "--db", str(store))
    assert "old" in outcomes
    assert filled.exists()


KEEPING = {
    "backup": ("db", "backup", "{made}"),
    "restore": ("db", "restore", "{backup}", "--yes"),
    "dump": ("db", "dump", "-o", "{made}"),
    "export": ("export", "-o", "{made}"),
}


@pytest.mark.skipif(not can_trace(), reason="needs strace, and leave to use it")
@pytest.mark.parametrize("what", KEEPING)
def test_whether_a_file_was_made_is_what_a_command_that_gets_a_signal_says(
    visitors: Visitors, filled: Path, tmp_path: Path, what: str
) -> None:
    backup, made, trace = tmp_path / "backups" / "new.bak", tmp_path / "made" / "made.csv", tmp_path / "trace"
    store = tmp_path / "own" / "visitors.db"
    backup.parent.mkdir()
    visitors("db", "backup", str(backup))
    visitors("delete", "--all", "--yes", "--format", "count")
    old = filled.read_bytes()
    words = [COMMAND, "--db", str(store), *(word.format(made=made, backup=backup) for word in KEEPING[what])]

    def traced(*options: str) -> int:
        for folder in (store.parent, made.parent):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        store.write_bytes(old)
        store.chmod(0o600)
        tool = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={SETTLING}", *options]
        return subprocess.run(
            [*tool, *words],
            capture_output=True,
            check=False,
            preexec_fn=interruptible,
        ).returncode

    def is_done() -> bool:
        if what == "restore":
            return bool(visitors("list", "--db", str(store), "--format", "count").stdout == "2000\n")
        return made.exists()

    assert traced() == 0
    assert is_done()
    moments = moments_of(trace)
    chooser = random.Random(what)  # noqa: S311 - moments, no secrets
    outcomes = set()
    for call, number in moments if LONG else chooser.sample(moments, min(len(moments), 5)):
        code = traced("-e", f"inject={call}:signal=INT:when={number}")
        assert code in (0, 130)
        assert is_done() == (code == 0), (call, number, code)
        assert not unfinished(made.parent)
        outcomes.add(code)
    assert outcomes


def test_killed_while_it_compacts_a_store_stays_as_it_was(visitors: Visitors, filled: Path) -> None:
    moments = random.Random("compact")  # noqa: S311 - moments, no secrets
    before = visitors("db", "dump").stdout
    longest = took("db", "compact")
    killed = 0
    for _ in range(KILLS):
        killed += killed_at_random(moments, longest, "db", "compact")
        visitors("db", "check", "--quick")
    assert killed
    visitors("db", "check")
    assert visitors("db", "dump").stdout == before
    assert sorted(one.name for one in filled.parent.iterdir()) == ["visitors.db"]
