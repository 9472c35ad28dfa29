from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Fill = Callable[..., None]


@pytest.fixture(autouse=True)
def store(fill: Fill) -> None:
    """Ada with two devices, and Bob."""
    fill(
        {"id": "laptop", "lastSeenAt": "2026-01-01", "contact": {"id": "A", "externalId": "ada", "name": "Ada"}},
        {"id": "phone", "lastSeenAt": "2026-01-02", "contact": {"id": "A"}},
        {"id": "other", "contact": {"id": "B", "email": "bob@example.com"}},
    )


def test_it_shows_all_there_is_to_know(visitors: Visitors) -> None:
    visitors("block", "--contact", "A", "--reason", "spam", "--for", "1h", now="2026-01-03")
    started = visitors("conversations", "start", "phone", "--title", "Help").stdout.strip()
    page = visitors("contacts", "show", "A", "--format", "json").json
    around = ["visitorCount", "lastSeenAt", "devices", "blocks", "conversations"]
    assert [key for key in page if key in around] == around
    assert (page["name"], page["visitorCount"], page["lastSeenAt"]) == ("Ada", 2, "2026-01-02T00:00:00.000Z")
    assert [device["id"] for device in page["devices"]] == ["phone", "laptop"]
    assert [block["reason"] for block in page["blocks"]] == ["spam"]
    assert [conversation["id"] for conversation in page["conversations"]] == [started]
    assert page["isBlocked"] is False


def test_several_are_an_array_each_once(visitors: Visitors) -> None:
    page = visitors("contacts", "show", "bob@example.com", "A", "ext:ada", "--format", "json").json
    assert [one["id"] for one in page] == ["B", "A"]


def test_references_come_from_standard_input(visitors: Visitors) -> None:
    answer = visitors("contacts", "show", "-", "--format", "ids", input="ext:ada\nBOB@example.com\n")
    assert answer.lines == ["A", "B"]


def test_one_unknown_contact_means_that_none_is_shown(visitors: Visitors) -> None:
    missing = visitors("contacts", "show", "A", "ext:nobody", code=3)
    assert missing.stdout == ""
    assert "'nobody'" in missing.stderr


def test_without_anybody_it_is_a_usage_error(visitors: Visitors) -> None:
    visitors("contacts", "show", code=2)
    assert visitors("contacts", "show", "-", "--format", "json").json == []


def test_what_is_not_an_email_is_invalid(visitors: Visitors) -> None:
    visitors("contacts", "show", "@", code=5)


def test_as_a_table_it_is_a_page_for_a_person(visitors: Visitors) -> None:
    page = visitors("contacts", "show", "A", "--format", "table").stdout
    for part in ("Contact A", "Ada", "Devices (2)", "laptop", "phone"):
        assert part in page


@pytest.mark.parametrize("ids", [[], ["A"], ["A", "ext:ada"], ["B", "A"]])
def test_of_standard_input_it_is_an_array_however_many_there_are(visitors: Visitors, ids: list[str]) -> None:
    answer = visitors("contacts", "show", "-", "--format", "json", input="".join(f"{one}\n" for one in ids))
    assert isinstance(answer.json, list)
    assert [one["id"] for one in answer.json] == list(dict.fromkeys(one.replace("ext:ada", "A") for one in ids))
