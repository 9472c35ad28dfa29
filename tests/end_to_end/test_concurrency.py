"""Many processes on one store: every acknowledged write is there, exactly once, and no process was locked out."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))
PROCESSES = 16
ROUNDS = 40 if os.environ.get("VISITORS_LONG_TESTS") else 6
"""How often all of them create a store at the same moment."""

# Twenty rounds of five writes, each of which changes something; all processes also write to one shared visitor and
# shared contacts.
WORKER = """
import contextlib, io, sys
from visitors.main import run

worker, rounds = sys.argv[1], int(sys.argv[2])
acknowledged = 0
for number in range(rounds):
    visitor = f"w{worker}-{number}"
    for words in (
        ["create", "--id", visitor],
        ["track", "--id", f"t{worker}-{number}", "--language", "de"],
        ["identify", visitor, "--external-id", f"user-{number}"],
        ["block", visitor, "--reason", worker],
        ["update", "shared", "--city", visitor],
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            status = run(words)
        if status != 0:
            sys.exit(f"{words} ended with {status}")
        acknowledged += 1
print(acknowledged)
"""


def test_sixteen_processes_with_a_hundred_mixed_writes_each_lose_none(visitors: Visitors, store_path: Path) -> None:
    rounds = 20
    visitors("create", "--id", "shared")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(number), str(rounds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    ended = [(worker.communicate(timeout=80), worker.returncode) for worker in workers]

    assert [(said, code) for (_, said), code in ended if said or code] == []
    acknowledged = sum(int(count) for (count, _), _ in ended)
    assert acknowledged == PROCESSES * rounds * 5
    assert visitors("history", "--format", "count").stdout == f"{acknowledged + 1}\n"
    assert visitors("list", "--format", "count").stdout == f"{PROCESSES * rounds * 2 + 1}\n"
    assert visitors("list", "--blocked", "--format", "count").stdout == f"{PROCESSES * rounds}\n"
    assert visitors("list", "--identified", "--format", "count").stdout == f"{PROCESSES * rounds}\n"
    assert visitors("contacts", "list", "--format", "count").stdout == f"{rounds}\n"
    assert visitors("history", "--command", "update", "--format", "count").stdout == f"{PROCESSES * rounds}\n"
    expected = {f"{kind}{worker}-{number}" for kind in "wt" for worker in range(PROCESSES) for number in range(rounds)}
    assert set(visitors("list", "--format", "ids").lines) == expected | {"shared"}
    connection = sqlite3.connect(store_path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT count(*) FROM operations WHERE is_open = 1").fetchone() == (0,)
    connection.close()


def test_sixteen_shells_that_make_the_store_together_lose_none(visitors: Visitors, store_path: Path) -> None:
    script = """
        set -euo pipefail
        id=$("$1" create --id "s$2")
        "$1" track --id "t$2" > /dev/null
        "$1" identify "$id" --email everybody@example.com > /dev/null
        "$1" block "$id" --reason "$2" > /dev/null
        "$1" update "$id" --city "$2" > /dev/null
    """
    shells = [
        subprocess.Popen(
            ["bash", "-c", script, "worker", COMMAND, str(number)], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(PROCESSES)
    ]
    ended = [(shell.communicate(timeout=80), shell.returncode) for shell in shells]

    assert ended == [((b"", b""), 0)] * PROCESSES
    assert visitors("history", "--format", "count").stdout == f"{PROCESSES * 5}\n"
    assert visitors("list", "--format", "count").stdout == f"{PROCESSES * 2}\n"
    assert visitors("contacts", "list", "--fields", "email,visitorCount").lines[1:] == [
        f"everybody@example.com\t{PROCESSES}"
    ]
    connection = sqlite3.connect(store_path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_ten_thousand_ids_on_standard_input_are_one_operation(visitors: Visitors, visitors_process: Visitors) -> None:
    ids = [f"v{number:05d}" for number in range(10_000)]
    visitors("import", "-", "--input-format", "csv", input="id\n" + "\n".join(ids) + "\n")
    before = int(visitors("history", "--format", "count").stdout)

    blocked = visitors_process("block", "-", "--reason", "spam", input="\n".join(ids) + "\n")

    assert blocked.lines == ids
    assert int(visitors("history", "--format", "count").stdout) == before + 1
    assert visitors("history", "--command", "block", "--fields", "changeCount").lines[1:] == ["10000"]
    assert visitors("list", "--blocked", "--format", "count").stdout == "10000\n"


def test_a_reader_is_not_held_up_by_a_writer(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "v1")
    writer = sqlite3.connect(store_path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    assert visitors("list", "--format", "ids").stdout == "v1\n"
    writer.close()


MAKER = """
import contextlib, io, sys, time
from visitors.main import run

for line in sys.stdin:
    start, path = line.split(maxsplit=1)
    said = io.StringIO()
    while time.time() < float(start):
        time.sleep(0.0005)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = run(["create", "--id", f"v{sys.argv[1]}", "--db", path.strip()])
    print(status, said.getvalue().strip(), flush=True)
"""


def test_sixteen_processes_that_make_the_same_store_at_once_are_never_locked_out(
    visitors: Visitors, tmp_path: Path
) -> None:
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKER, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(PROCESSES)
    ]
    for number in range(ROUNDS):
        fresh = str(tmp_path / f"fresh-{number}.db")
        start = time.time() + (0.05 if number else 0.5)
        for maker in makers:
            assert maker.stdin is not None
            maker.stdin.write(f"{start} {fresh}\n")
            maker.stdin.flush()
        answers = [maker.stdout.readline() for maker in makers if maker.stdout is not None]
        assert answers == ["0 \n"] * PROCESSES
        assert visitors("list", "--db", fresh, "--format", "count").stdout == f"{PROCESSES}\n"
        assert visitors("history", "--db", fresh, "--format", "count").stdout == f"{PROCESSES}\n"
    for maker in makers:
        maker.communicate(timeout=20)
