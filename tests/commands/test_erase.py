"""The output of `visitors erase`; its effect is tested in tests/people/test_erase_rules.py."""

from __future__ import annotations

import errno
import json
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pexpect
import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))

KEYS = ["type", "version", "operationId", "at", "by", "command", "counts", "subjects", "signature", "mayRemainIn"]


@pytest.fixture(autouse=True)
def three(visitors: Visitors) -> None:
    for visitor in ("v-1", "v-2", "v-3"):
        visitors("create", "--id", visitor)


def test_into_a_pipe_it_prints_the_receipt_on_one_line(visitors: Visitors) -> None:
    (line,) = visitors("erase", "v-1", "--yes", now="2026-03-02T09:00:00Z").lines
    receipt = json.loads(line)
    assert list(receipt) == KEYS
    assert (receipt["type"], receipt["version"], receipt["by"]) == ("visitors.erasure", 1, "tester")
    assert (receipt["at"], receipt["command"]) == ("2026-03-02T09:00:00.000Z", "erase")
    assert [subject["kind"] for subject in receipt["subjects"]] == ["visitorId"]
    assert "v-1" not in line


def test_the_receipt_in_every_format_that_a_program_asks_for(visitors: Visitors) -> None:
    receipt = visitors("erase", "v-1", "--yes", "--format", "json").json
    assert list(receipt) == KEYS
    header, row = visitors("erase", "v-2", "--yes", "--format", "csv").lines
    assert header.startswith("type,version,operationId,at,by,command,counts.contacts,counts.visitors")
    assert row.startswith("visitors.erasure,1,")
    assert visitors("erase", "v-3", "--yes", "--format", "tsv", "--fields", "counts.visitors").lines[1] == "1"


