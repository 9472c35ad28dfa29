"""Each invariant is violated by hand, bypassing the schema, and found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unguarded import unguarded
from visitors.store.file.opening import open_store
from visitors.store.places import File
from visitors.store.schema.history_invariants import OF_HISTORY
from visitors.store.schema.invariants import OF_RECORDS, Invariant, offenders

Visitors = Callable[..., Any]

INVARIANTS = (*OF_RECORDS, *OF_HISTORY)
BROKEN = {
    "search-text": ("UPDATE contacts SET name = 'Zoë' WHERE id = 'other'", ("contact", "other")),
    "contact-email": ("UPDATE contacts SET email = 'a@example.com' WHERE id <> 'gone'", ("contact", "other")),
    "visitor-of-tombstone": ("UPDATE visitors SET contact_id = 'gone' WHERE id = 'v1'", ("visitor", "v1")),
    "conversation-of-tombstone": ("UPDATE conversations SET contact_id = 'gone'", ("conversation", "talk")),
    "block-of-tombstone": (
        "UPDATE blocks SET visitor_id = NULL, contact_id = 'gone'",
        ("block", None),
    ),
    "survivor": ("UPDATE contacts SET merged_into = 'gone' WHERE id = 'left'", ("contact", "gone")),
    "block-target": ("UPDATE blocks SET visitor_id = NULL", ("block", None)),
    "contact-id": ("UPDATE contacts SET id = 'ext:me' WHERE id = 'other'", ("contact", "ext:me")),
    "visitor-id": ("UPDATE visitors SET id = '-x' WHERE id = 'v2'", ("visitor", "-x")),
    "block-id": ("UPDATE blocks SET id = 'a b'", ("block", "a b")),
    "conversation-id": ("UPDATE conversations SET id = ''", ("conversation", "")),
    "message-id": ("UPDATE messages SET id = 'é'", ("message", "é")),
    "contact-times": ("UPDATE contacts SET created_at = 'then' WHERE id = 'other'", ("contact", "other")),
    "visitor-times": ("UPDATE visitors SET last_seen_at = '2026-01-01' WHERE id = 'v1'", ("visitor", "v1")),
    "block-times": ("UPDATE blocks SET expires_at = ''", ("block", None)),
    "conversation-times": ("UPDATE conversations SET updated_at = '2026-01-01T00:00:00Z'", ("conversation", "talk")),
    "message-times": ("UPDATE messages SET created_at = '2026-01-01T00:00:00.000+'", ("message", None)),
    "operation-times": ("UPDATE operations SET at = 'x' WHERE pk = 1", ("operation", None)),
    "metadata": ("""UPDATE contacts SET metadata = '{"a":[1]}' WHERE id = 'other'""", ("contact", "other")),
    "metadata-hash": ("UPDATE contacts SET metadata_hash = 'x' WHERE id = 'other'", ("contact", "other")),
    "visitor-documents": ("UPDATE visitors SET attribution = '[1' WHERE id = 'v1'", ("visitor", "v1")),
    "open-operation": ("UPDATE operations SET is_open = 1 WHERE pk = 1", ("operation", None)),
    "operation-options": ("UPDATE operations SET arguments = '{}' WHERE pk = 1", ("operation", None)),
    "change": (
        "INSERT INTO changes (operation, kind, record, before) VALUES (1, 'person', 'x', '{}')",
        ("change", None),
    ),
    "change-missing": (
        "INSERT INTO changes (pk, operation, kind, record, before) VALUES (99, 1, 'visitor', 'x', '{}')",
        ("change", "99"),
    ),
    "operation-missing": (
        """INSERT INTO operations (pk, id, at, actor, command, arguments)
        VALUES (99, 'x', '2026-01-01T00:00:00.000Z', 'x', 'create', '[]')""",
        ("operation", "x"),
    ),
    "operation-empty": ("DELETE FROM creations", ("operation", None)),
    "undo": ("UPDATE operations SET command = 'undo' WHERE pk = 1", ("operation", None)),
    "creation-kind": (
        "INSERT INTO creations (operation, kind, first, last) VALUES (1, 'person', 1, 1)",
        ("range", None),
    ),
    "creation-overlap": (
        "INSERT INTO creations (operation, kind, first, last) VALUES (1, 'visitor', 1, 1)",
        ("range", None),
    ),
    "contact-created": ("UPDATE contacts SET pk = 999 WHERE id = 'other'", ("contact", "other")),
    "visitor-created": ("UPDATE visitors SET pk = 999 WHERE id = 'v2'", ("visitor", "v2")),
    "block-created": ("UPDATE blocks SET pk = 999", ("block", None)),
    "conversation-created": ("UPDATE conversations SET pk = 999", ("conversation", "talk")),
    "message-created": ("UPDATE messages SET pk = 999", ("message", None)),
    "search-title": ("UPDATE conversations SET title = 'Zoë'", ("conversation", "talk")),
    "search-message": ("UPDATE messages SET body = 'Zoë'", ("message", None)),
    "metadata-found": ("DELETE FROM contact_metadata WHERE key = 'plan'", ("contact", "left")),
    "metadata-not-found": ("UPDATE contact_metadata SET value = 'x' WHERE key = 'plan'", ("contact", "left")),
}
"""Invariant -> a statement that violates it, and the offender, whose id is None if it is generated."""

FIXTURE = """
version: 1
contacts:
  left: {id: left, externalId: left, metadata: {plan: pro}}
  other: {id: other, externalId: other}
  gone: {id: gone, mergedInto: left}
