"""A server that is killed again and again under four writers: what it acknowledged is there, nothing is there by half,
and of each answer that was lost the right thing is said.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sqld import Sqld
from trials.running import LONG, settings
from trials.servers import needs_server, server

__all__ = ["server"]

Visitors = Callable[..., Any]

pytestmark = [pytest.mark.slow, needs_server]

KILLS = 50 if LONG else 4
WRITERS = 4
AT_ONCE = 5
"""How many visitors one operation makes."""

WRITER = """
import os, sys
import visitors
from visitors.errors import StoreProblem

worker, over = sys.argv[1], sys.argv[2]
number = 0
while not os.path.exists(over):
    number += 1
    name = f"w{worker}-{number}"
    try:
        with visitors.open_store(actor=f"writer {worker}") as store:
            store.fixtures.apply({
                "version": 1,
                "visitors": {f"{name}-{one}": {"city": "Leeds"} for one in range(int(sys.argv[3]))},
            })
    except StoreProblem as problem:
        print(name, problem.code, flush=True)
    else:
        print(name, "done", flush=True)
"""


def test_what_a_killed_server_acknowledged_is_there_and_nothing_is_half_there(
    visitors: Visitors, server: Sqld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create("trial")
    monkeypatch.setenv("VISITORS_DB", url)
    monkeypatch.delenv("VISITORS_DEBUG")
    visitors("create", "--id", "first")
    over = tmp_path / "over"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), str(over), str(AT_ONCE)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=settings(),
        )
        for number in range(WRITERS)
    ]
    luck = random.Random(KILLS)  # noqa: S311 - when it is killed
    try:
        for _ in range(KILLS):
            time.sleep(luck.uniform(0.3, 1.5))
            server.kill()
            time.sleep(luck.uniform(0, 0.5))
            server.start()
        time.sleep(1)
    finally:
        over.touch()
        said = [writer.communicate(timeout=120) for writer in writers]
    assert [error for _, error in said if error] == []
    told = dict(line.split() for out, _ in said for line in out.splitlines())
    there: dict[str, int] = {}
    for visitor in visitors("list", "--format", "ids").lines:
        name = visitor.rpartition("-")[0]
        there[name] = there.get(name, 0) + 1
    there.pop("", None)

    assert {name: count for name, count in there.items() if count != AT_ONCE} == {}, "half of an operation"
    assert {name for name, outcome in told.items() if outcome == "done"} <= there.keys(), "acknowledged, and missing"
    denied = {name for name, outcome in told.items() if outcome not in ("done", "outcome_unknown")}
    assert denied & there.keys() == set(), "said not to be written, and there"
    assert there.keys() <= told.keys()
    visitors("db", "check")
    outcomes = {outcome: sum(one == outcome for one in told.values()) for outcome in set(told.values())}
    print(f"\n{KILLS} kills: {json.dumps(outcomes)}")  # noqa: T201 - the figures of a long run
    assert outcomes["done"] > KILLS
