"""How often a command calls its database: on a server each call costs the latency."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors.store.database import Database
from visitors.store.file.sqlite import SqliteDatabase

Visitors = Callable[..., Any]

WAITING = ("execute", "batch", "stream", "commit", "rollback")
"""The verbs of a database that wait for an answer."""
GOING_WITH_OTHERS = ("begin", "later", "execute_many")
OUTSIDE = ("translated_errors", "close")


FIVE_FILTERS = (
    *("--language", "en", "--ip", "203.0.113.7", "--created-since", "1d", "--seen-since", "1d"),
    *("--fingerprint", "fp"),
)


@pytest.fixture(params=["file", "server"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The method of every call to a database, from opening the store to the end of the transaction."""
    calls: list[str] = []
    if request.param == "server":
        monkeypatch.setenv("VISITORS_DB", request.getfixturevalue("server_store"))
        from visitors.store.remote.connection import Connection

        count_calls(monkeypatch, Connection, "_send", calls)
    else:
        monkeypatch.setenv("VISITORS_DB", str(request.getfixturevalue("tmp_path") / "counted.db"))
        for verb in WAITING:
            count_calls(monkeypatch, SqliteDatabase, verb, calls)
        begin = SqliteDatabase.begin

        def begin_to_count(self: SqliteDatabase, kind: str) -> None:
            calls.clear()  # of opening it: a server is asked whose the database is with the first statement
            begin(self, kind)

        monkeypatch.setattr(SqliteDatabase, "begin", begin_to_count)
    return calls


def count_calls(monkeypatch: pytest.MonkeyPatch, of: type, verb: str, calls: list[str]) -> None:
    original = getattr(of, verb)

    def call(self: object, *arguments: Any, **named: Any) -> Any:
        calls.append(verb)
        before = len(calls)
        try:
            return original(self, *arguments, **named)
        finally:
            del calls[before:]  # what it makes of others of them is no other call

    monkeypatch.setattr(of, verb, call)


@pytest.fixture(autouse=True)
def busy_visitor(visitors: Visitors, asked: list[str]) -> None:
    """A visitor with related records of every kind: a contact with another device, blocks, conversations, a long
    history.
    """
    for name in ("v", "w"):
        visitors("create", "--id", name, "--language", "en", "--fingerprint", "fp", "--ip", "203.0.113.7")
        visitors("identify", name, "--email", "zoe@example.com", "--name", "Zoe")
    visitors("update", "v", "--city", "Leeds")
    visitors("create", "--id", "newcomer")
    visitors("block", "v", "--reason", "spam")
    conversation = visitors("conversations", "start", "w", "--message", "hello").lines[0]
    visitors("conversations", "reply", conversation, "yes?", "--as-agent", "kim")
    visitors("unidentify", "v")
    visitors("identify", "v", "--email", "zoe@example.com")
    asked.clear()


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (("show", "v"), 4),
        (("show", "v", "--format", "json"), 4),
        (("show", "v", "--format", "table"), 4),
        (("contacts", "show", "zoe@example.com"), 4),
        (("history", "v"), 6),
        (("list", "--limit", "3"), 4),
        (("list", "--language", "en", "--format", "json"), 4),
        (("list", *FIVE_FILTERS, "--format", "json"), 4),
        (("list", *FIVE_FILTERS, "--format", "table"), 4),
        (("list", *FIVE_FILTERS, "--format", "count"), 4),
        (("list", *FIVE_FILTERS, "--after", "v", "--limit", "3"), 4),
        (
            (
                "contacts",
                "list",
                "--created-since",
                "1d",
                "--not-blocked",
                "--email-domain",
                "example.com",
                "--sort",
                "email",
            ),
            4,
        ),
        (("create",), 5),
        (("create", "--id", "n", "--city", "Leeds"), 5),
        (("block", "w"), 5),
        (("block", "v", "--reason", "abuse"), 5),
        (("identify", "v", "--external-id", "u-1", "--name", "Zoé", "--email", "zoe@example.com"), 5),
        (("identify", "new", "--email", "ann@example.com", "--name", "Ann"), 5),
        (("identify", "w", "--email", "zoe@example.com", "--metadata", "plan=pro", "--format", "json"), 5),
        (("conversations", "start", "w", "--message", "hello"), 5),
    ],
)
def test_a_command_takes_few_round_trips(
    visitors: Visitors, asked: list[str], words: tuple[str, ...], most: int
) -> None:
    asked.clear()
    visitors(*words)
    assert 0 < len(asked) <= most, asked


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
    assert 0 < len(asked) <= 8, asked


