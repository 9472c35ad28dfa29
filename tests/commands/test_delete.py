"""`delete` itself; what it shares with other commands is in test_bulk_change, its meaning in the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]


def test_the_ids_of_a_listing_can_be_piped_into_it(visitors: Visitors) -> None:
    for visitor in ("a", "b", "c"):
        visitors("create", "--id", visitor, "--language", "de" if visitor != "c" else "en")
    chosen = visitors("list", "--language", "de", "--format", "ids").stdout
    assert sorted(visitors("delete", "-", input=chosen).lines) == ["a", "b"]
    assert visitors("list", "--format", "ids").lines == ["c"]


def test_deleting_frees_the_id_for_nobody(visitors: Visitors, anonymous: str) -> None:
    visitors("delete", anonymous)
    visitors("create", "--id", anonymous, code=4)


def test_conversations_of_a_deleted_visitor_remain(visitors: Visitors, anonymous: str) -> None:
    visitors("conversations", "start", anonymous, "--message", "Hi")
    visitors("delete", anonymous)
    assert visitors("conversations", "list", "--format", "count").stdout == "1\n"


def test_json_shows_when_it_was_deleted(visitors: Visitors, anonymous: str) -> None:
    now = "2026-03-02T09:00:00.000Z"
    assert visitors("delete", anonymous, "--format", "json", now=now).json["deletedAt"] == now
