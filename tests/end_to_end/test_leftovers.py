"""What a process leaves when it ends while making a copy or a file of the store."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from next_version import next_version
from trials.running import COMMAND, settings
from visitors.location import COMPANIONS

Visitors = Callable[..., Any]

SCRIPT = """
import os, signal, sys
from unittest.mock import patch
from visitors.main import main

def stop(*_, **__):
    os.write(1, b"reached\\n")
    signal.pause()

patch(sys.argv[1], stop).start()
main(sys.argv[2:])
"""
"""The command, which waits to be killed before it would call the function named first."""

BACKUP = ("visitors.store.file.backup.refuse_damaged", "db", "backup")
RESTORE = ("visitors.store.file.restore.use_journal", "db", "restore", "--yes")
DUMP = ("visitors.output.files.os.fsync", "db", "dump", "-o")
FIXTURES = ("visitors.output.files.os.fsync", "fixtures", "dump", "-o")
EXPORT = ("visitors.output.files.os.fsync", "export", "-o")
REJECTS = ("visitors.output.files.os.fsync", "import", "--keep-going", "--rejects")


@contextmanager
def waiting(
    *words: str, env: dict[str, str] | None = None, under: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command until it has made an unfinished copy, for the duration of the block."""
    with subprocess.Popen(
        [*under, sys.executable, "-c", SCRIPT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings(**(env or {})),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"reached\n", process.stderr.read()
        try:
            yield process
        finally:
            process.kill()


def unfinished(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.partial"))


def holds(folder: Path, text: bytes) -> bool:
    return any(text in one.read_bytes() for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def ada(visitors: Visitors, store_path: Path) -> Path:
    visitors("create", "--id", "v1")
    visitors("identify", "v1", "--email", "ada@example.com")
    return store_path


@pytest.fixture
def commands(visitors: Visitors, ada: Path, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Every command that makes a copy or a file, with its input."""
    backup, rows = tmp_path / "elsewhere" / "a.bak", tmp_path / "elsewhere" / "rows.csv"
    backup.parent.mkdir()
    visitors("db", "backup", str(backup))
    rows.write_text("id,language\nv9,???ada@example.com\n")
    return {
        "backup": BACKUP,
        "restore": (*RESTORE, str(backup)),
        "dump": (*DUMP, str(ada.with_name("all.ndjson"))),
        "fixtures": (*FIXTURES, str(ada.with_name("all.yaml"))),
        "export": (*EXPORT, str(ada.with_name("all.csv"))),
        "rejects": (*REJECTS, str(ada.with_name("bad.csv")), str(rows)),
    }


NAMES = ["backup", "restore", "dump", "fixtures", "export", "rejects"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_killed_command_left_is_reported_at_once_and_removed_by_the_next(
    visitors: Visitors, ada: Path, commands: dict[str, tuple[str, ...]], name: str
) -> None:
    with waiting(*commands[name]):
        (left,) = unfinished(ada.parent)
        assert left.stat().st_mode & 0o777 == 0o700
        visitors("db", "check")  # a process is using it
    assert holds(left, b"ada@example.com")
    found = visitors("db", "check", "--format", "json", code=8).json
    assert [(one["check"], one["help"]) for one in found if one["result"] == "problem"] == [
        ("leftovers", f"rm -r {left}")
    ]

    visitors("export", "-o", str(ada.with_name("other.csv")))

    assert unfinished(ada.parent) == []


def test_what_another_process_still_makes_is_not_removed(
    visitors: Visitors, ada: Path, commands: dict[str, tuple[str, ...]]
) -> None:
    with waiting(*commands["backup"]), waiting(*commands["export"]):
        there = unfinished(ada.parent)
        visitors("db", "backup")
        visitors("export", "-o", str(ada.with_name("other.csv")))
        assert unfinished(ada.parent) == there
        assert len(there) == 2


def test_only_what_this_program_made_is_removed(visitors: Visitors, ada: Path) -> None:
    others = [ada.with_name(name) for name in (".film.mkv.partial", ".visitors-notes", "visitors-1.partial")]
    for other in others:
        other.mkdir()
    link = ada.with_name(".visitors-0123456789abcdef.partial")
    link.symlink_to(others[0])
    visitors("db", "backup")
    visitors("db", "check")
    assert all(other.is_dir() for other in [*others, link])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", ["erase v1", "contacts erase ada@example.com"])
def test_an_erasure_removes_what_killed_commands_left(
    visitors: Visitors, ada: Path, commands: dict[str, tuple[str, ...]], name: str, words: str
) -> None:
    with waiting(*commands[name]):
        pass
    assert visitors(*words.split(), "--yes").stderr.count("may still contain") == 0
    assert unfinished(ada.parent) == []


def test_an_erasure_names_the_copy_that_another_process_is_making(
    visitors: Visitors, ada: Path, commands: dict[str, tuple[str, ...]]
) -> None:
    with waiting(*commands["backup"]):
        (copy,) = unfinished(ada.parent)
        told = visitors("contacts", "erase", "ada@example.com", "--yes", "--quiet").stderr
        assert f"an earlier copy may still contain erased data: {copy}\n" in told


@pytest.mark.parametrize("names", ["link", "folder"])
def test_a_copy_that_was_made_through_a_link_is_beside_the_store_and_named_by_erasures(
    visitors: Visitors, visitors_process: Visitors, ada: Path, tmp_path: Path, names: str
) -> None:
    newer = {**next_version(tmp_path / "next"), "PYTHONDONTWRITEBYTECODE": "1"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if names == "link":
        link = elsewhere / "link.db"
        link.symlink_to(ada)
    else:
        (elsewhere / "folder").symlink_to(ada.parent)
        link = elsewhere / "folder" / ada.name
    before = ada.read_bytes()
    copy = Path(visitors_process("db", "migrate", "--db", str(link), env=newer).stdout.strip())
    assert copy.parent == ada.parent
    assert copy.name.startswith(f"{ada.name}.v")
    ada.write_bytes(before)
    for store in (ada, link):
        who = visitors("create", "--db", str(store)).stdout.strip()
        told = visitors("erase", who, "--yes", "--quiet", "--db", str(store)).stderr
        assert told == f"an earlier copy may still contain erased data: {copy}\n"


def test_copies_next_to_a_link_are_named_too(visitors: Visitors, ada: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link.db"
    link.symlink_to(ada)
    copies = [ada.with_name("visitors.db.bak"), link.with_name("link.db.v5-2026.bak")]
    for copy in copies:
        copy.touch()
    left = link.with_name(".visitors-0123456789abcdef.partial")
    left.mkdir()
    told = visitors("contacts", "erase", "ada@example.com", "--yes", "--quiet", "--db", str(link)).stderr
    assert told.splitlines() == [f"an earlier copy may still contain erased data: {copy}" for copy in copies]
    assert not left.exists()


def test_a_copy_to_read_that_was_left_in_the_temporary_folder_is_removed_by_the_next(
    visitors_process: Visitors, ada: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    copy = ada.with_name("copy.db")
    # a log without its index, which has to be applied to a copy for reading
    script = (
        "import os, sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for sql in ('PRAGMA journal_mode = WAL', 'CREATE TABLE x (y)'): connection.execute(sql)\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(copy)], check=True)
    copy.with_name("copy.db-shm").unlink()
    env = {"TMPDIR": str(temporary)}
    with waiting("visitors.store.file.check._of_snapshot", "db", "check", "--db", str(copy), env=env):
        assert len(unfinished(temporary)) == 1
    assert len(unfinished(temporary)) == 1
    visitors_process("db", "check", "--db", str(copy), env=env, code=None)
    assert unfinished(temporary) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_is_ended_by_a_signal_leaves_nothing(
    ada: Path, commands: dict[str, tuple[str, ...]], name: str, number: signal.Signals, code: int
) -> None:
    there = set(ada.parent.iterdir())
    with waiting(*commands[name]) as process:
        process.send_signal(number)
        assert process.wait(30) == code
    assert set(ada.parent.iterdir()) <= {*there, *(ada.with_name(ada.name + ending) for ending in COMPANIONS)}


def test_a_terminal_that_is_closed_leaves_nothing(ada: Path, commands: dict[str, tuple[str, ...]]) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", SCRIPT, *commands["dump"]], settings())  # noqa: S606
    assert b"reached" in os.read(terminal, 100)
    assert len(unfinished(ada.parent)) == 1
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 129
    assert unfinished(ada.parent) == []


def test_a_terminal_that_is_closed_while_a_bar_is_shown_is_reported_as_closed(tmp_path: Path) -> None:
    rows = "".join(f"v{number},{'x' * 100}\n" for number in range(20_000))
    (tmp_path / "many.csv").write_text(f"id,device\n{rows}")
    child, terminal = pty.fork()
    if child == 0:
        program = [COMMAND, "import", str(tmp_path / "many.csv")]
        os.execve(program[0], program, settings())  # noqa: S606
    shown = b""
    while b"rows" not in shown:
        shown += os.read(terminal, 1_000)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 129


def test_a_command_that_is_to_outlive_its_terminal_does(ada: Path, commands: dict[str, tuple[str, ...]]) -> None:
    with waiting(*commands["dump"], under=("nohup",)) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert len(unfinished(ada.parent)) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert unfinished(ada.parent) == []


def test_folders_that_many_processes_make_at_once_are_taken_from_nobody(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from visitors.unfinished import unfinished_folder
for number in range(150):
    with unfinished_folder(Path(sys.argv[1])) as folder:
        (folder / "file").write_text("x")
        (folder / "file").rename(Path(sys.argv[1]) / f"{sys.argv[2]}-{number}")
"""
    folder = tmp_path / "folder"
    folder.mkdir()
    processes = [subprocess.Popen([sys.executable, "-c", script, str(folder), str(number)]) for number in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert len(list(folder.iterdir())) == 600
