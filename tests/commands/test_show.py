from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Fill = Callable[..., None]

AROUND = ["devices", "blocks", "conversations"]


@pytest.fixture(autouse=True)
def store(fill: Fill) -> None:
    """Ada with two devices, and two anonymous visitors."""
    ada = {"externalId": "ada", "email": "ada@example.com", "name": "Ada"}
    fill(
        {"id": "laptop", "browser": "Firefox", "os": "Linux", "contact": ada, "lastSeenAt": "2026-01-02"},
        {"id": "phone", "browser": "Safari", "deviceType": "mobile", "countryCode": "DE", "contact": ada},
        {"id": "stranger"},
        {"id": "deleted", "deletedAt": "2026-01-03"},
    )


def test_it_shows_all_there_is_to_know(visitors: Visitors) -> None:
    visitors("block", "laptop", "--reason", "spam")
    visitors("unblock", "laptop")
    visitors("conversations", "start", "phone", "--title", "Help", "--message", "Hi")
    page = visitors("show", "laptop", "--format", "json").json
    assert [key for key in page if key in AROUND] == AROUND
    assert list(page).index("deletedAt") < list(page).index("devices")
    assert page["contact"]["name"] == "Ada"
    (device,) = page["devices"]
    assert (device["id"], device["browser"], device["deviceType"], device["countryCode"]) == (
        "phone", "Safari", "mobile", "DE",
    )  # fmt: skip
    assert [block["reason"] for block in page["blocks"]] == ["spam"]
    assert [(one["title"], one["messageCount"], one["status"]) for one in page["conversations"]] == [
        ("Help", 1, "open")
    ]


def test_one_visitor_is_an_object_and_several_are_an_array(visitors: Visitors) -> None:
    assert visitors("show", "stranger", "--format", "json").json["id"] == "stranger"
    several = visitors("show", "stranger", "laptop", "--format", "json").json
    assert [one["id"] for one in several] == ["stranger", "laptop"]


def test_the_same_visitor_named_twice_is_shown_once(visitors: Visitors) -> None:
    assert visitors("show", "laptop", "lap", "phone", "--format", "ids").lines == ["laptop", "phone"]


def test_into_a_pipe_it_is_a_line_for_each_field(visitors: Visitors) -> None:
    visitors("block", "laptop", "--reason", "one\ttwo\nthree")
    visitors("identify", "laptop", "--email", "ada@example.com", "--metadata", "plan=pro")
    fields = dict(line.split("\t") for line in visitors("show", "laptop").lines)
    assert (fields["id"], fields["contact.email"], fields["city"]) == ("laptop", "ada@example.com", "")
    assert fields["lastSeenAt"] == "2026-01-02T00:00:00.000Z"
    assert json.loads(fields["contact.metadata"]) == {"plan": "pro"}
    assert (fields["devices.0.id"], fields["blocks.0.reason"]) == ("phone", "one\\ttwo\\nthree")
    assert fields["conversations"] == ""
    assert list(fields)[:2] == ["id", "language"]


def test_into_a_pipe_a_blank_line_is_between_two(visitors: Visitors) -> None:
    assert visitors("show", "phone", "stranger", "--fields", "contact.email,id").stdout == (
        "contact.email\tada@example.com\nid\tphone\n\ncontact.email\t\nid\tstranger\n"
    )
    assert "unknown field" in visitors("show", "phone", "--fields", "nope", code=2).stderr


def test_as_tsv_it_is_a_row_below_a_header(visitors: Visitors) -> None:
    header, row = visitors("show", "laptop", "--format", "tsv").lines
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert (cells["id"], cells["contact.email"], cells["city"]) == ("laptop", "ada@example.com", "")
    assert [device["id"] for device in json.loads(cells["devices"])] == ["phone"]


def test_a_deleted_visitor_is_shown_too(visitors: Visitors) -> None:
    assert visitors("show", "deleted", "--format", "json").json["deletedAt"] == "2026-01-03T00:00:00.000Z"


def test_ids_come_from_standard_input_one_a_line(visitors: Visitors) -> None:
    assert visitors("show", "-", "--format", "ids", input=" phone \n\nstranger\r\n").lines == ["phone", "stranger"]


def test_one_unknown_visitor_means_that_none_is_shown(visitors: Visitors) -> None:
    missing = visitors("show", "laptop", "nobody", code=3)
    assert missing.stdout == ""
    assert "'nobody'" in missing.stderr


