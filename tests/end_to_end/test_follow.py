"""`history --follow`: the operations of other processes as they happen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from trials.running import interruptible

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))


@pytest.fixture(autouse=True)
def store(visitors: Visitors) -> None:
    """Operations from before following began."""
    visitors("create", "--id", "before")


@contextmanager
def following(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a separate process, once it has seen the existing operations: it gets `early`."""
    process = subprocess.Popen(
        [COMMAND, "history", "--follow", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - no threads yet
    )
    try:
        time.sleep(1.5)  # there is no sign of when it polls
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_each_operation_of_another_process_is_a_line_as_it_is_written(visitors: Visitors) -> None:
    with following("--format", "ndjson") as process:
        for name in ("one", "two"):
            visitors("create", "--id", name)
            told = json.loads(line(process))
            assert (told["command"], told["targets"]) == ("create", [{"kind": "visitor", "id": name}])
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (130, "", "")


def test_into_a_pipe_it_is_tsv_with_one_header(visitors: Visitors) -> None:
    with following("--by", "eve") as process:
        visitors("create", "--as", "bob")
        visitors("create", "--id", "one", "--as", "eve")
        assert line(process).startswith("id\tat\tactor\t")
        assert "\teve\t" in line(process)
        visitors("block", "one", "--as", "eve")
        assert "\tblock\t" in line(process)


def test_since_begins_with_what_was_done_since(visitors: Visitors) -> None:
    visitors("create", "--id", "one")
    with following("--since", "1h", "--format", "csv", "--fields", "command,targets") as process:
        assert [line(process) for _ in range(3)] == [
            "command,targets\n",
            'create,"[{""kind"":""visitor"",""id"":""before""}]"\n',
            'create,"[{""kind"":""visitor"",""id"":""one""}]"\n',
        ]


def test_changes_are_followed_field_by_field(visitors: Visitors) -> None:
    with following("--changes", "--kind", "visitor", "--fields", "recordId,field,after", "--no-header") as process:
        visitors("block", "before")
        visitors("update", "before", "--city", "Oslo")
        assert line(process) == "before\tcity\tOslo\n"
        assert line(process).startswith("before\tupdatedAt\t")


def test_the_changes_of_one_record_are_followed(visitors: Visitors) -> None:
    with following("before", "--format", "ndjson") as process:
        visitors("create", "--id", "another")
        visitors("block", "before")
        told = json.loads(line(process))
        assert (told["kind"], told["after"]["visitorId"]) == ("block", "before")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a closed pipe shows at the next write")
def test_it_ends_quietly_when_nobody_reads_any_more() -> None:
    with following() as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_notices_that_another_file_took_the_place_of_the_store(visitors: Visitors, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    visitors("db", "backup", str(copy))
    with following() as process:
        copy.replace(os.environ["VISITORS_DB"])
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 6
    assert errors.startswith("error: ")


def test_a_person_sees_a_line_of_text_and_ends_it_with_ctrl_c(visitors: Visitors) -> None:
    child: Any = pexpect.spawn(
        COMMAND,
        ["history", "--follow"],
        dimensions=(24, 80),
        env={**os.environ, "TERM": "xterm-256color"},
        encoding="utf-8",
        timeout=20,
        preexec_fn=interruptible,
    )
    time.sleep(1.5)
    visitors("block", "before", "--reason", "spam", "--for", "7d", "--as", "eve")
    child.expect(re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z  \w{26}  eve  block before \(spam, ends in 7d\)"))
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "interrupted" not in child.before
