from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-02T09:00:00.000Z"


def test_it_is_soft_says_so_once_and_keeps_visitors_linked(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    outcomes = [visitors("contacts", "delete", "ext:u", "--format", "json", now=NOW).json for _ in range(2)]
    assert [(one["outcome"], one["deletedAt"]) for one in outcomes] == [("deleted", NOW), ("unchanged", NOW)]
    assert visitors("contacts", "list", "--format", "count").stdout == "0\n"
    assert visitors("contacts", "list", "--deleted", "--format", "count").stdout == "1\n"
    assert visitors("show", anonymous, "--format", "json").json["contact"]["deletedAt"] == NOW


def test_a_deleted_contact_is_not_revived_by_identify(visitors: Visitors, anonymous: str) -> None:
    visitors("contacts", "create", "--external-id", "u", "--email", "a@example.com")
    visitors("contacts", "delete", "ext:u")
    refused = visitors("identify", anonymous, "--external-id", "u", "--format", "json", code=4)
    assert refused.error["code"] == "contact_deleted"
    answer = visitors("identify", anonymous, "--email", "a@example.com", "--format", "json").json
    assert (answer["outcome"], answer["contact"]["externalId"]) == ("created", None)


def test_all_or_none_and_a_dry_run_deletes_nothing(visitors: Visitors, everything: Everything) -> None:
    for id_ in ("A", "B"):
        visitors("contacts", "create", "--id", id_)
    before = everything()
    visitors("contacts", "delete", "A", "nobody", code=3)
    visitors("contacts", "delete", code=2)
    visitors("contacts", "delete", "A", "--dry-run")
    assert everything() == before
    assert visitors("contacts", "delete", "-", input="A\nB\n").lines == ["A", "B"]
    assert visitors("contacts", "list", "--format", "count").stdout == "0\n"


def test_a_tombstone_means_its_survivor(visitors: Visitors) -> None:
    for id_ in ("A", "B"):
        visitors("contacts", "create", "--id", id_)
    visitors("contacts", "merge", "A", "B", "--yes")
    assert visitors("contacts", "delete", "B").lines == ["A"]
    assert visitors("contacts", "show", "B", "--format", "json").json["deletedAt"] is not None
