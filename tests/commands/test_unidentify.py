"""`unidentify` itself; what it shares with other commands is in test_bulk_change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def test_the_visitor_is_anonymous_again_and_the_contact_stays(visitors: Visitors) -> None:
    for device in ("laptop", "phone"):
        visitors("create", "--id", device, now=MONDAY)
        visitors("identify", device, "--external-id", "u", "--name", "Ada", now=MONDAY)
    answer = visitors("unidentify", "laptop", "--format", "json", now=TUESDAY).json
    assert (answer["outcome"], answer["contact"], answer["updatedAt"]) == ("unidentified", None, TUESDAY)
    (contact,) = visitors("contacts", "list", "--format", "json").json
    assert (contact["name"], contact["visitorCount"], contact["updatedAt"]) == ("Ada", 1, MONDAY)


def test_the_contact_of_its_last_visitor_stays_too(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    visitors("unidentify", anonymous)
    assert visitors("contacts", "show", "ext:u", "--format", "json").json["visitorCount"] == 0
    assert visitors("identify", anonymous, "--external-id", "u", "--format", "json").json["outcome"] == "linked"


def test_an_anonymous_visitor_stays_as_it_is(visitors: Visitors, anonymous: str) -> None:
    before = visitors("show", anonymous, "--format", "json").json
    assert visitors("unidentify", anonymous, "--format", "json").json["outcome"] == "unchanged"
    assert visitors("show", anonymous, "--format", "json").json == before


def test_the_devices_of_a_contact_can_be_selected(visitors: Visitors) -> None:
    for device, person in (("laptop", "u"), ("phone", "u"), ("other", "w")):
        visitors("create", "--id", device)
        visitors("identify", device, "--external-id", person)
    assert visitors("unidentify", "--contact", "ext:u", "--yes").lines == ["laptop", "phone"]
    assert visitors("list", "--identified", "--format", "ids").lines == ["other"]