def test_without_anybody_it_is_a_usage_error(visitors: Visitors) -> None:
    visitors("show", code=2)
    assert visitors("show", "-", "--format", "json").json == []
    visitors("show", "-", "laptop", input="phone\n", code=2)


def test_as_a_table_it_is_a_page_for_a_person(visitors: Visitors) -> None:
    visitors("block", "laptop", "--reason", "spam", "--as", "eve")
    visitors("conversations", "start", "stranger", "--title", "Help")
    page = visitors("show", "laptop", "--format", "table").stdout
    for part in ("Visitor laptop", "blocked", "by eve", "(spam)", "ada@example.com", "Other devices (1)", "phone"):
        assert part in page
    stranger = visitors("show", "stranger", "--format", "table").stdout
    for part in ("anonymous", "Conversations (1)", "Help"):
        assert part in stranger
    assert "Other devices" not in stranger


def test_a_page_shows_hostile_text_and_never_obeys_it(visitors: Visitors, fill: Fill) -> None:
    fill(
        {
            "id": "evil",
            "browser": "\x1b]52;c;aGk=\x07[red]x[/red]\u202e",
            "contact": {"externalId": "e", "name": "\x9b2J"},
        }
    )
    page = visitors("show", "evil", "--format", "table").stdout
    assert "[red]x[/red]" in page
    assert "\\x1b" in page
    assert not set(page) & {"\x1b", "\x07", "\u202e", "\x9b"}


def test_fields_choose_and_order(visitors: Visitors) -> None:
    assert visitors("show", "phone", "laptop", "--fields", "contact.name,id", "--format", "tsv").stdout == (
        "contact.name\tid\nAda\tphone\nAda\tlaptop\n"
    )
    assert visitors("show", "stranger", "--fields", "contact.name", "--format", "json").json == {"contact": None}


@pytest.mark.parametrize("ids", [[], ["stranger"], ["stranger", "stranger"], ["stranger", "laptop"]])
def test_of_standard_input_it_is_an_array_however_many_there_are(visitors: Visitors, ids: list[str]) -> None:
    answer = visitors("show", "-", "--format", "json", input="".join(f"{one}\n" for one in ids))
    assert [one["id"] for one in answer.json] == list(dict.fromkeys(ids))
    assert isinstance(answer.json, list)


def test_a_person_sees_who_shares_fingerprint_and_ip(visitors: Visitors, fill: Fill) -> None:
    fill(
        *({"id": f"s{number}", "fingerprint": "fp", "ip": "203.0.113.7"} for number in range(6)),
        {"id": "same-ip", "ip": "203.0.113.7"},
        {"id": "alone", "fingerprint": "another"},
        {"id": "shared-and-gone", "fingerprint": "fp", "deletedAt": "2026-01-03"},
    )
    page = visitors("show", "s0", "--format", "table").stdout
    assert "by 5 others: s5, s4, s3 and 2 more" in page
    assert "by 6 others: same-ip, s5, s4 and 3 more" in page
    assert "by 6 others: s5, s4, s3 and 3 more" in visitors("show", "same-ip", "--format", "table").stdout
    assert "Shared" not in visitors("show", "alone", "--format", "table").stdout
    several = visitors("show", "alone", "s0", "--format", "table").stdout
    assert several.index("Visitor s0") < several.index("Shared with others")


def test_the_keys_of_a_page_are_not_more_for_what_is_shared(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "one", "fingerprint": "fp"}, {"id": "two", "fingerprint": "fp"})
    assert list(visitors("show", "one", "--format", "json").json)[-5:] == [
        "devices", "blocks", "conversations", "links", "changes",
    ]  # fmt: skip


def test_the_first_lines_show_who_it_is_and_the_blocks_actor_reason_and_time(visitors: Visitors) -> None:
    visitors("block", "laptop", "--reason", "spam", "--as", "eve", "--for", "7d", now="2026-03-01")
    page = visitors("show", "laptop", "--format", "table", now="2026-03-03").lines
    contact = visitors("show", "laptop", "--format", "json").json["contact"]["id"]
    assert page[:3] == [
        "Visitor laptop",
        f"Ada <ada@example.com> ({contact})",
        "blocked 2d ago by eve (spam), until 2026-03-08T00:00:00.000Z",
    ]
    assert visitors("contacts", "show", contact, "--format", "table").lines[:2] == [
        f"Contact {contact}",
        "Ada <ada@example.com>",
    ]
