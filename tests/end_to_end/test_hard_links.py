"""A store with two names: SQLite would keep a log for each, and each would lose the other's writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.running import COMMAND, settings

Visitors = Callable[..., Any]


@pytest.fixture
def filled(visitors: Visitors, store_path: Path) -> Path:
    visitors("create", "--id", "v1")
    return store_path


@pytest.fixture
def other(filled: Path) -> Path:
    """Another name of the store, in another folder."""
    name = filled.with_name("elsewhere") / "other.db"
    name.parent.mkdir(mode=0o700)
    name.hardlink_to(filled)
    return name


def test_processes_that_write_by_two_names_lose_no_acknowledged_write(
    visitors: Visitors, filled: Path, other: Path
) -> None:
    told = set()
    for _ in range(4):
        writers = [
            subprocess.Popen(
                [COMMAND, "create", "--db", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings()
            )
            for path in (filled, other, filled, other)
        ]
        told |= {line for writer in writers for line in writer.communicate()[0].decode().split()}
    other.unlink()
    assert told <= set(visitors("list", "--format", "ids").lines)


@pytest.mark.parametrize(
    "words",
    [
        "create", "list", "show v1", "export", "import rows.csv", "erase v1 --yes", "db info", "db backup copy.db",
        "db restore good.bak --yes", "db dump", "db load all.ndjson", "db compact", "db migrate",
    ],
)  # fmt: skip
def test_every_command_refuses_a_store_with_two_names_and_says_what_to_do(
    visitors: Visitors, filled: Path, other: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(filled.parent)
    Path("rows.csv").write_text("id\nv2\n")
    other.unlink()
    visitors("db", "backup", "good.bak")
    visitors("db", "dump", "-o", "all.ndjson")
    other.hardlink_to(filled)
    for path in (filled, other):
        before = sorted(path.parent.iterdir())
        refused = visitors(*words.split(), "--db", str(path), "--format", "ndjson", code=6).error
        assert refused["code"] == "store_has_names"
        assert f"{path} has 2 names" in refused["message"]
        assert f"find / -xdev -samefile {path}" in refused["hint"]
        assert sorted(path.parent.iterdir()) == before
    other.unlink()
    visitors("show", "v1")


def test_a_check_reports_it(visitors: Visitors, filled: Path, other: Path) -> None:
    found = visitors("db", "check", "--format", "json", code=8).json
    (problem,) = (one for one in found if one["result"] == "problem")
    assert problem["check"] == "names"
    assert problem["help"] == f"find / -xdev -samefile {filled}"
    other.unlink()
    visitors("db", "check")


def test_a_backup_with_two_names_can_be_restored(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    """As in trees of snapshots, where unchanged files are linked."""
    backup = visitors("db", "backup", str(tmp_path / "one.bak")).stdout.strip()
    (tmp_path / "two.bak").hardlink_to(backup)
    visitors("db", "restore", backup, "--yes")
    assert filled.exists()


def test_the_name_under_which_a_killed_restore_made_the_store_does_not_count(
    visitors: Visitors, filled: Path, tmp_path: Path
) -> None:
    backup = visitors("db", "backup", str(tmp_path / "one.bak")).stdout.strip()
    new = filled.with_name("new.db")
    script = """
import os, signal, sys
from pathlib import Path
from visitors.main import main

unlink = Path.unlink

def killed(self, **more):
    if self.name == "visitors.db":
        os.kill(os.getpid(), signal.SIGKILL)
    unlink(self, **more)

Path.unlink = killed
main(sys.argv[1:])
"""
    words = ["db", "restore", backup, "--db", str(new)]
    subprocess.run([sys.executable, "-c", script, *words], env=settings(), check=False)
    assert new.stat().st_nlink == 2
    visitors("create", "--id", "v2", "--db", str(new))
    assert new.stat().st_nlink == 1
    assert sorted(visitors("list", "--format", "ids", "--db", str(new)).lines) == ["v1", "v2"]
