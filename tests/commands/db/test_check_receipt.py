from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unguarded import unguarded
from visitors.domain.receipt import encode, parse_receipt

Visitors = Callable[..., Any]


@pytest.fixture
def receipt(visitors: Visitors) -> dict[str, Any]:
    """The receipt of an erased person with a former email."""
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
    assert check(visitors, receipt) == f"the receipt of erasure {receipt['operationId']} ({receipt['at']}) is valid\n"


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
    assert "its signature does not match" in check(visitors, {**receipt, field: value}, code=8)


def test_a_count_that_was_changed_does_not(visitors: Visitors, receipt: dict[str, Any]) -> None:
    receipt["counts"]["visitors"] += 1
    assert "its signature does not match" in check(visitors, receipt, code=8)


def test_the_receipt_of_another_store_does_not(visitors: Visitors, receipt: dict[str, Any], tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    visitors("--db", other, "create", "--id", "x")
    words = ("--db", other, "db", "check", "--receipt", "-")
    assert "nothing was ever erased" in visitors(*words, input=json.dumps(receipt), code=8).stderr
    visitors("--db", other, "erase", "x", "--yes")
    told = visitors(*words, input=json.dumps(receipt), code=8).stderr
    assert "its signature does not match" in told
    assert f"this store has no erasure {receipt['operationId']}" in told


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--id", "v-1"),
        ("contacts", "create", "--email", "new@example.com"),
        ("contacts", "create", "--email", "old@example.com"),
        ("contacts", "create", "--external-id", "u-1"),
    ],
)
def test_a_subject_that_came_back_is_reported_without_naming_it(
    visitors: Visitors, receipt: dict[str, Any], words: tuple[str, ...]
) -> None:
    visitors(*words)
    told = check(visitors, receipt, code=8)
    assert "it was added after the erasure by operation 01" in told
    assert words[-1] not in told


def test_an_identity_that_only_the_history_has_is_found(visitors: Visitors, receipt: dict[str, Any]) -> None:
    visitors("contacts", "create", "--id", "heir", "--email", "old@example.com")
    visitors("contacts", "update", "heir", "--email", "other@example.com")
    told = check(visitors, receipt, code=8)
    assert "an email that was erased is in the store again, in the history (operation 01" in told


def test_what_the_erasure_missed_is_reported_as_still_there(
    visitors: Visitors, receipt: dict[str, Any], store_path: Path
) -> None:
    """As if somebody put a change back by hand."""
    with unguarded(store_path) as store:
        store.execute(
            "INSERT INTO changes (operation, kind, record, before, after)"
            """ VALUES (1, 'contact', 'x', '{"email":null}', '{"email":"old@example.com"}')"""
        )
    assert "an email that was erased is still in the store: in the history" in check(visitors, receipt, code=8)


@pytest.mark.parametrize("text", ["", "{}", "[]", "receipt", '{"type":"visitors.erasure"}', "\xff", "[" * 100_000])
def test_a_file_that_is_not_a_receipt_is_invalid(visitors: Visitors, receipt: dict[str, Any], text: str) -> None:
    assert "is not the receipt of an erasure" in check(visitors, text, code=5)
    assert "is not the receipt of an erasure" in check(visitors, {**receipt, "more": 1}, code=5)
    assert "is not the receipt of an erasure" in check(visitors, {**receipt, "version": 2}, code=5)


