"""Instants: one canonical form that compares as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from visitors.domain import times
from visitors.domain.times import (
    from_milliseconds,
    parse_expiry,
    parse_instant,
    parse_number,
    parse_time,
    relative,
    to_milliseconds,
)
from visitors.errors import InvalidData

always = settings(deadline=None)
CURRENT = "2026-03-01T20:58:11.021Z"
CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

zones = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - bounds take no zone
instants = st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds take no zone
    lambda moment: parse_instant(moment.isoformat(), "at")
)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-01T20:58:11.021Z", "2026-03-01T20:58:11.021Z"),
        ("2026-03-01T20:58:11Z", "2026-03-01T20:58:11.000Z"),
        ("2026-03-01T20:58:11.5Z", "2026-03-01T20:58:11.500Z"),
        ("2026-03-01T20:58:11+00:00", "2026-03-01T20:58:11.000Z"),
        ("2026-03-01T20:58:11-00:00", "2026-03-01T20:58:11.000Z"),
        ("2026-03-01T20:58:11+05:30", "2026-03-01T15:28:11.000Z"),
        ("2026-03-01T20:58:11-08:00", "2026-03-02T04:58:11.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_rfc_3339_becomes_utc_with_milliseconds(value: str, instant: str) -> None:
    assert parse_instant(value, "at") == instant


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01 10:00:00+00",
        "2026-03-01 10:00:00.000000+00",
        "2026-03-01 10:00:00 UTC",
        "2026-03-01 10:00:00.000 UTC",
        "2026-03-01 10:00:00 GMT",
        "2026-03-01T10:00:00 utc",
        "2026-03-01 12:00:00+02",
        "2026-03-01 02:00:00 -08",
        "2026-03-01 10:00:00 +0000",
        "1772359200",
        "1772359200000",
        "1772359200.0",
        "1772359200.000999",
    ],
)
def test_as_databases_and_programs_write_times(written: str) -> None:
    assert parse_instant(written, "at") == "2026-03-01T10:00:00.000Z"


@always
@given(milliseconds=st.integers(10**12, 10**13 - 1))
def test_ten_digits_are_seconds_and_thirteen_milliseconds(milliseconds: int) -> None:
    instant = from_milliseconds(milliseconds)
    seconds, rest = divmod(milliseconds, 1000)

    assert parse_instant(str(milliseconds), "at") == parse_number(milliseconds, "at") == instant
    assert parse_instant(f"{seconds}.{rest:03}", "at") == instant
    assert parse_number(seconds, "at") == from_milliseconds(seconds * 1000)


@always
@given(
    moment=st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - bounds take no zone
    hours=st.integers(-14, 14),
    separator=st.sampled_from("T "),
)
def test_the_ways_to_write_one_moment_are_one_instant(moment: datetime, hours: int, separator: str) -> None:
    text = moment.isoformat(separator)
    zone = f"{'-' if hours < 0 else '+'}{abs(hours):02}"

    assert len({parse_instant(text + utc, "at") for utc in ("", "Z", " UTC", "+00", " +00", "-00", " +00:00")}) == 1
    assert parse_instant(text + zone, "at") == parse_instant(f"{text}{zone}:00", "at")


@pytest.mark.parametrize(
    "value", ["170", "177235920", "17723592000", "-1772359200", "1e9", "1772359200Z", "UTC", "+00"]
)
def test_other_numbers_are_not_times(value: str) -> None:
    with pytest.raises(InvalidData, match="is not a time"):
        parse_instant(value, "at")


@pytest.mark.parametrize(
    ("word", "instant"),
    [
        ("now", CURRENT),
        ("today", "2026-03-01T00:00:00.000Z"),
        (" Yesterday ", "2026-02-28T00:00:00.000Z"),
        ("2w", "2026-02-15T20:58:11.021Z"),
        ("1y", "2025-03-01T20:58:11.021Z"),
    ],
)
def test_words_and_ages_count_from_the_current_time(word: str, instant: str) -> None:
    assert parse_time(word, "since", CURRENT) == instant


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2016-12-31 23:59:60", "2017-01-01T00:00:00.000Z"),
        ("2016-12-31T23:59:60.25Z", "2017-01-01T00:00:00.250Z"),
        ("2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00.000Z"),
    ],
)
def test_a_leap_second_is_the_second_after_it(written: str, instant: str) -> None:
    assert parse_instant(written, "createdAt") == instant


@pytest.mark.parametrize(
    "written", ["2016-12-31T12:30:60Z", "2016-12-31T23:59:61Z", "2016-12-31T23:60:60Z", "9999-12-31T23:59:60Z"]
)
def test_a_second_sixty_is_a_time_only_where_a_day_ends(written: str) -> None:
    with pytest.raises(InvalidData, match="is not a time"):
        parse_instant(written, "createdAt")


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_instant("2026-03-01T20:58:11", "at") == "2026-03-01T20:58:11.000Z"


def test_a_date_is_its_first_moment_in_utc() -> None:
    assert parse_instant("2026-03-01", "at") == "2026-03-01T00:00:00.000Z"


@pytest.mark.parametrize("value", ["2026-03-01 20:58:11Z", "2026-03-01 20:58:11", " 2026-03-01T20:58:11Z\n"])
def test_a_space_may_separate_and_surround(value: str) -> None:
    assert parse_instant(value, "at") == "2026-03-01T20:58:11.000Z"


def test_lower_case_t_and_z_are_rfc_3339_too() -> None:
    assert parse_instant("2026-03-01t20:58:11z", "at") == "2026-03-01T20:58:11.000Z"


@pytest.mark.parametrize("fraction", ["0219", "021999", "021999999", "021999999999"])
def test_finer_parts_than_milliseconds_are_cut_off(fraction: str) -> None:
    assert parse_instant(f"2026-03-01T20:58:11.{fraction}Z", "at") == CURRENT


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "now",
        "yesterday",
        "20260301",
        "20260301T205811Z",
        "2026-W09-1",
        "2026-060",
        "2026-3-1",
        "2026-03",
        "2026-02-29",
        "2026-13-01",
        "2026-03-01T25:00:00Z",
        "2026-03-01T20:60:00Z",
        "2026-03-01T20:58:11Zulu",
        "2026-03-01T20:58:11+25:00",
        "2026-03-01T20:58:11Z\0",
        "２０２６-03-01",
        "2026-03-01\ud800",
    ],
)
def test_what_is_not_a_time_is_refused(value: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_instant(value, "createdAt")

    assert refused.value.code == "invalid_time"
    assert refused.value.field == "createdAt"
    assert refused.value.hint is not None


@pytest.mark.parametrize("value", ["2026-03-01+02:00", "2026-03-01-05:00", "2026-03-01x20:58", "2026-03-01\u202820:58"])
def test_only_t_or_a_space_separates_date_and_time(value: str) -> None:
    with pytest.raises(InvalidData):
        parse_instant(value, "at")


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_an_instant_outside_the_years_1_to_9999_is_refused(value: str) -> None:
    with pytest.raises(InvalidData):
        parse_instant(value, "at")


def test_a_long_refused_time_is_shown_shortened() -> None:
    with pytest.raises(InvalidData) as refused:
        parse_instant("x" * 10_000, "at")

    assert len(refused.value.message) < 100


@always
@given(moments, moments)
def test_instants_compare_as_text_as_they_do_in_time(one: datetime, other: datetime) -> None:
    def whole(moment: datetime) -> datetime:
        utc = moment.astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)

    first, second = (parse_instant(moment.isoformat(), "at") for moment in (one, other))

    assert (first < second) == (whole(one) < whole(other))
    assert (first == second) == (whole(one) == whole(other))


@always
@given(moments)
def test_the_canonical_form_is_fixed_and_parses_to_itself(moment: datetime) -> None:
    instant = parse_instant(moment.isoformat(), "at")

    assert CANONICAL.fullmatch(instant)
    assert parse_instant(instant, "at") == instant


@always
@given(st.text(st.characters()) | st.from_regex(r"\d{4}-\d{2}-\d{2}.*") | st.from_regex(r"[0-9]{1,9}[a-z]"))
def test_any_text_is_a_canonical_instant_or_invalid_data(value: str) -> None:
    for parse in (parse_instant, lambda text, field: parse_time(text, field, CURRENT)):
        try:
            instant = parse(value, "at")
        except InvalidData:
            continue
        assert CANONICAL.fullmatch(instant)


@always
@given(instants)
def test_milliseconds_lead_back_to_the_instant(instant: str) -> None:
    assert from_milliseconds(to_milliseconds(instant)) == instant


def test_milliseconds_of_an_early_year_keep_the_fixed_form() -> None:
    assert from_milliseconds(to_milliseconds("0999-01-01T00:00:00.000Z")) == "0999-01-01T00:00:00.000Z"


def test_milliseconds_count_from_the_unix_epoch() -> None:
    assert to_milliseconds("1970-01-01T00:00:00.000Z") == 0
    assert to_milliseconds(CURRENT) == 1_772_398_691_021
    assert from_milliseconds(-1) == "1969-12-31T23:59:59.999Z"
    assert from_milliseconds(1_772_398_691_021) == CURRENT


def test_now_is_the_clock_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_772_398_691_021_999_999)

    assert times.now() == CURRENT


@pytest.mark.parametrize(
    ("age", "instant"),
    [
        ("30d", "2026-01-30T20:58:11.021Z"),
        ("12h", "2026-03-01T08:58:11.021Z"),
        ("15m", "2026-03-01T20:43:11.021Z"),
        ("11s", "2026-03-01T20:58:00.021Z"),
        ("21ms", "2026-03-01T20:58:11.000Z"),
        ("2w", "2026-02-15T20:58:11.021Z"),
        ("1y", "2025-03-01T20:58:11.021Z"),
        ("0d", CURRENT),
        (" 30 d ", "2026-01-30T20:58:11.021Z"),
    ],
)
def test_an_age_counts_back_from_now(age: str, instant: str) -> None:
    assert parse_time(age, "seen-since", CURRENT) == instant


def test_where_an_age_is_allowed_a_time_is_too() -> None:
    assert parse_time("2026-02-01", "seen-since", CURRENT) == "2026-02-01T00:00:00.000Z"
    assert parse_time("2026-02-01T10:00:00+01:00", "seen-since", CURRENT) == "2026-02-01T09:00:00.000Z"


def test_an_age_is_not_an_instant() -> None:
    with pytest.raises(InvalidData):
        parse_instant("30d", "createdAt")


@pytest.mark.parametrize("age", ["-1d", "1.5h", "d", "30", "30 days", "1d12h", "1M", "1D", "9999999999d", "+3d"])
def test_what_is_not_an_age_is_refused(age: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_time(age, "seen-since", CURRENT)

    assert refused.value.field == "seen-since"


@pytest.mark.parametrize("age", ["3000y", "999999999d", "999999999w", "999999999y"])
def test_an_age_that_reaches_before_the_year_1_is_refused(age: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_time(age, "seen-since", CURRENT)

    assert refused.value.code == "invalid_time"
    assert "years 1 to 9999" in refused.value.message


@pytest.mark.parametrize(
    ("duration", "instant"),
    [
        ("7d", "2026-03-08T20:58:11.021Z"),
        ("90m", "2026-03-01T22:28:11.021Z"),
        ("4w", "2026-03-29T20:58:11.021Z"),
        ("1y", "2027-03-01T20:58:11.021Z"),
    ],
)
def test_an_expiry_is_a_duration_from_now(duration: str, instant: str) -> None:
    assert parse_expiry(duration, CURRENT) == instant


@pytest.mark.parametrize("duration", ["", "7", "seven days", "-7d", "2026-03-08", "1.5d"])
def test_what_is_not_a_duration_is_refused(duration: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_expiry(duration, CURRENT)

    assert refused.value.field == "for"
    assert refused.value.code == "invalid_time"


@pytest.mark.parametrize("duration", ["8000y", "999999999y"])
def test_an_expiry_beyond_the_year_9999_is_refused(duration: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_expiry(duration, CURRENT)

    assert "years 1 to 9999" in refused.value.message


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (44, "just now"),
        (45, "1m ago"),
        (89, "1m ago"),
        (90, "2m ago"),
        (120, "2m ago"),
        (3_569, "59m ago"),
        (3_570, "1h ago"),
        (3_599, "1h ago"),
        (3_600, "1h ago"),
        (23 * 3_600 + 1_800, "23h ago"),
        (86_399, "1d ago"),
        (86_400, "1d ago"),
        (364 * 86_400, "364d ago"),
        (365 * 86_400, "1y ago"),
        (3 * 365 * 86_400, "3y ago"),
        (-30, "just now"),
        (-60, "in 1m"),
        (-6 * 86_400, "in 6d"),
        (-6 * 86_400 + 15, "in 6d"),
        (-2 * 365 * 86_400, "in 2y"),
    ],
)
def test_relative_is_how_a_person_would_say_it(seconds: int, words: str) -> None:
    instant = from_milliseconds(to_milliseconds(CURRENT) - seconds * 1000)

    assert relative(instant, CURRENT) == words


@always
@given(instants, instants)
def test_relative_distinguishes_past_and_future(instant: str, current: str) -> None:
    words = relative(instant, current)

    assert words == "just now" or re.fullmatch(r"\d+[ymdh] ago" if instant < current else r"in \d+[ymdh]", words)


@always
@given(instants, st.integers(-400 * 86_400, 400 * 86_400))
@example("2026-03-01T20:58:11.021Z", 3_599)
def test_relative_never_fills_a_larger_unit(current: str, seconds: int) -> None:
    words = relative(from_milliseconds(max(0, to_milliseconds(current) + seconds * 1000)), current)
    amount = re.search(r"(\d+)([mhd])", words)

    assert amount is None or int(amount[1]) < {"m": 60, "h": 24, "d": 365}[amount[2]]
