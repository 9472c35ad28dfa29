"""track: known stored id, else known fingerprint, else a new visitor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def tracked(visitors: Visitors, *arguments: str, now: str | None = None) -> Any:
    return visitors("track", *arguments, "--format", "json", now=now).json


def test_the_answer_says_which_of_the_three_happened(visitors: Visitors) -> None:
    answers = [
        tracked(visitors, "--id", "v", "--fingerprint", "fp"),
        tracked(visitors, "--id", "v"),
        tracked(visitors, "--fingerprint", "fp"),
    ]
    assert [answer["resolvedBy"] for answer in answers] == ["created", "id", "fingerprint"]
    assert next(iter(answers[0])) == "resolvedBy"
    assert {answer["id"] for answer in answers} == {"v"}


def test_an_unknown_stored_id_with_a_known_fingerprint_is_the_visitor_of_the_fingerprint(visitors: Visitors) -> None:
    tracked(visitors, "--id", "v", "--fingerprint", "fp")
    again = tracked(visitors, "--id", "lost", "--fingerprint", "fp")
    assert (again["id"], again["resolvedBy"]) == ("v", "fingerprint")
    assert visitors("list", "--format", "count").stdout == "1\n"


def test_a_stored_id_is_matched_whole_and_never_as_a_prefix(visitors: Visitors) -> None:
    tracked(visitors, "--id", "visitor-1")
    assert tracked(visitors, "--id", "visitor")["resolvedBy"] == "created"


def test_a_fingerprint_is_matched_in_its_letter_case(visitors: Visitors) -> None:
    tracked(visitors, "--fingerprint", "Fp")
    assert tracked(visitors, "--fingerprint", "fp")["resolvedBy"] == "created"
    assert tracked(visitors, "--fingerprint", "  Fp ")["resolvedBy"] == "fingerprint"


def test_a_fingerprint_shared_by_several_live_visitors_matches_none(visitors: Visitors) -> None:
    visitors("create", "--id", "a", "--fingerprint", "fp")
    visitors("create", "--id", "b", "--fingerprint", "fp")
    answer = tracked(visitors, "--fingerprint", "fp")
    assert answer["resolvedBy"] == "created"
    assert answer["id"] not in ("a", "b")


def test_a_deleted_visitor_does_not_share_its_fingerprint(visitors: Visitors) -> None:
    visitors("create", "--id", "a", "--fingerprint", "fp")
    visitors("create", "--id", "b", "--fingerprint", "fp")
    visitors("delete", "b")
    answer = tracked(visitors, "--fingerprint", "fp")
    assert (answer["id"], answer["resolvedBy"]) == ("a", "fingerprint")


def test_a_blocked_visitor_is_recognised_and_stays_blocked(visitors: Visitors) -> None:
    visitors("create", "--id", "a", "--fingerprint", "fp")
    visitors("block", "a")
    answer = tracked(visitors, "--fingerprint", "fp")
    assert (answer["id"], answer["isBlocked"]) == ("a", True)


@pytest.mark.parametrize("how", [("--id", "v"), ("--fingerprint", "fp")], ids=["id", "fingerprint"])
def test_browser_data_and_last_seen_are_refreshed(visitors: Visitors, how: tuple[str, str]) -> None:
    tracked(visitors, "--id", "v", "--fingerprint", "fp", "--browser-version", "1", "--os", "Linux", now=MONDAY)
    answer = tracked(visitors, *how, "--browser-version", "2", now=TUESDAY)
    assert (answer["browserVersion"], answer["os"]) == ("2", "Linux")
    assert (answer["createdAt"], answer["updatedAt"], answer["lastSeenAt"]) == (MONDAY, TUESDAY, TUESDAY)


def test_a_page_load_with_nothing_new_only_refreshes_last_seen(visitors: Visitors) -> None:
    tracked(visitors, "--id", "v", "--language", "de", now=MONDAY)
    answer = tracked(visitors, "--id", "v", "--language", "de", now=TUESDAY)
    assert (answer["updatedAt"], answer["lastSeenAt"]) == (MONDAY, TUESDAY)


def test_last_seen_never_goes_back(visitors: Visitors) -> None:
    tracked(visitors, "--id", "v", now=TUESDAY)
    assert tracked(visitors, "--id", "v", now=MONDAY)["lastSeenAt"] == TUESDAY


def test_a_new_fingerprint_replaces_the_old_one(visitors: Visitors) -> None:
    tracked(visitors, "--id", "v", "--fingerprint", "old")
    assert tracked(visitors, "--id", "v", "--fingerprint", "new")["fingerprint"] == "new"
    assert tracked(visitors, "--fingerprint", "old")["resolvedBy"] == "created"


def test_a_bad_value_creates_nothing(visitors: Visitors, anonymous: str) -> None:
    refused = visitors("track", "--id", "new", "--timezone", "Mars/Base", "--format", "json", code=5)
    assert refused.error["code"] == "invalid_timezone"
    assert visitors("list", "--format", "ids").lines == [anonymous]


PLACE = {
    "city": "Bonn", "region": "NRW", "country": "Germany", "countryCode": "DE", "latitude": 50.7, "longitude": 7.1,
}  # fmt: skip


@pytest.fixture
def at_home(visitors: Visitors) -> Any:
    """A visitor with an address, its location, and a time zone."""
    options = [
        "--city", "Bonn", "--region", "NRW", "--country", "Germany", "--country-code", "DE", "--latitude", "50.7",
        "--longitude", "7.1", "--timezone", "Europe/Berlin",
    ]  # fmt: skip
    return tracked(visitors, "--id", "v", "--fingerprint", "fp", "--ip", "192.0.2.1", *options, now=MONDAY)


@pytest.mark.parametrize("known_by", [("--id", "v"), ("--fingerprint", "fp")])
def test_the_place_of_another_address_goes_unless_it_is_given(
    visitors: Visitors, at_home: Any, known_by: tuple[str, ...]
) -> None:
    assert {field: at_home[field] for field in PLACE} == PLACE
    for same in ((), ("--ip", "192.0.2.1")):
        again = tracked(visitors, *known_by, *same)
        assert {field: again[field] for field in PLACE} == PLACE
    moved = tracked(visitors, *known_by, "--ip", "198.51.100.7", "--country-code", "FR", now=TUESDAY)
    assert {field: moved[field] for field in PLACE} == {**dict.fromkeys(PLACE), "countryCode": "FR"}
    assert moved["timezone"] == "Europe/Berlin"


def test_a_place_that_came_without_an_address_stays_with_the_first_one(visitors: Visitors) -> None:
    tracked(visitors, "--id", "v", "--city", "Bonn")
    assert tracked(visitors, "--id", "v", "--ip", "192.0.2.1")["city"] == "Bonn"
