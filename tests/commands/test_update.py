from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Fill = Callable[..., None]
Everything = Callable[[], Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"

FIELDS = {
    "language": "de", "timezone": "Europe/Berlin", "fingerprint": "fp", "browser": "Firefox", "browserVersion": "1",
    "os": "Linux", "osVersion": "2", "device": "PC", "deviceType": "desktop", "ip": "203.0.113.7", "city": "Köln",
    "region": "NRW", "country": "Germany", "countryCode": "DE", "latitude": 1.5, "longitude": -1.5,
    "screenResolution": "1x1", "viewport": "1x1", "attribution": {"a": 1}, "currentPage": {"b": 2},
}  # fmt: skip


@pytest.fixture(autouse=True)
def store(fill: Fill) -> None:
    """One visitor with every field, one with none."""
    fill({"id": "full", **FIELDS}, {"id": "empty"}, now=MONDAY)


def shown(visitors: Visitors, visitor: str) -> Any:
    return next(one for one in visitors("list", "--format", "json").json if one["id"] == visitor)


def test_what_is_not_given_stays(visitors: Visitors) -> None:
    before = shown(visitors, "full")
    visitors("update", "full", "--city", "Bonn", now=TUESDAY)
    assert shown(visitors, "full") == {**before, "city": "Bonn", "updatedAt": TUESDAY}


@pytest.mark.parametrize("field", FIELDS)
def test_clear_sets_any_field_to_null_and_only_that(visitors: Visitors, field: str) -> None:
    before = shown(visitors, "full")
    visitors("update", "full", "--clear", field, now=TUESDAY)
    assert shown(visitors, "full") == {**before, field: None, "updatedAt": TUESDAY}


def test_setting_and_clearing_go_together(visitors: Visitors) -> None:
    visitors("update", "full", "--clear", "city", "--clear", "region", "--country", "France")
    full = shown(visitors, "full")
    assert (full["city"], full["region"], full["country"]) == (None, None, "France")


@pytest.mark.parametrize("field", ["id", "createdAt", "contact", "isBlocked", "nonsense", "browser-version"])
def test_a_field_outside_of_browser_data_cannot_be_cleared(visitors: Visitors, field: str) -> None:
    refused = visitors("update", "full", "--clear", field, "--format", "json", code=2)
    assert refused.error["code"] == "unknown_field"
    assert "browserVersion" in refused.error["hint"]


def test_a_field_both_given_and_cleared_is_a_usage_error(visitors: Visitors) -> None:
    refused = visitors("update", "full", "--city", "Bonn", "--clear", "city", code=2)
    assert refused.stderr == "error: city is both given and cleared\n"


def test_nothing_to_update_is_a_usage_error(visitors: Visitors) -> None:
    assert visitors("update", "full", code=2).stderr.startswith("error: nothing to update\n")


def test_the_same_values_again_record_no_operation(visitors: Visitors) -> None:
    first = visitors("update", "empty", "--city", "Bonn", "--latitude", "1", "--format", "json", now=MONDAY).json
    again = visitors("update", "empty", "--city", " Bonn", "--latitude", "1.0", "--format", "json", now=TUESDAY).json
    assert (first["outcome"], again["outcome"]) == ("updated", "unchanged")
    assert again["updatedAt"] == MONDAY
    assert visitors("history", "--command", "update", "--format", "count").stdout == "1\n"


def test_several_visitors_are_updated_in_one_operation(visitors: Visitors) -> None:
    assert visitors("update", "-", "--city", "Bonn", input="full\nempty\n").lines == ["full", "empty"]
    assert {shown(visitors, visitor)["city"] for visitor in ("full", "empty")} == {"Bonn"}
    assert visitors("history", "--command", "update", "--format", "count").stdout == "1\n"


def test_what_list_chooses_is_updated_in_one_operation(visitors: Visitors) -> None:
    chosen = visitors("list", "--os", "linux", "--format", "ids").stdout
    assert visitors("update", "-", "--os", "Windows", input=chosen).lines == ["full"]
    assert (shown(visitors, "full")["os"], shown(visitors, "empty")["os"]) == ("Windows", None)
    assert visitors("history", "--command", "update", "--format", "count").stdout == "1\n"


def test_one_unknown_visitor_means_that_none_is_updated(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    assert "'nobody'" in visitors("update", "full", "nobody", "--city", "Bonn", code=3).stderr
    assert everything() == before


def test_one_bad_value_means_that_none_is_set(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    refused = visitors("update", "full", "--city", "Bonn", "--ip", "nonsense", "--format", "json", code=5)
    assert refused.error["code"] == "invalid_ip"
    assert everything() == before


def test_without_ids_it_offers_only_what_it_takes(visitors: Visitors) -> None:
    refused = visitors("update", "--city", "Bonn", "--format", "json", code=2).error
    assert "no visitors given" in refused["message"]
    assert "selection" not in refused["message"]
    assert "--all" not in json.dumps(refused)
    refused = visitors("delete", "--format", "json", code=2).error
    assert "selection" in refused["message"]
    assert "--all" in refused["hint"]
