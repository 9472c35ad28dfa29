"""`restore` itself; what it shares with other commands is in test_bulk_change, its meaning in the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]


def test_a_restored_visitor_is_recognised_again(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--fingerprint", "fp")
    visitors("delete", "v")
    visitors("restore", "v")
    assert visitors("track", "--fingerprint", "fp", "--format", "json").json["id"] == "v"


def test_a_selection_chooses_among_the_deleted_only_with_deleted(visitors: Visitors) -> None:
    for visitor in ("a", "b"):
        visitors("create", "--id", visitor, "--language", "de")
    visitors("delete", "a")
    assert visitors("restore", "--language", "de", "--deleted", "--yes").lines == ["a"]


def test_it_has_no_all(visitors: Visitors, anonymous: str) -> None:
    visitors("delete", anonymous)
    visitors("restore", "--all", "--yes", code=2)
    assert visitors("list", "--format", "count").stdout == "0\n"


def test_a_selection_chooses_among_the_deleted(visitors: Visitors) -> None:
    for visitor in ("a", "b", "c"):
        visitors("create", "--id", visitor, "--language", "fr" if visitor == "c" else "de")
    visitors("delete", "a", "c")
    answer = visitors("restore", "--language", "de", "--yes", "--format", "json").json
    assert [(one["id"], one["outcome"]) for one in answer] == [("a", "restored")]
    assert visitors("list", "--format", "ids").lines == ["b", "a"]
    assert visitors("list", "--deleted", "--format", "ids").lines == ["c"]
