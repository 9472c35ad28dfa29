"""A process killed at any moment leaves an intact store with its write in it completely or not at all; and what it
reported as done is done.

A process is killed, not the machine: what it passed to the operating system still reaches the disk.
VISITORS_LONG_TESTS=1 kills each kind of write many times at random, and at each of its system calls that write.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from trials.running import (
    LONG,
    SETTLING,
    can_trace,
    eventually,
    moments_of,
    nobody_is_left_soon,
    settings,
    start,
)
from trials.sound import State, assert_sound, deeds, problems
from trials.writes import ALIKE, KEEPING, MADE_NOW, NOW, READS, WRITES, Furnished, Visitors, Write
from visitors import registry

KILLS = 12 if LONG else 1
"""How often each kind of write is killed at random."""
_MOMENT = 0.0003

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]
each_write = pytest.mark.parametrize("write", WRITES, ids=[write.name for write in WRITES])

counted: Counter[str] = Counter()
"""The outcomes for killed processes."""


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    """Print the counts of outcomes at the end (`pytest -s`)."""
    yield
    sys.stdout.write("\nkilled: " + ", ".join(f"{what} {count}" for what, count in sorted(counted.items())) + "\n")


def test_every_command_that_writes_is_tried() -> None:
    tried = {" ".join(write.words.split()[:depth]) for write in WRITES for depth in (1, 2)}

    assert {entry.words for entry in registry.COMMANDS} <= tried | READS | KEEPING | ALIKE.keys()


class Run(NamedTuple):
    """An undisturbed write: the states before and after it, and its times in seconds."""

    before: State
    opened: State
    """Created or migrated, which is a separate transaction, and not yet written."""
    after: State
    opens: float
    """From the start until files beside the store show that it is being written."""
    ends: float
    newer: dict[str, str] | None
    """The environment of the next version, if that does the write."""


def begin(furnished: Furnished, write: Write, store: Path, under: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start the write as a separate process, with a frozen clock."""
    with (furnished.files / write.input if write.input else Path("/dev/null")).open("rb") as content:
        words = [*furnished.command(write), "--db", str(store)]
        with said_file(store).open("wb") as said:  # nobody reads from a pipe while we wait
            return start(
                *words, stdin=content, stdout=said, env={"VISITORS_NOW": NOW, **furnished.program(write)}, under=under
            )


def said_file(store: Path) -> Path:
    """Where the standard output of the process goes that writes to the store."""
    return store.parent.with_name(f"{store.parent.name}.said")


def is_open(store: Path) -> bool:
    """Return whether SQLite has created the files that it keeps beside an open store."""
    return any(store.with_name(store.name + suffix).exists() for suffix in ("-wal", "-journal"))


def has_begun(process: subprocess.Popen[bytes], store: Path) -> bool:
    """Return whether the process has begun to write, or has ended."""
    return is_open(store) or process.poll() is not None


_RUNS: dict[str, Run] = {}


def left_alone(furnished: Furnished, write: Write, folder: Path) -> Run:
    """Return the undisturbed write; run once for each kind."""
    if write.name not in _RUNS:
        store = furnished.copy(write, folder / "left-alone")
        before = deeds(store, MADE_NOW)
        ready = furnished.copy(write, folder / "opened")
        newer = furnished.program(write) or None
        opener = "import sys; from visitors import open_store; open_store(sys.argv[1]).close()"
        subprocess.run([sys.executable, "-c", opener, str(ready)], env=settings(**(newer or {})), check=True)
        opened = 0.0
        begun = time.monotonic()
        process = begin(furnished, write, store)
        while process.poll() is None:
            if not opened and is_open(store):
                opened = time.monotonic() - begun
            time.sleep(_MOMENT)
        took = time.monotonic() - begun
        said = process.communicate()[1].decode()
        assert process.returncode == (5 if "rejects" in write.name else 0), said
        nobody_is_left_soon(process)
        assert_sound(store, newer)
        after = deeds(store, MADE_NOW)
        assert after != before
        _RUNS[write.name] = Run(before, deeds(ready, MADE_NOW), after, opened or took / 2, took, newer)
    return _RUNS[write.name]