visitors:
  v1: {id: v1, contact: left}
  v2: {id: v2}
conversations:
  talk: {id: talk, visitor: v1, contact: left, messages: [{visitor: v1, body: Hi}]}
blocks:
  - {visitor: v2}
"""


@pytest.fixture
def filled(visitors: Visitors, store_path: Path, tmp_path: Path) -> Path:
    """A store with every kind of record."""
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text(FIXTURE)
    visitors("fixtures", "apply", str(fixture))
    return store_path


def break_it(path: Path, statement: str) -> None:
    with unguarded(path) as connection:
        connection.execute(statement)


def rule(name: str) -> Invariant:
    return next(one for one in INVARIANTS if one.name == name)


def test_every_rule_has_a_name_of_its_own_and_is_broken_here() -> None:
    assert sorted(BROKEN) == sorted(one.name for one in INVARIANTS)


def test_no_rule_is_broken_by_commands(filled: Path) -> None:
    with open_store(File.at(filled)) as store:
        assert {one.name: list(offenders(store, one)) for one in INVARIANTS} == {one.name: [] for one in INVARIANTS}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found_and_reported_by_the_check(visitors: Visitors, filled: Path, name: str) -> None:
    statement, (kind, offender) = BROKEN[name]
    break_it(filled, statement)

    with open_store(File.at(filled)) as store:
        found = list(offenders(store, rule(name)))
    assert {one.kind for one in found} == {kind}
    assert offender in (*(one.id for one in found), None)
    checked = visitors("db", "check", "--format", "json", code=8).json
    (told,) = [one for one in checked if one["check"] == name]
    assert told["result"] == "problem"
    assert f"{kind} {found[0].id}" in told["detail"]
    assert ("db compact" in told["help"]) == rule(name).is_derived
    assert rule(name).command in told["help"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("[1]", None), ('{"shoe_size": 40}', None), ('{"city": 1}', '{"city": 2, "shoe_size": 40}'), ("{", "{")],
)
def test_a_change_that_cannot_be_undone_is_found(filled: Path, before: str, after: str | None) -> None:
    with unguarded(filled) as connection:
        connection.execute(
            "INSERT INTO changes (operation, kind, record, before, after) VALUES (1, 'visitor', 'v1', ?, ?)",
            (before, after),
        )
    with open_store(File.at(filled)) as store:
        assert len(list(offenders(store, rule("change")))) == 1
