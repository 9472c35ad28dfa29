"""A first load writes directly into the store's file; before and after it there is a write-ahead log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from visitors.domain.selection import Selection
from visitors.errors import StoreProblem
from visitors.input import source
from visitors.store.file.first_load import first_load
from visitors.store.file.opening import open_store
from visitors.store.places import File, Memory
from visitors.store.query.listing import Page
from visitors.store.records import contacts, visitors
from visitors.store.store import OpenOperation, Store

Visitors = Callable[..., Any]

AT = "2026-03-01T12:00:00.000Z"


def mode(store: Store) -> str:
    return str(store.execute("PRAGMA journal_mode").fetchone()[0])


@contextmanager
def loading(store: Store) -> Iterator[OpenOperation]:
    with (
        first_load(store) as alone,
        store.operation("import", actor="ada", clock=lambda: AT, exclusive=alone) as operation,
    ):
        yield operation


def load(store: Store, visitor_id: str, error: type[BaseException] | None = None) -> str:
    """Create a visitor as a load does; return the journal mode meanwhile."""
    with loading(store) as operation:
        visitors.insert(store, operation, {}, visitor_id=visitor_id)
        if error is not None:
            raise error
        return mode(store)


def ids(store: Store) -> list[str]:
    with store.reading():
        return [visitor.id for visitor in visitors.select(store, Selection(), Page(), AT)]


def test_only_a_first_load_goes_without_a_log(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store:
        assert mode(store) == "wal"
        assert load(store, "first") == "delete"
        assert mode(store) == "wal"
        assert load(store, "second") == "wal"
        assert ids(store) == ["first", "second"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_first_load_that_fails_leaves_an_empty_store_with_a_log(store_path: Path, error: type[BaseException]) -> None:
    with open_store(File.at(store_path)) as store:
        with pytest.raises(error):
            load(store, "first", error)
        assert mode(store) == "wal"
        assert ids(store) == []


def test_a_first_load_that_changes_nothing_leaves_a_store_with_a_log(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store:
        with loading(store):
            assert mode(store) == "delete"
        assert mode(store) == "wal"
        assert store.execute("SELECT count(*) FROM operations").fetchone() == (0,)


def test_a_store_that_somebody_else_has_open_keeps_its_log(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store, open_store(File.at(store_path)) as other:
        assert ids(other) == []
        assert load(store, "first") == "wal"
        assert store.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        assert ids(other) == ["first"]


def test_during_a_first_load_others_wait_and_time_out(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store:
        with loading(store) as operation:
            visitors.insert(store, operation, {}, visitor_id="first")
            with pytest.raises(StoreProblem) as told:
                open_store(File.at(store_path), timeout=0.1)
            assert told.value.code == "store_locked"
        with open_store(File.at(store_path), timeout=0.1) as other:
            assert ids(other) == ["first"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_store_whose_first_load_was_killed_is_empty_and_gets_its_log_back(
    store_path: Path, tmp_path: Path, *, is_link: bool
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from visitors.store.file.first_load import first_load
from visitors.store.file.opening import open_store
from visitors.store.places import File
from visitors.store.records import visitors
store = open_store(File(Path({str(store_path)!r})))
with (
    first_load(store) as alone,
    store.operation("import", actor="ada", clock=lambda: {AT!r}, exclusive=alone) as operation,
):
    assert alone
    visitors.insert(store, operation, {{}}, visitor_id="first")
    store.execute("PRAGMA cache_size = -1")  # what was written so far goes into the file
    for number in range(1_000):
        visitors.insert(store, operation, {{"browser": "x" * 500}})
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert store_path.with_name(f"{store_path.name}-journal").exists()
    assert store_path.read_bytes()[18:20] == b"\x01\x01"
    link = tmp_path / "link.db"
    link.symlink_to(store_path)

    with open_store(File.at(link if is_link else store_path)) as store:
        assert mode(store) == "wal"
        assert ids(store) == []
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_store_that_begins_with_a_load_has_large_pages(store_path: Path, tmp_path: Path) -> None:
    def page_size(store: Store) -> int:
        return int(store.execute("PRAGMA page_size").fetchone()[0])

    with open_store(File.at(store_path)) as store:
        assert page_size(store) == 4_096
        load(store, "first")
        assert page_size(store) == 16_384
        assert store.execute("PRAGMA foreign_keys").fetchone() == (1,)
    with open_store(File.at(store_path)) as store:
        assert (page_size(store), mode(store), ids(store)) == (16_384, "wal", ["first"])
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    with open_store(File.at(tmp_path / "other.db")) as store:
        with store.operation("test", actor="ada", clock=lambda: AT) as operation:
            for number in range(2_000):  # no visitors, but much else
                contacts.insert(store, operation, {"name": "x" * 2_500, "externalId": f"x{number}"})
        load(store, "first")
        assert page_size(store) == 4_096


@pytest.mark.parametrize("is_large", [True, False])
def test_importing_a_large_file_is_a_first_load_and_a_small_one_is_not(
    visitors: Visitors, store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_large: bool
) -> None:
    monkeypatch.setattr(source, "LARGE", 1 if is_large else 1_000)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)  # no second process for so little
    file = tmp_path / "visitors.ndjson"
    for number in (1, 2):
        file.write_text(f'{{"id": "v{number}"}}\n')
        visitors("import", str(file))
        with open_store(File.at(store_path)) as store:
            assert mode(store) == "wal"
            assert store.execute("PRAGMA page_size").fetchone() == (16_384 if is_large else 4_096,)
            assert len(ids(store)) == number


def test_a_load_in_memory_needs_no_journal() -> None:
    with open_store(Memory()) as store:
        assert load(store, "first") == "memory"
        assert ids(store) == ["first"]