def judge(run: Run, store: Path, code: int) -> None:
    """Fail unless the store is intact, and the write is complete or missing; count which."""
    counted["kills" if code == -signal.SIGKILL else "too late"] += 1
    found = deeds(store, MADE_NOW)
    is_whole, is_absent = found == run.after, found in (run.before, run.opened)
    acknowledged = code == 0 or said_file(store).stat().st_size > 0
    wrong = [] if found == run.before != run.opened else list(problems(store, run.newer))
    counted["unsound"] += bool(wrong)
    counted["half"] += not (is_whole or is_absent)
    counted["missing"] += acknowledged and not is_whole
    counted["there" if is_whole else "not there"] += code == -signal.SIGKILL
    assert wrong == []
    assert is_whole or is_absent
    assert is_whole or not acknowledged
    for backup in store.parent.glob("*.bak"):
        assert deeds(backup, MADE_NOW) == run.before, f"{backup.name} is no whole copy"


@each_write
def test_a_write_that_is_killed_at_a_random_moment_is_whole_or_not_there(
    furnished: Furnished, write: Write, tmp_path: Path
) -> None:
    run = left_alone(furnished, write, tmp_path)
    moments = random.Random(write.name)  # noqa: S311 - moments, no secrets
    for number in range(KILLS):
        store = furnished.copy(write, tmp_path / f"round-{number}")
        process = begin(furnished, write, store)
        if number % 4 == 3:
            time.sleep(moments.uniform(0, run.ends))
        else:
            # most of the time a process is starting: wait until it touches the store
            eventually(partial(has_begun, process, store))
            time.sleep(moments.uniform(0, run.ends - run.opens))
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate(timeout=60)
        nobody_is_left_soon(process)

        judge(run, store, process.returncode)
        shutil.rmtree(store.parent)


CALLS = "pwrite64,fdatasync,fsync,ftruncate,unlink"
"""The system calls that change a store."""


def traced(
    furnished: Furnished, write: Write, store: Path, trace: Path, *options: str, calls: str = CALLS
) -> tuple[int, str]:
    """Run the write under strace; return its exit code and standard error."""
    words = ("strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={calls}", *options)
    process = begin(furnished, write, store, words)
    said = process.communicate(timeout=60)[1].decode()
    nobody_is_left_soon(process)
    return process.returncode, said


TRACED = [write for write in WRITES if LONG or write.name in ("create", "contacts merge", "import, few rows")]


@pytest.mark.parametrize("write", TRACED, ids=[write.name for write in TRACED])
def test_a_write_that_is_killed_at_a_system_call_is_whole_or_not_there(
    furnished: Furnished, write: Write, tmp_path: Path
) -> None:
    if not can_trace():
        pytest.skip("needs strace, and leave to use it")
    run = left_alone(furnished, write, tmp_path)
    trace = tmp_path / "trace"
    traced(furnished, write, furnished.copy(write, tmp_path / "counted"), trace)
    moments = moments_of(trace)
    syncs = [moment for moment in moments if "sync" in moment[0]]
    others = [moment for moment in moments if moment not in syncs]
    chooser = random.Random(write.name)  # noqa: S311 - moments, no secrets
    chosen = chooser.sample(syncs, min(len(syncs), 8 if LONG else 1))
    chosen += chooser.sample(others, min(len(others), 8 if LONG else 1))
    for round_, (call, number) in enumerate(chosen):
        store = furnished.copy(write, tmp_path / f"round-{round_}")
        code, _ = traced(furnished, write, store, trace, "-e", f"inject={call}:signal=KILL:when={number}")

        judge(run, store, code)
        shutil.rmtree(store.parent)


# signals that are handled

SIGNALLED = [
    write
    for write in WRITES
    if LONG or write.name in ("create", "block a person", "import, few rows", "undo", "contacts erase", "db load")
]


