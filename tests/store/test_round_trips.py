"""How often a command calls its database: on a server each call costs the latency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from visitors.store.file.sqlite import SqliteDatabase

Visitors = Callable[..., Any]

VERBS = ("execute", "execute_many", "batch", "stream")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The method of every call to a database, from opening the store to the end of the transaction."""
    calls: list[str] = []

    def counted(verb: str) -> None:
        original = getattr(SqliteDatabase, verb)

        def call(self: SqliteDatabase, *arguments: Any) -> Any:
            calls.append(verb)
            return original(self, *arguments)

        monkeypatch.setattr(SqliteDatabase, verb, call)

    for verb in VERBS:
        counted(verb)
    return calls


@pytest.fixture
def busy_visitor(visitors: Visitors) -> None:
    """A visitor with related records of every kind: a contact with another device, blocks, conversations, a long
    history.
    """
    for name in ("v", "w"):
        visitors("create", "--id", name, "--language", "en", "--fingerprint", "fp", "--ip", "203.0.113.7")
        visitors("identify", name, "--email", "zoe@example.com", "--name", "Zoe")
    visitors("update", "v", "--city", "Leeds")
    visitors("block", "v", "--reason", "spam")
    conversation = visitors("conversations", "start", "w", "--message", "hello").lines[0]
    visitors("conversations", "reply", conversation, "yes?", "--as-agent", "kim")
    visitors("unidentify", "v")
    visitors("identify", "v", "--email", "zoe@example.com")


@pytest.mark.usefixtures("busy_visitor")
@pytest.mark.parametrize(
    ("words", "most"),
    [
        (("show", "v"), 8),
        (("show", "v", "--format", "json"), 8),
        (("show", "v", "--format", "table"), 8),
        (("contacts", "show", "zoe@example.com"), 8),
        (("history", "v"), 7),
        (("list", "--limit", "3"), 4),
        (("create",), 7),
    ],
)
def test_reading_and_creating_take_few_round_trips(
    visitors: Visitors, asked: list[str], words: tuple[str, ...], most: int
) -> None:
    asked.clear()
    visitors(*words)
    assert 0 < len(asked) <= most


@pytest.mark.usefixtures("busy_visitor")
@pytest.mark.parametrize(
    "before",
    [
        ("create", "--id", "n"),
        ("update", "v", "--city", "York"),
        ("identify", "v", "--email", "zoe@example.com", "--name", "Zo"),
        ("delete", "v", "--yes"),
        ("seed", "--count", "30", "--seed", "1"),
    ],
)
def test_undo_takes_few_round_trips_whatever_it_takes_back(
    visitors: Visitors, asked: list[str], before: tuple[str, ...]
) -> None:
    visitors(*before)
    asked.clear()
    visitors("undo")
    assert 0 < len(asked) <= 12


def test_every_call_of_a_database_is_counted() -> None:
    assert {name for name, value in vars(SqliteDatabase).items() if callable(value) and name[0] != "_"} == {
        *VERBS,
        "close",
        "confine",
        "copy_to",
        "hand_to",
        "query",
        "translated_errors",
    }
