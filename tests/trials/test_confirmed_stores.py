"""A store with `confirm = true`: no command changes it unasked, whatever it is, and a person sees which store it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from trials.running import COMMAND, interruptible
from trials.sound import state
from trials.writes import ALIKE, NOW, WRITES, Furnished, Write
from visitors import registry
from visitors.cli import build
from visitors.location import settings_file

Visitors = Callable[..., Any]

pytestmark = pytest.mark.slow
each_write = pytest.mark.parametrize("write", WRITES, ids=[write.name for write in WRITES])
ENTRIES = {entry.words: entry for entry in registry.COMMANDS}


def name_store(store: Path) -> None:
    path = Path(settings_file())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[stores.prod]\ndb = "{store}"\nconfirm = true\n')


def entry_of(write: Write) -> registry.Entry:
    words = write.words.split()
    return ENTRIES.get(" ".join(words[:2])) or ENTRIES[words[0]]


Run = Callable[..., Any]


@pytest.fixture
def run(visitors: Visitors, visitors_process: Visitors, furnished: Furnished) -> Run:
    """Run a write on the store `prod` with more words and without --yes, by the version that it is for."""

    def invoke(write: Write, *more: str) -> Any:
        words = [word for word in furnished.command(write) if word != "--yes"] + ["--store", "prod", *more]
        newer = furnished.program(write)
        if newer:
            environment = {**newer, "VISITORS_NOW": NOW}
            return visitors_process(*words, input=furnished.input(write), code=None, env=environment)
        return visitors(*words, input=furnished.input(write), now=NOW, code=None)

    return invoke


def test_every_command_that_changes_something_is_tried() -> None:
    changing = {entry.words for entry in registry.COMMANDS if entry.changes}
    tried = {entry_of(write).words for write in WRITES}
    assert tried <= changing, "registered without changes=True"
    assert changing <= tried | ALIKE.keys() | {"db restore", "db compact"}


@each_write
def test_no_write_is_done_unasked(write: Write, run: Run, furnished: Furnished, tmp_path: Path) -> None:
    store = furnished.copy(write, tmp_path / "kept")
    name_store(store)
    before = store.read_bytes() if store.exists() else None

    refused = run(write, "--format", "json")
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert (refused.code, error["code"], "--yes" in error["hint"]) == (2, "yes_needed", True)
    assert (store.read_bytes() if store.exists() else None) == before
    if before is not None:
        assert not Path(f"{store}-wal").exists() or Path(f"{store}-wal").stat().st_size == 0

    done = run(write, "--yes")
    assert done.code == (5 if "rejects" in write.name else 0), done.stderr
    assert store.read_bytes() != before or Path(f"{store}-wal").stat().st_size


DRY = [write for write in WRITES if any("--dry-run" in one.opts for one in build(entry_of(write)).params)]


@pytest.mark.parametrize("write", DRY, ids=[write.name for write in DRY])
def test_a_dry_run_is_not_asked_about(write: Write, run: Run, furnished: Furnished, tmp_path: Path) -> None:
    store = furnished.copy(write, tmp_path / "kept")
    name_store(store)
    before = state(store)
    rehearsed = run(write, "--dry-run")
    assert rehearsed.code in (0, 5), rehearsed.stderr
    assert state(store) == before


def test_keeping_asks_only_where_the_store_is_changed(visitors: Visitors, store_path: Path, tmp_path: Path) -> None:
    visitors("create", "--id", "v")
    name_store(store_path)
    copy = tmp_path / "copy.db"
    visitors("db", "check", "--store", "prod")
    visitors("db", "backup", str(copy), "--store", "prod")
    for words in (("db", "compact"), ("db", "restore", str(copy))):
        assert visitors(*words, "--store", "prod", "--format", "json", code=2).error["code"] == "yes_needed"
        visitors(*words, "--store", "prod", "--yes")
    store_path.unlink()
    assert (
        visitors("db", "restore", str(copy), "--store", "prod", "--format", "json", code=2).error["code"]
        == "yes_needed"
    )
    assert not store_path.exists()
    visitors("db", "restore", str(copy), "--store", "prod", "--yes")
    assert visitors("list", "--format", "ids", "--store", "prod").lines == ["v"]


def test_reading_brings_no_older_store_up_to_date(
    visitors_process: Visitors, furnished: Furnished, tmp_path: Path
) -> None:
    older = Write("list", "list", "older")
    store = furnished.copy(older, tmp_path / "kept")
    name_store(store)
    before = store.read_bytes()
    newer = furnished.program(older)
    refused = visitors_process("list", "--store", "prod", "--format", "json", env=newer, code=6).error
    assert refused["code"] == "store_older"
    assert refused["hint"] == "to migrate it: visitors --store prod db migrate"
    assert store.read_bytes() == before
    visitors_process("db", "migrate", "--store", "prod", "--yes", env=newer)
    assert visitors_process("list", "--store", "prod", "--format", "count", env=newer).stdout == "1000\n"


def test_only_the_name_is_asked_about(visitors: Visitors, store_path: Path) -> None:
    name_store(store_path)
    visitors("create", "--id", "v")
    visitors("create", "--id", "w", "--db", str(store_path))
    assert "--yes" in visitors("create", "--id", "x", "--store", "prod", code=2).stderr


def at_terminal(*words: str, answers: tuple[str, ...] = (), env: dict[str, str] | None = None) -> tuple[str, int]:
    """What a person sees who answers so, and the exit status."""
    settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    child: Any = pexpect.spawn(
        str(COMMAND),
        list(words),
        dimensions=(50, 200),
        env={**settings, "TERM": "dumb", "VISITORS_NOW": NOW, **(env or {})},
        encoding="utf-8",
        timeout=30,
        preexec_fn=interruptible,
    )
    text = ""
    for answer in answers:
        child.expect_exact("[y/N] ")
        text += child.before + child.after
        child.send(f"{answer}\n")
    child.expect(pexpect.EOF)
    child.close()
    return (text + child.before).replace("\r\n", "\n"), child.exitstatus


def test_a_person_is_asked_once_and_told_the_store(visitors: Visitors, store_path: Path) -> None:
    for number in range(3):
        visitors("create", "--id", f"v{number}")
    name_store(store_path)
    line = f"store: prod ({store_path})\n"

    declined, code = at_terminal("--store", "prod", "create", "--id", "w", answers=("n",))
    assert declined.startswith(f"{line}change the store prod (create)? [y/N] n\n")
    assert ("nothing was changed" in declined, code) == (True, 7)
    told, code = at_terminal("--store", "prod", "create", "--id", "w", answers=("y",))
    assert (told.count(line), told.count("[y/N]"), code) == (1, 1, 0)
    # a command that asks by itself does not ask twice, and one that would not have asked does
    told, code = at_terminal("--store", "prod", "delete", "--all", answers=("y",))
    assert told.startswith(f"{line}delete 4 visitors? [y/N] y\n")
    assert (told.count("[y/N]"), code) == (1, 0)
    told, code = at_terminal("--store", "prod", "restore", "v0", answers=("n",))
    assert told.startswith(f"{line}change the store prod (restore)? [y/N] n\n")
    assert code == 7
    told, code = at_terminal("--store", "prod", "restore", "v0", "--quiet", answers=("y",))
    assert told.startswith(f"{line}change the store prod (restore)? [y/N] y\n")
    assert code == 0
    told, code = at_terminal("--store", "prod", "restore", "v1", "--yes")
    assert (told, code) == (f"{line}Restored visitor v1.\n", 0)
    assert visitors("list", "--format", "ids", "--reverse").lines == ["v0", "v1"]


def test_a_person_who_reads_is_told_the_store_too(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "v")
    name_store(store_path)
    line = f"store: prod ({store_path})\n"
    assert at_terminal("list", "--store", "prod")[0].startswith(line)
    assert at_terminal("list", env={"VISITORS_DB": "", "VISITORS_STORE": "prod"})[0].startswith(line)
    assert at_terminal("db", "backup", "--store", "prod", str(store_path.with_suffix(".copy")))[0].startswith(line)
    for words in (("list", "--store", "prod", "--quiet"), ("list",), ("stores", "--store", "prod")):
        assert "store: " not in at_terminal(*words)[0]


def test_a_question_about_another_store_than_the_default_says_which(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "v")
    told, code = at_terminal("delete", "--all", answers=("n",))
    assert told.startswith(f"store: {store_path}\ndelete 1 visitor? [y/N] n\n")
    assert code == 7
    default = {"VISITORS_DB": "", "XDG_DATA_HOME": str(store_path.parent / "data")}
    at_terminal("create", env=default)
    assert at_terminal("delete", "--all", answers=("n",), env=default)[0].startswith("delete 1 visitor? [y/N] n\n")
