from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


def test_it_takes_the_deletion_back_once(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--name", "Ada")
    before = visitors("contacts", "show", "A", "--format", "json").json
    visitors("contacts", "delete", "A")
    outcomes = [visitors("contacts", "restore", "ext:a", "--format", "json").json["outcome"] for _ in range(2)]
    assert outcomes == ["restored", "unchanged"]
    after = visitors("contacts", "show", "A", "--format", "json").json
    changing = {"updatedAt", "changes"}
    assert {key for key in after if after[key] != before[key]} <= changing


def test_an_email_that_somebody_has_by_now_is_that_of_two(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com")
    visitors("contacts", "delete", "A")
    visitors("contacts", "create", "--id", "B", "--email", "a@example.com")
    visitors("contacts", "restore", "A")
    refused = visitors("contacts", "show", "a@example.com", "--format", "json", code=4)
    assert refused.error["code"] == "ambiguous"


def test_all_or_none_and_a_dry_run_restores_nothing(visitors: Visitors, everything: Everything) -> None:
    visitors("contacts", "create", "--id", "A")
    visitors("contacts", "delete", "A")
    before = everything()
    visitors("contacts", "restore", "A", "nobody", code=3)
    visitors("contacts", "restore", code=2)
    visitors("contacts", "restore", "A", "--dry-run")
    assert everything() == before
