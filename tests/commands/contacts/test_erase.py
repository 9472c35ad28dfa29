"""The output of `visitors contacts erase`; its effect is tested in tests/people/test_erase_rules.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from unguarded import OPEN_OPERATION

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


@pytest.fixture(autouse=True)
def people(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com", "--external-id", "u-1", "--name", "Ada")
    visitors("contacts", "create", "--id", "B", "--email", "b@example.com")


def test_a_person_is_named_by_id_email_or_external_id_also_when_deleted(visitors: Visitors) -> None:
    visitors("contacts", "delete", "ext:u-1")
    receipts = [json.loads(visitors("contacts", "erase", who, "--yes").stdout) for who in ("ext:u-1", "b@example.com")]
    assert [sorted(subject["kind"] for subject in receipt["subjects"]) for receipt in receipts] == [
        ["contactId", "email", "externalId"],
        ["contactId", "email"],
    ]


def test_several_people_from_standard_input_are_one_operation(visitors: Visitors) -> None:
    receipt = json.loads(visitors("contacts", "erase", "-", "--yes", input="A\nB\n").stdout)
    assert receipt["counts"]["contacts"] == 2
    assert receipt["command"] == "contacts erase"


def test_without_a_terminal_it_needs_yes_and_a_dry_run_changes_nothing(
    visitors: Visitors, everything: Everything
) -> None:
    before = everything()
    refused = visitors("contacts", "erase", "a@example.com", "--format", "json", code=2).error
    assert refused["message"].startswith("permanently erase 1 contact, including their history")
    assert "Ada" not in refused["message"]
    assert json.loads(visitors("contacts", "erase", "A", "--dry-run").stdout)["counts"]["contacts"] == 1
    visitors("contacts", "erase", code=2)
    visitors("contacts", "erase", "A", "nobody", "--yes", code=3)
    assert everything() == before


def test_its_output_does_not_reveal_whom_it_erased(visitors: Visitors) -> None:
    answer = visitors("contacts", "erase", "A", "--yes", "--format", "json")
    for text in ("Ada", "a@example.com", "u-1"):
        assert text not in answer.stdout + answer.stderr


def test_a_contact_that_only_the_history_has_is_erased_by_its_id(visitors: Visitors, store_path: Any) -> None:
    import sqlite3

    store = sqlite3.connect(store_path)
    store.execute(OPEN_OPERATION)  # as undoing the second creation does
    store.execute("DELETE FROM contacts WHERE id = 'B'")
    store.execute("UPDATE operations SET is_open = NULL WHERE is_open = 1")
    store.commit()
    store.close()
    receipt = json.loads(visitors("contacts", "erase", "B", "--yes").stdout)
    assert receipt["counts"]["changes"] == 1
    assert b"b@example.com" not in store_path.read_bytes()
    visitors("contacts", "erase", "B", "--yes", code=3)
