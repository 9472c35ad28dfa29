from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.fixture
def receipt(visitors: Visitors) -> dict[str, Any]:
    """Of an erased person with a former email."""
    visitors("create", "--id", "v-1")
    visitors("identify", "v-1", "--email", "old@example.com", "--external-id", "u-1")
    visitors("contacts", "update", "ext:u-1", "--email", "new@example.com")
    found: dict[str, Any] = json.loads(visitors("contacts", "erase", "ext:u-1", "--yes").stdout)
    return found


def check(visitors: Visitors, receipt: Any, code: int = 0) -> str:
    text = receipt if isinstance(receipt, str) else json.dumps(receipt, indent=4)
    return str(visitors("db", "check", "--receipt", "-", input=text, code=code).stderr)


def test_a_receipt_verifies_whatever_its_white_space(visitors: Visitors, receipt: dict[str, Any]) -> None:
    kinds = sorted(subject["kind"] for subject in receipt["subjects"])
    assert kinds == ["contactId", "email", "email", "externalId", "visitorId"]
    assert check(visitors, receipt) == f"the receipt of erasure {receipt['operationId']} ({receipt['at']}) verifies\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("by", "somebody else"),
        ("at", "2020-01-01T00:00:00.000Z"),
        ("subjects", []),
        ("signature", "0" * 64),
        ("operationId", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("command", "erase"),
    ],
)
def test_a_receipt_that_was_changed_does_not(
    visitors: Visitors, receipt: dict[str, Any], field: str, value: Any
) -> None:
    assert receipt[field] != value
    assert "its signature is not this store's" in check(visitors, {**receipt, field: value}, code=8)


def test_a_count_that_was_changed_does_not(visitors: Visitors, receipt: dict[str, Any]) -> None:
    receipt["counts"]["visitors"] += 1
    assert "its signature is not this store's" in check(visitors, receipt, code=8)


def test_the_receipt_of_another_store_does_not(visitors: Visitors, receipt: dict[str, Any], tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    visitors("--db", other, "create", "--id", "x")
    words = ("--db", other, "db", "check", "--receipt", "-")
    assert "nothing was ever erased" in visitors(*words, input=json.dumps(receipt), code=8).stderr
    visitors("--db", other, "erase", "x", "--yes")
    told = visitors(*words, input=json.dumps(receipt), code=8).stderr
    assert "its signature is not this store's" in told
    assert f"there is no erasure {receipt['operationId']} in this store" in told


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--id", "v-1"),
        ("contacts", "create", "--email", "new@example.com"),
        ("contacts", "create", "--email", "old@example.com"),
        ("contacts", "create", "--external-id", "u-1"),
    ],
)
def test_whoever_came_back_is_told_of_but_not_who(
    visitors: Visitors, receipt: dict[str, Any], words: tuple[str, ...]
) -> None:
    visitors(*words)
    told = check(visitors, receipt, code=8)
    assert "it came back after the erasure, with operation 01" in told
    assert words[-1] not in told


def test_an_identity_that_only_the_history_has_is_found(visitors: Visitors, receipt: dict[str, Any]) -> None:
    visitors("contacts", "create", "--id", "heir", "--email", "old@example.com")
    visitors("contacts", "update", "heir", "--email", "other@example.com")
    told = check(visitors, receipt, code=8)
    assert "an email that was erased is in the store again, in the history (operation 01" in told


def test_what_the_erasure_missed_is_told_as_still_there(
    visitors: Visitors, receipt: dict[str, Any], store_path: Path
) -> None:
    """As a change would be that somebody put back by hand."""
    import sqlite3

    with sqlite3.connect(store_path) as store:
        store.execute(
            "INSERT INTO changes (operation, kind, record, before, after)"
            """ VALUES (1, 'contact', 'x', '{"email":null}', '{"email":"old@example.com"}')"""
        )
    store.close()
    assert "an email that was erased is still in the store: in the history" in check(visitors, receipt, code=8)


@pytest.mark.parametrize("text", ["", "{}", "[]", "receipt", '{"type":"visitors.erasure"}', "\xff", "[" * 100_000])
def test_what_is_no_receipt_is_invalid(visitors: Visitors, receipt: dict[str, Any], text: str) -> None:
    assert "is no receipt of an erasure" in check(visitors, text, code=5)
    assert "is no receipt of an erasure" in check(visitors, {**receipt, "more": 1}, code=5)
    assert "is no receipt of an erasure" in check(visitors, {**receipt, "version": 2}, code=5)


def test_a_file_that_is_not_there_is_not_found(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("db", "check", "--receipt", "nowhere.json", code=3)