def test_without_a_terminal_it_needs_yes(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    refused = visitors("erase", "v-1", "--format", "json", code=2)
    assert refused.error["code"] == "yes_needed"
    assert refused.error["message"].startswith("permanently erase 1 visitor, including their history")
    visitors("erase", "-", input="v-1\n", code=2)
    assert everything() == before


def test_ids_from_standard_input_are_one_operation(visitors: Visitors) -> None:
    ids = visitors("list", "--format", "ids").stdout
    receipt = json.loads(visitors("erase", "-", "--yes", input=ids).stdout)
    assert receipt["counts"]["visitors"] == 3
    assert visitors("list", "--format", "count").stdout == "0\n"
    assert visitors("history", "--command", "erase", "--format", "count").stdout == "1\n"


def test_naming_nobody_erases_nobody(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    visitors("erase", code=2)
    assert visitors("erase", "-", "--yes", input="").stderr == "nothing to erase\n"
    assert everything() == before


def test_all_or_none(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    assert visitors("erase", "v-1", "nobody", "--yes", "--format", "json", code=3).error["code"] == "visitor_not_found"
    assert visitors("erase", "v-", "--yes", "--format", "json", code=4).error["code"] == "ambiguous"
    assert everything() == before


def test_a_dry_run_counts_and_changes_nothing(visitors: Visitors, everything: Everything) -> None:
    visitors("block", "v-1", "--reason", "loud")
    visitors("unblock", "v-1")
    before = everything()
    assert visitors("erase", "v-1", "--dry-run", "--format", "ids").stdout == ""
    preview = json.loads(visitors("erase", "v-1", "--dry-run").stdout)
    assert preview["command"] == "erase"
    assert preview["counts"]["visitors"] == preview["counts"]["blocks"] == preview["counts"]["operations"] == 1
    assert visitors("erase", "v-1", "--dry-run", "--format", "table").stdout.split()[:3] == [
        "outcome",
        "would",
        "erase",
    ]
    assert everything() == before


def test_a_deleted_visitor_can_be_erased(visitors: Visitors) -> None:
    visitors("delete", "v-1")
    visitors("erase", "v-1", "--yes")
    visitors("restore", "v-1", code=3)


@pytest.mark.file_only
def test_a_file_takes_the_receipt_and_is_private(visitors: Visitors, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    answer = visitors("erase", "v-1", "--yes", "-o", str(path))
    assert answer.stdout == ""
    assert answer.stderr == f"Erased 1 visitor, including their history. The receipt is in {path}.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert visitors("db", "check", "--receipt", str(path)).stderr.startswith("the receipt of erasure 01")


def test_a_receipt_that_cannot_be_written_erases_nobody(
    visitors: Visitors, tmp_path: Path, store_path: Path, everything: Everything
) -> None:
    before = everything()
    visitors("erase", "v-1", "--yes", "-o", str(tmp_path / "missing" / "receipt.json"), code=1)
    visitors("erase", "v-1", "--yes", "-o", str(store_path), code=2)
    assert everything() == before


def test_a_receipt_that_could_not_be_written_in_the_end_is_printed(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up after the erasure: the receipt must not be lost with the file."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    answer = visitors("erase", "v-1", "--yes", "-o", str(tmp_path / "receipt.json"), code=1)
    assert json.loads(answer.stdout)["counts"]["visitors"] == 1
    assert "No space left on device" in answer.stderr
    visitors("db", "check", "--receipt", "-", input=answer.stdout)


def test_backups_beside_the_store_are_named(visitors: Visitors, store_path: Path) -> None:
    store_path.with_name("visitors.db.v5-20260101.bak").touch()
    told = visitors("erase", "v-1", "--yes", "--quiet").stderr
    assert told == f"an earlier copy may still contain erased data: {store_path}.v5-20260101.bak\n"


def test_on_a_terminal_it_says_how_much_and_asks(visitors: Visitors) -> None:
    visitors("conversations", "start", "v-1", "--message", "Hello")
    child = pexpect.spawn(COMMAND, ["erase", "v-1"], encoding="utf-8", dimensions=(24, 200))
    child.expect_exact("permanently erase 1 visitor, 1 conversation and 1 message, including their history? [y/N] ")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 7
    child = pexpect.spawn(COMMAND, ["erase", "v-1"], encoding="utf-8", dimensions=(24, 200))
    child.expect_exact("? [y/N] ")
    child.sendline("y")
    child.expect_exact("Erased 1 visitor, 1 conversation and 1 message, including their history.")
    child.expect(pexpect.EOF)
    assert visitors("list", "--format", "count").stdout == "2\n"


@pytest.mark.file_only
def test_an_interrupt_while_the_file_is_rewritten_leaves_the_receipt_and_says_what_is_left_to_do(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("visitors.commands.erasing.wipe", interrupted)
    answer = visitors("erase", "v-1", "--yes", code=130)
    assert json.loads(answer.stdout)["counts"]["visitors"] == 1
    assert answer.stderr.startswith("the data is erased, but bytes of it may remain in ")
    assert "visitors db compact" in answer.stderr
    visitors("show", "v-1", code=3)


@pytest.mark.file_only
@pytest.mark.parametrize("failing", ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"])
def test_a_file_that_cannot_be_rewritten_is_reported(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """As if the disk had no room for a second copy of the store, or for its log."""
    from visitors.errors import StoreProblem
    from visitors.store.store import Store

    execute = Store.execute

    def full(self: Store, sql: str, parameters: Any = ()) -> Any:
        if sql == failing:
            raise StoreProblem("the store cannot grow: the disk is full")
        return execute(self, sql, parameters)

    monkeypatch.setattr(Store, "execute", full)
    answer = visitors("erase", "v-1", "--yes")
    assert json.loads(answer.stdout)["counts"]["visitors"] == 1
    assert "bytes of erased data may remain" in answer.stderr
    assert "the disk is full; to finish, once nobody else uses the store: visitors db compact" in answer.stderr
    assert "another process" not in answer.stderr


def test_through_a_link_the_files_next_to_the_store_itself_are_meant(
    visitors: Visitors, store_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link.db"
    link.symlink_to(store_path)
    store_path.with_name("visitors.db.bak").touch()
    told = visitors("--db", str(link), "erase", "v-1", "--yes").stderr
    assert told == f"an earlier copy may still contain erased data: {store_path}.bak\n"


def test_a_store_with_a_rollback_journal_is_erased_from_as_well(visitors: Visitors, store_path: Path) -> None:
    import sqlite3

    store = sqlite3.connect(store_path)
    assert store.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    store.close()
    assert visitors("erase", "v-1", "--yes").stderr == ""
    assert b"v-1" not in store_path.read_bytes()


def test_a_later_version_finds_the_key_of_the_receipts_under_the_same_name(
    visitors: Visitors, anonymous: str, store_path: Path
) -> None:
    visitors("erase", anonymous, "--yes")
    with closing(sqlite3.connect(store_path)) as store:
        assert store.execute("SELECT name, length(value) FROM keys").fetchall() == [("receipts", 64)]
