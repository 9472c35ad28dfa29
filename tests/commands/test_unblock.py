"""`unblock` itself; what it shares with other commands is in test_bulk_change, its meaning in the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


def test_one_named_visitor_whose_contact_is_blocked_means_that_none_is_unblocked(
    visitors: Visitors, anonymous: str, everything: Everything
) -> None:
    visitors("block", anonymous)
    visitors("create", "--id", "known")
    visitors("identify", "known", "--external-id", "u")
    visitors("block", "--contact", "ext:u")
    before = everything()
    visitors("unblock", anonymous, "known", code=4)
    visitors("unblock", "-", input=f"{anonymous}\nknown\n", code=4)
    visitors("unblock", anonymous, "known", "--dry-run", code=4)
    assert everything() == before


def test_a_contact_that_is_not_blocked_stays_as_it_is(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    visitors("block", anonymous)
    assert visitors("unblock", "--contact", "ext:u", "--format", "json").json["outcome"] == "unchanged"
    assert visitors("show", anonymous, "--format", "json").json["isBlocked"] is True
    assert visitors("history", "--command", "unblock", "--format", "count").stdout == "0\n"


def test_a_dry_run_for_a_contact_changes_nothing(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    visitors("block", "--contact", "ext:u")
    assert visitors("unblock", "--contact", "ext:u", "--dry-run", "--format", "json").json["outcome"] == "would unblock"
    assert visitors("show", anonymous, "--format", "json").json["isBlocked"] is True


@pytest.mark.parametrize("selection", [("--all",), ("--blocked",), ("--language", "de")])
def test_of_a_selection_those_whose_contact_is_blocked_are_counted_and_left(
    visitors: Visitors, selection: tuple[str, ...]
) -> None:
    for who in ("alone", "known", "other"):
        visitors("create", "--id", who, "--language", "de")
    visitors("identify", "known", "--external-id", "u")
    visitors("block", "alone", "known")
    visitors("block", "--contact", "ext:u")
    contact = visitors("show", "known", "--format", "json").json["contact"]["id"]
    done = visitors("unblock", *selection, "--yes", "--format", "json")
    outcomes = {one["id"]: one["outcome"] for one in done.json}
    outcomes.setdefault("other", "unchanged")  # not blocked, so not always chosen
    assert outcomes == {"alone": "unblocked", "known": "left", "other": "unchanged"}
    assert "; 1 skipped." in done.stderr
    assert (
        f"visitor known stays blocked because its contact is; to unblock that: visitors unblock --contact {contact}"
        in done.stderr
    )
    assert visitors("list", "--blocked", "--format", "ids").lines == ["known"]
    assert all(block["liftedAt"] is None for block in visitors("show", "known", "--format", "json").json["blocks"])
    again = visitors("unblock", "--blocked", "--yes", "--dry-run")
    assert "Would unblock 0 visitors; 1 skipped." in again.stderr
