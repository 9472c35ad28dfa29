"""The questions of `help/investigating.md`, each answered by its command, compared with plain Python over an export."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from visitors.pytest_plugin import run_in_process

Visitors = Callable[..., Any]

TOPIC = Path(__file__).parents[2] / "src" / "visitors" / "help" / "investigating.md"
NOW = "2026-03-01T12:00:00Z"
QUESTIONS = dict(re.findall(r"^# (.*)\?\nvisitors (.*)$", TOPIC.read_text(encoding="utf-8"), re.MULTILINE))
"""Question -> the words of its command."""


class World:
    """A seeded store, and its export."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.run("seed", "--count", "5000", "--seed", "7")
        for number, visitor in enumerate(self.run("list", "--not-blocked", "--limit", "30", "--format", "ids").split()):
            self.run("block", visitor, "--reason", "spam" if number % 3 else "abuse")
        self.visitors = [self._json(line) for line in self.run("export", "--format", "ndjson").splitlines()]

    def run(self, *words: str, code: int = 0) -> str:
        done = run_in_process(["--db", str(self._path), *words], "", {"VISITORS_NOW": NOW})
        assert done.exit_code == code, done.stderr
        return done.stdout

    def ask(self, question: str, code: int = 0) -> list[dict[str, Any]]:
        lines = self.run(*QUESTIONS[question].split(), "--format", "ndjson", code=code).splitlines()
        return [self._json(line) for line in lines]

    @staticmethod
    def _json(line: str) -> dict[str, Any]:
        import json

        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("questions") / "visitors.db")


def counted(rows: list[dict[str, Any]]) -> dict[str | None, int]:
    return {row["value"]: row["count"] for row in rows}


def test_there_are_ten_questions() -> None:
    assert len(QUESTIONS) == 10


def test_the_share_that_is_identified(world: World) -> None:
    (row,) = [one for one in world.ask("What share of visitors is identified") if one["name"] == "identified"]
    identified = sum(one["contact"] is not None for one in world.visitors)
    assert (row["count"], row["share"]) == (identified, round(identified / len(world.visitors), 4))


def test_how_many_are_new_each_week(world: World) -> None:
    days = [datetime.fromisoformat(one["createdAt"]).date() for one in world.visitors]
    weeks = Counter(str(day - timedelta(days=day.weekday())) for day in days)
    found = counted(world.ask("How many are new each week"))
    assert {week: count for week, count in found.items() if count} == weeks
    assert all(date.fromisoformat(str(week)).weekday() == 0 for week in found)


def test_the_addresses_behind_the_blocks(world: World) -> None:
    expected = Counter(one["ip"] for one in world.visitors if one["isBlocked"])
    assert counted(world.ask("Which addresses are behind the blocks")).items() <= expected.items()


def test_why_they_are_blocked(world: World) -> None:
    expected = Counter(one["blockReason"] for one in world.visitors if one["isBlocked"])
    assert counted(world.ask("Why are they blocked")) == expected


def test_whether_more_were_blocked_in_the_last_hour(world: World) -> None:
    lately = [one for one in world.visitors if one["isBlocked"] and one["blockedAt"] >= "2026-03-01T11:00:00"]
    assert len(lately) >= 30
    world.ask("Were more than 20 blocked in the last hour", code=8)


def test_who_did_what_to_whom_in_the_last_hour(world: World) -> None:
    found = world.ask("Who did what to whom in the last hour")
    blocks = [one for one in found if one["command"] == "block"]
    assert len(blocks) == 30
    blocked = {one["id"] for one in world.visitors if one["isBlocked"]}
    assert {target["id"] for one in blocks for target in one["targets"]} <= blocked
    assert {one["reason"] for one in blocks} == {"spam", "abuse"}


def test_what_changed_this_week(world: World) -> None:
    found = world.ask("What changed this week, field by field")
    reasons = Counter(one["after"] for one in found if (one["kind"], one["field"]) == ("block", "reason"))
    assert reasons >= Counter({"spam": 20, "abuse": 10})


def test_the_companies_that_people_write_from(world: World) -> None:
    domains = Counter(
        one["contact"]["email"].partition("@")[2] if one["contact"] and one["contact"]["email"] else None
        for one in world.visitors
    )
    assert counted(world.ask("Which companies do people write from")).items() <= domains.items()


def test_who_has_the_most_devices(world: World) -> None:
    devices = Counter(one["contact"]["id"] for one in world.visitors if one["contact"])
    found = world.ask("Who has the most devices")
    assert [one["visitorCount"] for one in found] == [count for _, count in devices.most_common(10)]
    assert all(devices[one["id"]] == one["visitorCount"] for one in found)


def test_the_conversations_that_wait_for_an_answer(world: World) -> None:
    waiting = set()
    for line in world.run("conversations", "list", "--limit", "0", "--format", "ndjson").splitlines():
        talk = World._json(line)
        messages = World._json(world.run("conversations", "show", talk["id"], "--format", "ndjson"))["messages"]
        if talk["status"] == "open" and messages and messages[-1]["visitorId"] is not None:
            waiting.add(talk["id"])
        if len(waiting) > 40:
            break
    found = {one["id"] for one in world.ask("Which conversations wait for an answer")}
    assert waiting <= found
