"""`block` itself; what it shares with other commands is in test_bulk_change, its meaning in the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("option", "expires"),
    [
        (("--for", "15m"), "2026-03-01T12:15:00.000Z"),
        (("--for", "12h"), "2026-03-02T00:00:00.000Z"),
        (("--for", " 7d "), "2026-03-08T12:00:00.000Z"),
        (("--for", "4w"), "2026-03-29T12:00:00.000Z"),
        (("--until", "2026-04-01"), "2026-04-01T00:00:00.000Z"),
        (("--until", "2026-03-01T14:00:00+01:00"), "2026-03-01T13:00:00.000Z"),
        ((), None),
    ],
)
def test_the_end_of_a_block(visitors: Visitors, anonymous: str, option: tuple[str, ...], expires: str | None) -> None:
    answer = visitors("block", anonymous, *option, "--format", "json", now=NOW).json
    assert answer["blockExpiresAt"] == expires


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--for", "7d", "--until", "2026-04-01"), 2),
        (("--for", "soon"), 5),
        (("--for", "-1d"), 5),
        (("--for", "99999999y"), 5),
        (("--for", ""), 5),
        (("--until", "7d"), 5),
        (("--until", ""), 5),
        (("--reason", " "), 5),
        (("--reason", "x" * 1001), 5),
    ],
)
def test_invalid_options_block_nobody(
    visitors: Visitors, anonymous: str, everything: Everything, options: tuple[str, ...], code: int
) -> None:
    before = everything()
    words = [f"{options[0]}={options[1]}", *options[2:]]
    visitors("block", anonymous, *words, code=code, now=NOW)
    assert everything() == before


def test_a_contact_leaves_no_room_for_visitors_and_selections(
    visitors: Visitors, anonymous: str, everything: Everything
) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    before = everything()
    for others in ((anonymous,), ("--all",), ("--language", "de"), ("-",)):
        visitors("block", "--contact", "ext:u", *others, input=anonymous, code=2)
        visitors("unblock", "--contact", "ext:u", *others, input=anonymous, code=2)
    assert everything() == before


def test_a_contact_is_blocked_without_asking_and_its_id_printed(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    contact = visitors("show", anonymous, "--format", "json").json["contact"]["id"]
    assert visitors("block", "--contact", "ext:u", "--dry-run").lines == [contact]
    assert visitors("contacts", "list", "--blocked", "--format", "count").stdout == "0\n"
    assert visitors("block", "--contact", "ext:u").lines == [contact]
    assert visitors("contacts", "list", "--blocked", "--format", "ids").lines == [contact]


def test_an_unknown_contact_is_not_found(visitors: Visitors, anonymous: str) -> None:
    assert anonymous
    for reference in ("ext:u", "u@example.com", "u", ""):
        visitors("block", "--contact", reference, code=3)


def test_the_actor_is_who_the_setting_says(visitors: Visitors, anonymous: str) -> None:
    assert visitors("block", anonymous, "--format", "json").json["blockedBy"] == "tester"


def test_an_age_is_offered_only_where_one_can_be_given(visitors: Visitors, anonymous: str) -> None:
    refused = visitors("block", anonymous, "--until", "7d", "--format", "json", code=5).error
    assert "2026-03-01" in refused["hint"]
    assert "age" not in refused["hint"]
    refused = visitors("list", "--created-since", "soon", "--format", "json", code=5).error
    assert "age (30d" in refused["hint"]


@pytest.mark.parametrize("command", ["block", "unblock", "unidentify"])
def test_the_deleted_are_not_to_be_chosen(
    visitors: Visitors, anonymous: str, everything: Everything, command: str
) -> None:
    visitors("delete", anonymous)
    before = everything()
    refused = visitors(command, "--deleted", "--yes", "--format", "json", code=2).error
    assert "visitors restore" in refused["hint"]
    assert everything() == before
