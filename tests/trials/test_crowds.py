"""Sixteen writers and four readers on one store: no acknowledged write is lost, no process is locked out, and readers
see each operation completely or not at all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from next_version import next_version
from trials.running import LONG, settings
from trials.sound import assert_sound
from trials.writes import Visitors, make_older

pytestmark = pytest.mark.slow

WRITERS, READERS = 16, 4
ROUNDS = 40 if LONG else 2
GROUP = [f"d{number}" for number in range(10)]
"""Devices that every operation changes together."""

WRITER = """
import contextlib, io, sys
from visitors.main import run

worker, rounds, group = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
for number in range(rounds):
    person = "".join('{"visitorId":"%s","externalId":"m%s-%s"}\\n' % (one, worker, number) for one in group)
    for words, content in (
        (["create", "--id", f"w{worker}-{number}"], ""),
        (["identify", "-", "--relink"], person),
        (["block", *group, "--reason", worker], ""),
        (["unblock", *group], ""),
        (["delete", f"w{worker}-{number}"], ""),
    ):
        sys.stdin = io.TextIOWrapper(io.BytesIO(content.encode()))
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            status = run(words)
        if status != 0:
            sys.exit(f"{words} ended with {status}")
        print(words[0], worker, number, flush=True)
"""
READER = """
import contextlib, io, json, os, sys
from visitors.main import run

group, until = set(sys.argv[1].split(",")), sys.argv[2]
snapshots = most = 0
while not os.path.exists(until) or not snapshots:
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out):
        status = run(["export", "--format", "ndjson"])
    if status != 0:
        sys.exit(f"export ended with {status}")
    out.seek(0)
    found = [json.loads(line) for line in out]
    devices = [row for row in found if row["id"] in group]
    states = {(row["contact"] and row["contact"]["id"], row["isBlocked"]) for row in devices}
    if len(devices) != len(group) or len(states) != 1:
        sys.exit(f"half of an operation: {states}")
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out):
        run(["history", "--format", "count"])
    out.seek(0)
    count = int(out.read())
    if count < most:
        sys.exit(f"{count} operations after {most}")
    snapshots, most = snapshots + 1, count
print(snapshots)
"""


def test_sixteen_writers_and_four_readers_see_and_do_things_whole(
    visitors: Visitors, store_name: str, tmp_path: Path
) -> None:
    for device in GROUP:
        visitors("create", "--id", device)
    before = int(visitors("history", "--format", "count").stdout)
    over = tmp_path / "over"

    def start(script: str, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=settings(),
        )

    readers = [start(READER, ",".join(GROUP), str(over)) for _ in range(READERS)]
    writers = [start(WRITER, str(number), str(ROUNDS), ",".join(GROUP)) for number in range(WRITERS)]
    written = [(writer.communicate(timeout=300), writer.returncode) for writer in writers]
    over.touch()
    read = [(reader.communicate(timeout=60), reader.returncode) for reader in readers]

    assert [(said, code) for (_, said), code in [*written, *read] if code] == []
    acknowledged = [line.split() for (said, _), _ in written for line in said.splitlines()]
    assert len(acknowledged) == WRITERS * ROUNDS * 5
    assert all(int(count) > 0 for (count, _), _ in read)
    if "://" in store_name:
        visitors("db", "check")
    else:
        assert_sound(Path(store_name))
    made = {f"w{worker}-{number}" for what, worker, number in acknowledged if what == "create"}
    assert set(visitors("list", "--deleted", "--format", "ids").lines) == made
    assert visitors("list", "--format", "count").stdout == f"{len(GROUP)}\n"
    people = {row["externalId"] for row in visitors("contacts", "list", "--format", "json").json}
    assert people == {f"m{worker}-{number}" for what, worker, number in acknowledged if what == "identify"}
    # blocking somebody blocked is not an operation: every other one is there
    recorded = int(visitors("history", "--format", "count").stdout) - before
    always = dict.fromkeys(("create", "identify", "delete"), ROUNDS * WRITERS)
    for what, count in always.items():
        extra = len(GROUP) if what == "create" else 0
        assert visitors("history", "--command", what, "--format", "count").stdout == f"{count + extra}\n"
    assert sum(always.values()) < recorded <= len(acknowledged)


@pytest.mark.parametrize("round_", range(6 if LONG else 1))
def test_two_new_processes_that_open_an_older_store_at_once_migrate_it_once(
    visitors: Visitors, visitors_process: Visitors, tmp_path: Path, round_: int
) -> None:
    newer = next_version(tmp_path / "next")
    folder = tmp_path / f"round-{round_}"
    folder.mkdir()
    store = folder / "visitors.db"
    make_older(visitors, store)
    script = (
        "import sys, time; from visitors.main import main\n"
        "time.sleep(max(0, float(sys.argv[1]) - time.time())); main(sys.argv[2:])"
    )
    at = str(time.time() + 1)
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", script, at, "create", "--id", f"new-{number}", "--db", str(store)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=settings(**newer),
        )
        for number in range(4)
    ]
    ended = [(opener.communicate(timeout=60)[1], opener.returncode) for opener in openers]

    assert ended == [(b"", 0)] * 4
    assert_sound(store, newer)
    (backup,) = folder.glob("*.bak")
    assert_sound(backup)
    assert visitors("list", "--format", "count", "--db", str(backup)).stdout == "1000\n"
    assert visitors_process("list", "--format", "count", "--db", str(store), env=newer).stdout == "1004\n"