def lines(count: int, **fields: str) -> str:
    """NDJSON of visitors `v0`, `v1`, ...; `{}` in a value is the number."""
    rows = ({"id": f"v{n}", **{name: value.format(n) for name, value in fields.items()}} for n in range(count))
    return "".join(f"{json.dumps(row)}\n" for row in rows)


IMPORT = ("import", "-", "--input-format", "ndjson")
UPDATE = (*IMPORT, "--on-existing", "update")
CONTACTS = ("contacts", "import", "-", "--input-format", "ndjson", "--on-existing", "update")


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (UPDATE, {"city": "Rome", "lastSeenAt": "2026-02-01"}),
        (UPDATE, {"contact.email": "{}@example.com"}),  # a new contact for each
        (UPDATE, {"contact.externalId": "u{}", "contact.name": "Bob {}"}),  # their contacts change
        (UPDATE, {"isBlocked": "true", "blockReason": "{}"}),
        ((*IMPORT, "--on-existing", "skip"), {"city": "Rome"}),
        ((*IMPORT, "--keep-going"), {"city": "Rome"}),  # each is rejected
        (CONTACTS, {"id": "", "externalId": "u{}", "name": "Bob {}"}),
        (CONTACTS, {"id": "", "externalId": "u{}", "isBlocked": "true"}),
    ],
)
def test_a_thousand_rows_about_existing_records_take_some_tens_of_round_trips(
    visitors: Visitors, asked: list[str], words: tuple[str, ...], fields: dict[str, str]
) -> None:
    named = {"contact.externalId": "u{}", "contact.name": "Ann {}"} if "u{}" in fields.values() else {}
    visitors(*IMPORT, input=lines(1_000, **named))
    asked.clear()
    visitors(*words, input=lines(1_000, **fields), code=5 if "--keep-going" in words else 0)
    assert 0 < len(asked) <= 40, len(asked)


def test_new_rows_are_written_together_with_the_questions_about_the_next_ones(
    visitors: Visitors, asked: list[str]
) -> None:
    counts = []
    for rows in (3_000, 9_000):  # from 2,000 on the indexes are made again at the end
        visitors("delete", "--all", "--yes")
        asked.clear()
        visitors(
            *IMPORT,
            input=lines(rows, **{"contact.externalId": f"{rows}-{{}}", "city": "Rome"}).replace('"v', f'"{rows}-'),
        )
        counts.append(len(asked))
    assert counts[1] - counts[0] <= 6 * 3, counts


@pytest.mark.parametrize(
    ("words", "line", "most"),
    [
        (("block", "-", "--reason", "spam"), "v{}", 10),
        (("block", "-"), '{{"visitorId": "v{}"}}', 10),
        (("block", "-"), '{{"contact": "ext:u{}", "reason": "{}"}}', 10),
        (("contacts", "delete", "-", "--yes"), "ext:u{}", 10),
        (("contacts", "update", "-", "--image", "x.png"), "u{}@example.com", 10),
        (("update", "-", "--city", "Rome"), "v{}", 10),
        (("delete", "-", "--yes"), "v{}", 10),
        (("erase", "-", "--yes"), "v{}", 65),
    ],
)
def test_changing_a_hundred_records_takes_as_many_round_trips_as_changing_a_few(
    visitors: Visitors, asked: list[str], words: tuple[str, ...], line: str, most: int
) -> None:
    visitors(*IMPORT, input=lines(100, **{"contact.externalId": "u{}", "contact.email": "u{}@example.com"}))
    asked.clear()
    visitors(*words, input="".join(line.format(n, n) + "\n" for n in range(100)))
    assert 0 < len(asked) <= most, len(asked)


def test_applying_fixtures_takes_few_round_trips(visitors: Visitors, asked: list[str], tmp_path: Path) -> None:
    visitors(*IMPORT, input=lines(100, **{"contact.externalId": "u{}", "city": "Oslo"}))
    dumped = visitors("fixtures", "dump").stdout
    assert "externalId: u99" in dumped
    fixture = tmp_path / "all.yaml"
    fixture.write_text(dumped.replace("Oslo", "Rome").replace("externalId: u", "externalId: w"))
    asked.clear()
    visitors("fixtures", "apply", str(fixture), "--yes")
    assert 0 < len(asked) <= 40, len(asked)


def test_every_verb_of_a_database_is_counted_or_goes_with_others() -> None:
    verbs = {name for name, value in vars(Database).items() if callable(value) and name[0] != "_"}
    assert {*verbs, "execute"} == {*WAITING, *GOING_WITH_OTHERS, *OUTSIDE}
