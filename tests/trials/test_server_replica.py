"""A replica: reads from it, and its promotion by hand as `visitors help team` describes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sqld import Sqld, free_port
from trials.running import eventually
from trials.servers import needs_server

Visitors = Callable[..., Any]

pytestmark = [pytest.mark.slow, needs_server]


def test_a_replica_serves_reads_forwards_writes_and_can_be_promoted(visitors: Visitors, tmp_path: Path) -> None:
    grpc = f"127.0.0.1:{free_port()}"
    copy = tmp_path / "copy"
    with Sqld(tmp_path / "primary", "--grpc-listen-addr", grpc) as primary:
        main = ("--db", primary.create("team"))
        visitors("seed", "--count", "30", "--seed", "1", *main)
        with Sqld(copy, "--primary-grpc-url", f"http://{grpc}") as replica:
            other = ("--db", replica.url("team"))

            def dump_of(store: tuple[str, ...]) -> str:
                return str(visitors("db", "dump", *store, code=None).stdout)

            eventually(lambda: dump_of(other) == dump_of(main))
            assert visitors("show", visitors("list", "--format", "ids", *main).lines[0], *other).code == 0
            visitors("create", "--id", "by-the-replica", *other)
            assert visitors("show", "by-the-replica", *main).code == 0
            eventually(lambda: dump_of(other) == dump_of(main))
            had = dump_of(main)
    with Sqld(copy) as promoted:
        store = ("--db", promoted.url("team"))
        assert visitors("db", "dump", *store).stdout == had
        visitors("create", "--id", "after", *store)
        visitors("undo", *store)
        visitors("db", "check", *store)