@pytest.mark.parametrize("write", SIGNALLED, ids=[write.name for write in SIGNALLED])
def test_what_a_write_that_gets_a_signal_says_is_what_the_store_holds(
    furnished: Furnished, visitors: Visitors, write: Write, tmp_path: Path
) -> None:
    if not can_trace():
        pytest.skip("needs strace, and leave to use it")
    run = left_alone(furnished, write, tmp_path)
    trace = tmp_path / "trace"
    traced(furnished, write, furnished.copy(write, tmp_path / "counted"), trace, calls=SETTLING)
    moments = moments_of(trace)
    chooser = random.Random(write.name)  # noqa: S311 - moments, no secrets
    for round_, (call, number) in enumerate(moments if LONG else chooser.sample(moments, min(len(moments), 3))):
        name = chooser.choice(("INT", "TERM", "HUP"))
        store = furnished.copy(write, tmp_path / f"round-{round_}")
        inject = ("-e", f"inject={call}:signal={name}:when={number}")
        code, said = traced(furnished, write, store, trace, *inject, calls=SETTLING)

        found = deeds(store, MADE_NOW)
        is_done, says_done = found == run.after, code in (0, 5) or "the changes were saved" in said
        counted[f"signals, {'done' if is_done else 'not done'}"] += 1
        assert code in (0, 5, 128 + signal.Signals[f"SIG{name}"])
        assert is_done == says_done, (call, number, name, code, said)
        assert is_done or found in (run.before, run.opened)
        if is_done and "erase" in write.name:
            operation = visitors("history", "--limit", "1", "--format", "ids", "--db", str(store)).stdout.strip()
            receipt = visitors("history", "--operation", operation, "--receipt", "--db", str(store)).json
            assert receipt["operationId"] == operation
        shutil.rmtree(store.parent)


# a process that writes repeatedly, reporting each write

STEPS = (
    "create --id k{n} --city Oslo",
    "identify k{n} --external-id person-{n} --email person-{n}@example.com",
    "block k{n} --reason spam",
    "update k{n} --city Rome",
    "unblock k{n}",
    "contacts merge ext:u1 ext:person-{n} --force --yes",
    "delete k{n}",
    "restore k{n}",
)
LOOP = """
import contextlib, io, sys
from visitors.main import run

for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = run(line.split())
    print("done" if status == 0 else "failed", flush=True)
"""
ROUNDS = 60 if LONG else 4


def test_all_that_a_killed_process_said_was_done_is_there(
    furnished: Furnished, visitors: Visitors, tmp_path: Path
) -> None:
    moments = random.Random("loop")  # noqa: S311 - moments, no secrets
    plain = WRITES[0]
    steps = [step.format(n=number) for number in range(6) for step in STEPS]
    copy = furnished.copy(plain, tmp_path / "expected")
    expected = [deeds(copy, MADE_NOW)]
    took = 0.0
    for step in steps:
        visitors(*step.split(), "--db", str(copy), now=NOW)
        expected.append(deeds(copy, MADE_NOW))
    for number in range(ROUNDS):
        store = furnished.copy(plain, tmp_path / f"round-{number}")
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=settings(VISITORS_NOW=NOW, VISITORS_DB=str(store)),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{step}\n" for step in steps).encode())
        process.stdin.flush()
        assert process.stdout.readline() == b"done\n"
        begun = time.monotonic()
        time.sleep(moments.uniform(0, took * 25 if took else 0.1))
        process.kill()
        said, _ = process.communicate(timeout=60)
        took = took or (time.monotonic() - begun) / (said.count(b"\n") + 1)

        done = 1 + said.count(b"done\n")
        assert said.count(b"\n") == done - 1
        wrong = list(problems(store))
        found = deeds(store, MADE_NOW)
        there = expected.index(found) if found in expected else -1
        counted["kills"] += 1
        counted["unsound"] += bool(wrong)
        counted["half"] += there == -1
        counted["missing"] += 0 <= there < done
        counted["acknowledged in a loop"] += done
        assert wrong == []
        assert there in (done, done + 1)


