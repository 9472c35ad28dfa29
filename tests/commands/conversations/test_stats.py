"""`conversations stats`: states, days and first replies, compared with counts in plain Python."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import visitors as api
from visitors.errors import UsageProblem

Visitors = Callable[..., Any]

NOW = "2026-03-08T12:00:00.000Z"


@pytest.fixture
def seeded(visitors: Visitors) -> list[dict[str, Any]]:
    """Made-up conversations as shown, with their messages."""
    visitors("seed", "--count", "200", "--seed", "7", now=NOW)
    ids = visitors("conversations", "list", "--format", "ids").lines
    return [visitors("conversations", "show", one, "--format", "json").json for one in ids]


def rows(visitors: Visitors, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visitors("conversations", "stats", *words, "--format", "json", now=NOW).json
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def waited(talk: dict[str, Any]) -> float | None:
    answers = [moment(one["createdAt"]) for one in talk["messages"] if one["agent"] is not None]
    return max(0.0, (min(answers) - moment(talk["createdAt"])).total_seconds()) if answers else None


def test_an_overview_shows_states_new_ones_and_first_replies(visitors: Visitors, seeded: list[dict[str, Any]]) -> None:
    found = {(row["name"], row["value"]): row for row in rows(visitors)}
    states = Counter(talk["status"] for talk in seeded)
    waits = sorted(seconds for seconds in map(waited, seeded) if seconds is not None)

    assert found["conversations", None]["count"] == len(seeded) > 20
    for state in ("open", "resolved", "spam"):
        assert found[state, None]["count"] == states[state]
        assert found[state, None]["share"] == round(states[state] / len(seeded), 4)
    assert found["answered", None]["count"] == len(waits) > 5
    assert found["firstReply", "median"]["seconds"] == pytest.approx(waits[math.ceil(len(waits) * 0.5) - 1])
    assert found["firstReply", "p90"]["seconds"] == pytest.approx(waits[math.ceil(len(waits) * 0.9) - 1])
    days = Counter(talk["createdAt"][:10] for talk in seeded)
    recent = {value: row["count"] for (name, value), row in found.items() if name == "createdAt"}
    assert len(recent) == 30
    assert recent == {day: days[day] for day in recent}
    assert found["new", "30d"]["count"] == sum(recent.values())


def test_they_are_counted_by_state_and_priority_and_per_period(
    visitors: Visitors, seeded: list[dict[str, Any]]
) -> None:
    for field in ("status", "priority"):
        counts = Counter(talk[field] for talk in seeded)
        assert {row["value"]: row["count"] for row in rows(visitors, "--by", field)} == counts
    both = Counter((talk["status"], talk["priority"]) for talk in seeded)
    found = rows(visitors, "--by", "status", "--by", "priority")
    assert {(row["value"], row["value2"]): row["count"] for row in found} == both
    assert rows(visitors, "--by", "status", "--by", "priority", "--top", "2") == found[:2]
    for time in ("createdAt", "resolvedAt"):
        months = Counter(talk[time][:7] for talk in seeded if talk[time])
        assert {row["value"]: row["count"] for row in rows(visitors, "--per", "month", "--time", time)} == months


def test_a_filter_chooses_which_are_counted(visitors: Visitors, seeded: list[dict[str, Any]]) -> None:
    is_open = [talk for talk in seeded if talk["status"] == "open"]
    assert rows(visitors, "--status", "open")[0]["count"] == len(is_open)
    some = is_open[0]["visitorId"]
    whose = [talk for talk in seeded if talk["visitorId"] == some]
    assert rows(visitors, "--visitor", some)[0]["count"] == len(whose)


def test_invalid_options_are_refused(visitors: Visitors) -> None:
    visitors("create")
    for words in (["--by", "title"], ["--by", "status", "--by", "status"], ["--by", "status", "--per", "day"]):
        assert visitors("conversations", "stats", *words, code=2).stderr.startswith("error: ")


def test_no_conversations_are_no_error(visitors: Visitors) -> None:
    visitors("create")
    for words in ([], ["--by", "status"], ["--per", "day"]):
        assert visitors("conversations", "stats", *words, "--format", "table").stderr == "no conversations found\n"
    assert visitors("conversations", "stats", "--by", "status").stdout == "value\tcount\tshare\n"


def test_the_api_counts_the_same(visitors: Visitors, seeded: list[dict[str, Any]], store_path: Any) -> None:
    def plain(found: Any) -> list[Any]:
        return [json.loads(api_json(one)) for one in found]

    with api.open_store(store_path, now=NOW) as store:
        assert plain(store.conversations.stats()) == rows(visitors)
        assert plain(store.conversations.stats("status", "priority")) == rows(
            visitors, "--by", "status", "--by", "priority"
        )
        assert plain(store.conversations.stats(per="week", time="resolved_at", status="resolved")) == rows(
            visitors, "--per", "week", "--time", "resolvedAt", "--status", "resolved"
        )
        assert plain(store.stats()) == visitors("stats", "--format", "json", now=NOW).json
        assert plain(store.stats("country_code", "contact.metadata.plan", identified=True, top=3)) == visitors(
            "stats", "--by", "countryCode", "--by", "contact.metadata.plan", "--identified", "--top", "3",
            "--format", "json", now=NOW,
        ).json  # fmt: skip
        assert (
            plain(store.stats(per="day", time="last_seen_at"))
            == visitors("stats", "--per", "day", "--time", "lastSeenAt", "--format", "json", now=NOW).json
        )
        for count in (store.stats, store.conversations.stats):
            with pytest.raises(UsageProblem, match="cannot count by"):
                count("nothing")  # type: ignore[call-overload]
        with pytest.raises(UsageProblem, match="cannot be combined"):
            store.stats("os", per="day")
        with pytest.raises(UsageProblem, match="cannot be combined"):
            store.conversations.stats("status", per="day")
    assert seeded


def api_json(one: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(one)
