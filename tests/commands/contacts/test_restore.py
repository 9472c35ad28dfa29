from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


def test_it_restores_once(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--name", "Ada")
    before = visitors("contacts", "show", "A", "--format", "json").json
    visitors("contacts", "delete", "A")
    outcomes = [visitors("contacts", "restore", "ext:a", "--format", "json").json["outcome"] for _ in range(2)]
    assert outcomes == ["restored", "unchanged"]
    after = visitors("contacts", "show", "A", "--format", "json").json
    changing = {"updatedAt", "changes"}
    assert {key for key in after if after[key] != before[key]} <= changing


def test_a_contact_whose_email_somebody_has_by_now_is_not_restored_until_that_is_free(
    visitors: Visitors, everything: Everything
) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com")
    visitors("contacts", "delete", "A")
    visitors("contacts", "create", "--id", "B", "--email", "a@example.com")
    before = everything()
    refused = visitors("contacts", "restore", "A", "--format", "json", code=4).error
    assert refused["code"] == "contact_exists"
    assert "A cannot be restored: its email a@example.com now belongs to contact B" in refused["message"]
    assert everything() == before
    for command in ("contacts update B --clear email", "contacts merge B A"):
        assert f"visitors {command}" in refused["hint"]
    visitors("contacts", "update", "B", "--clear", "email")
    visitors("contacts", "restore", "A")
    visitors("contacts", "merge", "B", "A", "--yes")
    shown = visitors("contacts", "show", "A", "--format", "json").json
    assert (shown["id"], shown["email"]) == ("B", "a@example.com")


def test_a_deleted_contact_is_found_by_its_email_unless_somebody_has_it(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "c1", "--email", "ada@example.com")
    visitors("contacts", "delete", "c1")
    assert visitors("contacts", "show", "ada@example.com", "--format", "json").json["id"] == "c1"
    refused = visitors("contacts", "update", "ada@example.com", "--name", "Ada", code=4)
    assert "visitors contacts restore c1" in refused.stderr
    assert visitors("contacts", "restore", "ADA@example.com").stdout == "c1\n"

    visitors("contacts", "delete", "c1")
    visitors("contacts", "create", "--id", "c2", "--email", "ada@example.com")
    assert visitors("contacts", "show", "ada@example.com", "--format", "json").json["id"] == "c2"
    visitors("contacts", "delete", "c2")
    refused = visitors("contacts", "restore", "ada@example.com", code=4)
    assert "it matches the deleted contacts c1, c2" in refused.stderr


def test_two_deleted_contacts_with_one_email_are_not_both_restored(visitors: Visitors) -> None:
    for who in ("A", "B"):
        visitors("contacts", "create", "--id", who, "--email", "a@example.com")
        visitors("contacts", "delete", who)
    visitors("contacts", "restore", "A", "B", code=4)
    visitors("contacts", "restore", "B")


def test_the_email_of_one_merged_away_keeps_nobody_from_being_restored(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com")
    visitors("contacts", "delete", "A")
    visitors("contacts", "create", "--id", "B", "--email", "a@example.com")
    visitors("contacts", "create", "--id", "C", "--email", "c@example.com")
    visitors("contacts", "merge", "C", "B", "--yes")
    visitors("contacts", "restore", "A")
    assert visitors("contacts", "show", "a@example.com", "--format", "json").json["id"] == "A"


def test_all_or_none_and_a_dry_run_restores_nothing(visitors: Visitors, everything: Everything) -> None:
    visitors("contacts", "create", "--id", "A")
    visitors("contacts", "delete", "A")
    before = everything()
    visitors("contacts", "restore", "A", "nobody", code=3)
    visitors("contacts", "restore", code=2)
    visitors("contacts", "restore", "A", "--dry-run")
    assert everything() == before
