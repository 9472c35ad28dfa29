from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"

BROWSER_DATA = {
    "language": "de-DE", "timezone": "Europe/Berlin", "fingerprint": "fp", "browser": "Firefox",
    "browserVersion": "126.0", "os": "Linux", "osVersion": "6.1", "device": "ThinkPad", "deviceType": "desktop",
    "ip": "203.0.113.7", "city": "Köln", "region": "NRW", "country": "Germany", "countryCode": "DE",
    "latitude": 50.94, "longitude": 6.96, "screenResolution": "2560x1440", "viewport": "1200x800",
}  # fmt: skip


def option(field: str) -> str:
    return "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in field)


def test_into_a_pipe_it_prints_the_id_and_nothing_else(visitors: Visitors) -> None:
    created = visitors("create")
    assert created.lines == visitors("list", "--format", "ids").lines
    assert created.stderr == ""


def test_every_browser_data_option_sets_its_field(visitors: Visitors) -> None:
    arguments = [f"{option(field)}={value}" for field, value in BROWSER_DATA.items()]
    created = visitors("create", *arguments, "--format", "json").json
    assert {field: created[field] for field in BROWSER_DATA} == BROWSER_DATA


@pytest.mark.parametrize("field", BROWSER_DATA)
def test_every_browser_data_option_sets_its_field_only(visitors: Visitors, field: str) -> None:
    created = visitors("create", f"{option(field)}={BROWSER_DATA[field]}", "--format", "json").json
    assert {name for name in BROWSER_DATA if created[name] is not None} == {field}


def test_a_created_visitor_was_not_seen_yet(visitors: Visitors) -> None:
    created = visitors("create", "--format", "json", now=MONDAY).json
    assert (created["createdAt"], created["updatedAt"], created["lastSeenAt"]) == (MONDAY, MONDAY, None)


def test_an_id_that_exists_is_a_conflict(visitors: Visitors) -> None:
    visitors("create", "--id", "v", now=MONDAY)
    refused = visitors("create", "--id", "v", "--language", "de", "--format", "json", code=4)
    assert refused.error["code"] == "visitor_exists"
    assert visitors("show", "v", "--format", "json").json["language"] is None


def test_exist_ok_changes_nothing_and_prints_the_id(visitors: Visitors) -> None:
    visitors("create", "--id", "v", "--language", "en", now=MONDAY)
    before = visitors("list", "--format", "json").json
    again = visitors("create", "--id", "v", "--exist-ok", "--language", "de", now=TUESDAY)
    assert again.stdout == "v\n"
    assert visitors("list", "--format", "json").json == before
    assert visitors("history", "--format", "count").stdout == "1\n"


def test_exist_ok_creates_what_is_not_there(visitors: Visitors) -> None:
    assert visitors("create", "--id", "v", "--exist-ok").stdout == "v\n"
    assert visitors("list", "--format", "ids").lines == ["v"]


def test_a_prefix_of_another_id_is_an_id_of_its_own(visitors: Visitors) -> None:
    visitors("create", "--id", "visitor-1")
    visitors("create", "--id", "visitor")
    assert visitors("list", "--format", "count").stdout == "2\n"


def test_fields_and_formats_override_what_it_prints(visitors: Visitors) -> None:
    assert visitors("create", "--id", "a", "--language", "de", "--fields", "language,id").stdout == (
        "language\tid\nde\ta\n"
    )
    assert visitors("create", "--id", "b", "--format", "csv", "--fields", "id,contact.email").stdout == (
        "id,contact.email\nb,\n"
    )
    assert visitors("create", "--format", "count").stdout == "1\n"
    assert visitors("create", "--id", "c", "--format", "ids").stdout == "c\n"


def test_an_unknown_field_is_a_usage_error_that_lists_the_valid_ones(visitors: Visitors) -> None:
    refused = visitors("create", "--fields", "id,nonsense", "--format", "json", code=2)
    assert refused.error["code"] == "unknown_field"
    assert "contact.email" in refused.error["hint"]
