"""Names of the same time zone."""

from __future__ import annotations

import zoneinfo

import pytest

from visitors.domain.timezone_aliases import _FORMER, aliases_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Pacific", "America/Los_Angeles"),
        ("Etc/UTC", "UTC"),
        ("UCT", "Zulu"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("Africa/Asmera", "Africa/Asmara"),
    ],
)
def test_an_old_and_a_new_name_of_a_zone_are_names_of_one(one: str, other: str) -> None:
    assert aliases_of(one) == aliases_of(other)
    assert {one, other} <= {*aliases_of(one)}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Europe/Oslo", "Europe/Berlin"), ("Africa/Accra", "Africa/Abidjan"), ("Europe/Jersey", "Europe/London")],
)
def test_places_whose_clocks_agree_are_not_the_same_zone(one: str, other: str) -> None:
    assert other not in aliases_of(one)
    assert one not in aliases_of(other)


def test_every_zone_is_among_its_own_names_and_shares_them_with_each() -> None:
    zones = [zone for zone in sorted(zoneinfo.available_timezones())[::25] if "/" in zone]
    for zone in zones:
        names = aliases_of(zone)
        assert zone in names
        assert all(aliases_of(name) == names for name in names)


def test_all_names_are_known_to_the_database() -> None:
    assert {*_FORMER, *_FORMER.values()} <= zoneinfo.available_timezones()


def test_an_unknown_name_has_no_aliases() -> None:
    assert aliases_of("Mars/Base") == ["Mars/Base"]
