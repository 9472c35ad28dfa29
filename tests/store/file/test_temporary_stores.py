"""`:memory:` and `:temp:`: stores that leave nothing behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import visitors as visitors_library
from visitors.settings import load_settings
from visitors.store.file.opening import open_store
from visitors.store.places import File, Memory, Temporary

Visitors = Callable[..., Any]
AT = "2026-03-01T12:00:00.000Z"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(folder)
    return folder


def test_a_temporary_store_is_private_while_it_is_there_and_gone_when_it_is_closed(temporary: Path) -> None:
    with open_store(Temporary()) as store, store.operation("x", actor="a", clock=lambda: AT):
        assert isinstance(store.place, File)
        path = store.place.path
        assert path.is_relative_to(temporary)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []


def test_a_store_in_memory_leaves_no_file_and_uses_no_file(temporary: Path) -> None:
    with open_store(Memory()) as store:
        assert store.execute("PRAGMA journal_mode").fetchone() == ("memory",)
        assert store.execute("PRAGMA temp_store").fetchone() == (2,)
        assert list(temporary.iterdir()) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("where", [":memory:", ":temp:"])
@pytest.mark.parametrize("by_option", [True, False])
def test_every_command_works_on_them(
    visitors: Visitors, temporary: Path, monkeypatch: pytest.MonkeyPatch, where: str, *, by_option: bool
) -> None:
    monkeypatch.setenv("VISITORS_DB", "elsewhere.db" if by_option else where)
    option = ("--db", where) if by_option else ()
    assert len(visitors("seed", "--count", "30", "--format", "ids", *option).lines) == 30
    assert visitors("list", "--format", "count", *option).stdout == "0\n"
    rows = '{"id": "a", "email": "a@example.com"}'
    assert visitors("import", "-", "--format", "ids", *option, input=rows).lines == ["a"]
    assert visitors("db", "info", "--format", "json", *option).json["visitors"] == 0
    visitors("db", "migrate", *option)
    visitors("show", "nobody", *option, code=3)
    assert list(temporary.iterdir()) == []


def test_an_import_that_writes_in_bulk_works_in_memory(visitors: Visitors, temporary: Path) -> None:
    rows = "\n".join(f'{{"id": "v{number}"}}' for number in range(5_000))
    assert (
        len(
            visitors("--db", ":memory:", "import", "-", "--input-format", "ndjson", "--format", "ids", input=rows).lines
        )
        == 5_000
    )
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("where", [":memory:", ":temp:"])
def test_in_one_process_a_store_is_seeded_searched_undone_loaded_and_searched_again(
    temporary: Path, where: str
) -> None:
    with visitors_library.open_store(where, now=AT, actor="ada") as store:
        assert store.seed(count=5_000) == 5_000
        known = next(one for one in store.list(identified=True) if one.contact and one.contact.name)
        assert known.contact is not None
        name = str(known.contact.name)

        def finds_all_that_was_seeded() -> None:
            assert known.id in [one.id for one in store.list(search=known.id[-7:].lower())]
            assert known.id in [one.id for one in store.list(search=name.upper())]
            assert store.count(search=known.id) == 1
            assert store.contacts.count(search=name[:4]) >= 1

        finds_all_that_was_seeded()
        store.create("created-first")
        assert [one.id for one in store.list(search="ATED-FI")] == ["created-first"]
        store.undo()
        assert store.count(search="created-first") == 0
        finds_all_that_was_seeded()

        rows = (
            {"id": f"row-{number}", "contact": {"externalId": f"u{number}", "name": f"Zoë Müller {number}"}}
            for number in range(30_000)
        )
        assert store.import_(rows).created == 30_000
        store.create("created-last")
        assert store.count() == 35_001
        assert [one.id for one in store.list(search="reated-")] == ["created-last"]
        assert [one.id for one in store.list(search="row-29999")] == ["row-29999"]
        assert [one.id for one in store.list(search="MÜLLER 12345")] == ["row-12345"]
        assert store.count(search="oë mÜll") == 30_000
        assert len(list(store.list(search="zoë mü", limit=40))) == 40
        assert store.contacts.count(search="üller 1234") == 11
        finds_all_that_was_seeded()
        files = list(temporary.iterdir())
        assert (files == []) == (where == ":memory:")
    assert list(temporary.iterdir()) == []


def test_a_temporary_store_is_gone_after_a_signal(temporary: Path) -> None:
    command = [str(Path(sys.executable).with_name("visitors")), "--db", ":temp:", "seed", "--count", "2000000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(2_000):
            if list(temporary.glob("*/visitors.db-wal")) or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert list(temporary.iterdir()) == []


def test_a_file_may_still_be_called_so(tmp_path: Path) -> None:
    assert load_settings({"db": ":temp:"}, os.environ).store == Temporary()
    assert load_settings({"db": "./:temp:"}, os.environ).store == File(Path.cwd() / ":temp:")
    assert load_settings({"db": str(tmp_path / ":memory:")}, os.environ).store == File(tmp_path / ":memory:")