def test_ids_that_a_killed_shell_script_printed_are_there(
    furnished: Furnished, visitors: Visitors, tmp_path: Path
) -> None:
    store = furnished.copy(WRITES[0], tmp_path / "shell")
    script = 'while true; do "$0" -m visitors create || exit; done'
    process = subprocess.Popen(
        ["bash", "-c", script, sys.executable],
        stdout=subprocess.PIPE,
        env=settings(VISITORS_DB=str(store)),
        start_new_session=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(4 if not LONG else 40)]
    subprocess.run(["kill", "-9", "--", f"-{process.pid}"], check=True)
    said += process.communicate(timeout=20)[0].splitlines(keepends=True)

    printed = {line.decode().strip() for line in said if line.endswith(b"\n")}
    counted["kills"] += 1
    counted["acknowledged in a loop"] += len(printed)
    assert_sound(store)
    assert printed <= set(visitors("list", "--format", "ids", "--db", str(store)).lines)


# an erasure, which is complete when the file is rewritten

ERASURES = 200 if LONG else 8


def holds_one_of(secrets: Collection[bytes], folder: Path) -> bool:
    return any(secret in one.read_bytes() for one in folder.rglob("*") if one.is_file() for secret in secrets)


def test_an_erasure_that_is_killed_is_finished_or_known_to_be_unfinished(
    visitors: Visitors, store_path: Path, tmp_path: Path
) -> None:
    """Killed from its first write until its end, mostly while the file is rewritten."""
    moments = random.Random("erase")  # noqa: S311 - moments, no secrets
    visitors("seed", "--count", "3000")
    visitors("create", "--id", "hers", "--city", "Zedlitz-Xyzzy")
    visitors("identify", "hers", "--email", "zelda@xyzzy.example", "--name", "Zelda Xyzzy")
    secrets = (b"zelda@xyzzy.example", b"Zelda Xyzzy", b"Zedlitz-Xyzzy")
    longest = 0.0
    for number in range(ERASURES):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        store, receipt = folder / "visitors.db", folder / "receipt.json"
        shutil.copy(store_path, store)
        words = ("contacts", "erase", "zelda@xyzzy.example", "--yes", "-o", receipt, "--db", store)
        process = start(*words, stdin=subprocess.DEVNULL)
        eventually(partial(has_begun, process, store))
        begun = time.monotonic()
        if longest:  # the first is undisturbed
            time.sleep(moments.uniform(0, longest))
            process.kill()
        process.communicate(timeout=60)
        longest = longest or time.monotonic() - begun

        with closing(sqlite3.connect(store)) as connection:
            kept = [row[0] for row in connection.execute("SELECT receipt FROM erasures")]
            is_there = connection.execute("SELECT 1 FROM contacts WHERE email = 'zelda@xyzzy.example'").fetchall() != []
        assert is_there == (not kept)
        if receipt.exists():
            assert json.loads(receipt.read_text()) == json.loads(kept[0])
        found = visitors("db", "check", "--db", str(store), "--format", "json", code=None).json
        unfinished = [one for one in found if one["check"] == "erasures" and one["result"] == "problem"]
        leftovers = [one for one in found if one["check"] == "leftovers" and one["result"] == "problem"]
        has_bytes = holds_one_of(secrets, folder)
        outcome = "not there" if is_there else "unfinished" if unfinished else "finished"
        counted[f"erasure {outcome}"] += 1
        assert has_bytes <= (is_there or bool(unfinished)), "bytes are left, and nobody is told"
        if unfinished:
            assert unfinished[0]["help"].endswith(" db compact")
            visitors("db", "compact", "--db", str(store))
            for one in leftovers:  # of the receipt, if it was being written
                subprocess.run(["sh", "-c", one["help"]], check=True)
            visitors("db", "check", "--quick", "--db", str(store))
            assert not holds_one_of(secrets, folder)
        shutil.rmtree(folder)
