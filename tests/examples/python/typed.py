"""A program that uses the Python API with the types of the package, which mypy --strict accepts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, assert_type

import visitors
from visitors.pytest_plugin import Cli, Clock, Result


def recognised(store: visitors.VisitorStore, browser: visitors.Browser) -> visitors.Visitor:
    tracked = store.track("v-1", lenient=True, **browser)
    assert_type(tracked, visitors.Tracked)
    return tracked.visitor


def identified(store: visitors.VisitorStore, person: visitors.Person) -> visitors.Contact:
    outcome: visitors.Outcome = store.identify("v-1", on_conflict="merge", **person).outcome
    contact = store.show("v-1").contact
    assert contact is not None, outcome
    return contact


def chosen(store: visitors.VisitorStore, selection: visitors.Chosen) -> Iterator[str]:
    for visitor in store.list(sort="last_seen_at", limit=10, **selection):
        assert_type(visitor, visitors.Visitor)
        yield visitor.country_code or "unknown"


def counted(store: visitors.VisitorStore) -> None:
    assert_type(store.stats(language="de"), Sequence[visitors.Figure])
    assert_type(store.stats("os"), Sequence[visitors.Group])
    assert_type(store.stats("os", "browser", top=5), Sequence[visitors.Pair])
    assert_type(store.stats(per="day", time="last_seen_at"), Sequence[visitors.Period])
    assert_type(store.conversations.stats(), Sequence[visitors.ConversationFigure])
    assert_type(store.conversations.stats("status"), Sequence[visitors.Group])
    assert_type(store.conversations.stats("status", "priority"), Sequence[visitors.Pair])
    assert_type(store.conversations.stats(per="week"), Sequence[visitors.Period])


def imported(store: visitors.VisitorStore, path: Path) -> list[dict[str, Any]]:
    bad: list[dict[str, Any]] = []

    def reject(row: dict[str, Any], error: visitors.VisitorsError) -> None:
        bad.append({**row, "error": error.code})

    done = store.import_(path, on_existing="update", columns={"country_code": "Country"}, reject=reject)
    assert_type(done, visitors.Imported)
    return bad


def others(store: visitors.VisitorStore) -> dict[str, str]:
    people: visitors.Contacts = store.contacts
    talks: visitors.Conversations = store.conversations
    state: visitors.Fixtures = store.fixtures
    assert_type(people.show("ada@example.com").devices, list[visitors.Device])
    assert_type(talks.start("v-1", priority="high").status, visitors.Status)
    assert_type(state.apply("shop.yaml", {"version": 1}), list[visitors.Difference])
    assert_type(store.erase("v-1").receipt, visitors.Receipt)
    assert_type(store.undo().operations, list[visitors.Operation])
    return os.environ | store.environment


def test_it(visitors_store: visitors.VisitorStore, visitors_cli: Cli, visitors_clock: Clock) -> None:
    visitors_clock.move(days=1)
    result = visitors_cli("list", "--format", "json", stdin="", exit_code=None)
    assert_type(result, Result)
    try:
        visitors_store.show("v-1")
    except visitors.NotFound as error:
        hint: str | None = error.hint
        assert hint