def test_a_missing_file_is_not_found(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("db", "check", "--receipt", "nowhere.json", code=3)


# The receipts in the store


def change(path: Path, statement: str, *parameters: str) -> None:
    with unguarded(path) as store:
        assert store.execute(statement, parameters).rowcount == 1


def of_receipts(visitors: Visitors, code: int = 0) -> list[tuple[str, str]]:
    """The results and details of a full check about them."""
    found = visitors("db", "check", "--format", "json", code=code).json
    if code:
        assert {one["check"] for one in found if one["result"] == "problem"} == {"receipts"}
    return [(one["result"], one["detail"]) for one in found if one["check"] == "receipts"]


def test_a_check_of_the_store_verifies_all_that_it_keeps(visitors: Visitors, receipt: dict[str, Any]) -> None:
    assert receipt
    assert of_receipts(visitors) == [("ok", "1 receipt, unchanged")]
    visitors("create", "--id", "v-2")
    visitors("erase", "v-2", "--yes")
    assert of_receipts(visitors) == [("ok", "2 receipts, unchanged")]


def test_a_subject_that_came_back_is_not_a_problem_of_the_store(visitors: Visitors, receipt: dict[str, Any]) -> None:
    visitors("create", "--id", "v-1")
    assert "in the store again" in check(visitors, receipt, code=8)
    assert of_receipts(visitors) == [("ok", "1 receipt, unchanged")]


def test_without_erasures_there_are_no_receipts(visitors: Visitors) -> None:
    visitors("create")
    assert of_receipts(visitors) == [("ok", "nothing was erased")]


@pytest.mark.parametrize(
    ("field", "value"),
    [("by", "somebody else"), ("at", "2020-01-01T00:00:00.000Z"), ("subjects", []), ("signature", "0" * 64), ("x", 1)],
)
def test_a_kept_receipt_that_was_changed_is_found(
    visitors: Visitors, store_path: Path, receipt: dict[str, Any], field: str, value: Any
) -> None:
    change(store_path, "UPDATE erasures SET receipt = ?", json.dumps({**receipt, field: value}, separators=(",", ":")))
    assert of_receipts(visitors, code=8) == [
        ("problem", f"the receipt of erasure {receipt['operationId']} was changed")
    ]


def test_a_kept_receipt_whose_spacing_was_changed_is_found(
    visitors: Visitors, store_path: Path, receipt: dict[str, Any]
) -> None:
    change(store_path, "UPDATE erasures SET receipt = ?", json.dumps(receipt, indent=2))
    assert of_receipts(visitors, code=8) == [
        ("problem", f"the receipt of erasure {receipt['operationId']} was changed")
    ]


@pytest.mark.parametrize("key", ["00" * 32, "no hex digits"])
def test_a_key_that_was_changed_is_found(
    visitors: Visitors, store_path: Path, receipt: dict[str, Any], key: str
) -> None:
    change(store_path, "UPDATE keys SET value = ?", key)
    assert of_receipts(visitors, code=8) == [
        ("problem", f"the receipt of erasure {receipt['operationId']} was changed")
    ]


def test_a_key_that_is_gone_is_found(visitors: Visitors, store_path: Path, receipt: dict[str, Any]) -> None:
    assert receipt
    change(store_path, "DELETE FROM keys")
    assert of_receipts(visitors, code=8) == [("problem", "the key that signs receipts is missing")]
    assert "hint: no command: look for an older backup\n" in visitors("db", "check", code=8).stderr


def test_a_receipt_that_is_gone_is_found(visitors: Visitors, store_path: Path, receipt: dict[str, Any]) -> None:
    change(store_path, "DELETE FROM erasures")
    assert of_receipts(visitors, code=8) == [("problem", f"the receipt of erasure {receipt['operationId']} is missing")]


@pytest.mark.parametrize(
    ("column", "value"), [("actor", "nobody"), ("at", "2020-01-01T00:00:00.000Z"), ("command", "x")]
)
def test_an_erasure_that_is_not_what_its_receipt_says_is_found(
    visitors: Visitors, store_path: Path, receipt: dict[str, Any], column: str, value: str
) -> None:
    change(store_path, f"UPDATE operations SET {column} = ? WHERE id = ?", value, receipt["operationId"])
    assert of_receipts(visitors, code=8) == [
        ("problem", f"erasure {receipt['operationId']} does not match its receipt")
    ]


def test_receipts_that_changed_places_are_found(visitors: Visitors, store_path: Path, receipt: dict[str, Any]) -> None:
    visitors("create", "--id", "v-2")
    visitors("erase", "v-2", "--yes")
    change(store_path, "UPDATE erasures SET receipt = (SELECT receipt FROM erasures WHERE pk = 2) WHERE pk = 1")
    assert of_receipts(visitors, code=8) == [
        ("problem", f"erasure {receipt['operationId']} does not match its receipt")
    ]


def test_a_receipt_of_an_earlier_version_is_read_as_it_was_written(receipt: dict[str, Any]) -> None:
    earlier = {key: value for key, value in receipt.items() if key != "mayRemainIn"}
    text = json.dumps(earlier, separators=(",", ":"))
    assert encode(parse_receipt(text, "it")) == text
