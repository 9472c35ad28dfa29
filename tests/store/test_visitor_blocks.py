"""On which visitors a block lies: told beside them, whatever is done to visitors, contacts and blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.domain.selection import Selection
from visitors.store import blocks, contacts, derived, info, visitors
from visitors.store.connection import Store
from visitors.store.listing import Page
from visitors.store.opening import open_store
from visitors.store.selection import BLOCKED

AT, LATER, LATEST = (f"2026-03-0{day}T00:00:00.000Z" for day in (1, 2, 3))

numbers = st.integers(1, 2)
people = st.sampled_from([None, "c1", "c2"])
expiries = st.sampled_from([None, LATER])
lifted = st.sampled_from([None, None, AT])
targets = st.one_of(
    st.tuples(numbers.map(lambda number: f"v{number}"), st.none()),
    st.tuples(st.none(), st.sampled_from(["c1", "c2"])),
)
OF_VISITORS = (
    (
        "INSERT OR IGNORE INTO visitors (pk, id, contact_id, created_at, updated_at)"
        " VALUES (:number, 'v' || :number, :person, '', '')"
    ),
    "UPDATE visitors SET contact_id = :person WHERE pk = :number",
    "DELETE FROM visitors WHERE pk = :number",
)
OF_BLOCKS = (
    (
        "INSERT OR IGNORE INTO blocks (pk, id, visitor_id, contact_id, blocked_at, expires_at, lifted_at)"
        " VALUES (:number, 'b' || :number, :visitor, :contact, '', :until, :lifted)"
    ),
    "UPDATE blocks SET visitor_id = :visitor, contact_id = :contact WHERE pk = :number",
    "UPDATE blocks SET expires_at = :until WHERE pk = :number",
    "UPDATE blocks SET lifted_at = :lifted WHERE pk = :number",
    "DELETE FROM blocks WHERE pk = :number",
)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(OF_VISITORS), st.fixed_dictionaries({"number": numbers, "person": people})),
        st.tuples(
            st.sampled_from(OF_BLOCKS),
            st.fixed_dictionaries({"number": numbers, "target": targets, "until": expiries, "lifted": lifted}),
        ),
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("blocks") / "visitors.db") as opened:
        with opened.operation("test", actor="ada", clock=lambda: AT) as operation:
            for number in "12":
                contacts.insert(opened, operation, {}, contact_id=f"c{number}")
                visitors.insert(opened, operation, {}, visitor_id=f"v{number}", contact_id=f"c{number}")
                blocks.add(opened, operation, "contact", [f"c{number}"])
        yield opened


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


def told(store: Store) -> list[tuple[object, ...]]:
    return store.execute("SELECT visitor, block, expires_at FROM visitor_blocks ORDER BY 1, 2").fetchall()


def lying(store: Store) -> list[tuple[object, ...]]:
    """The same by a look at every visitor and every block."""
    visitors_ = store.execute("SELECT pk, id, contact_id FROM visitors ORDER BY pk").fetchall()
    blocks_ = store.execute(
        "SELECT pk, visitor_id, contact_id, expires_at FROM blocks WHERE lifted_at IS NULL ORDER BY pk"
    ).fetchall()
    return [
        (pk, block, expires_at)
        for pk, id_, person in visitors_
        for block, visitor, contact, expires_at in blocks_
        if visitor == id_ or (contact is not None and contact == person)
    ]


@given(DEEDS)
def test_it_is_what_a_look_at_all_records_says_after_every_statement(
    shared: Store, deeds: list[tuple[str, dict[str, Any]]]
) -> None:
    with shared.operation("test", actor="ada", clock=lambda: AT, dry_run=True):
        # as while an operation is taken back: a block may stand before the visitor on which it lies, or after it
        shared.execute("PRAGMA defer_foreign_keys = ON")
        for sql, values in deeds:
            visitor, contact = values.get("target", (None, None))
            shared._connection.execute(sql, {**values, "visitor": visitor, "contact": contact})
            assert told(shared) == lying(shared)
        found = told(shared)
        shared.execute("DELETE FROM visitor_blocks")
        derived.rebuild(shared)
        assert told(shared) == found


def test_who_is_blocked_is_blocked_until_the_block_expires_or_is_lifted(store: Store) -> None:
    def blocked(at: str) -> list[str]:
        found = [visitor.id for visitor in visitors.select(store, Selection(blocked=True), Page(), at)]
        others = [visitor.id for visitor in visitors.select(store, Selection(blocked=False), Page(), at)]
        assert sorted(found + others) == ["a", "b", "c", "d"]
        assert info.read(store, at).blocked == len(found) == visitors.count(store, Selection(blocked=True), at)
        return found

    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        person = contacts.insert(store, operation, {})
        for one in ("a", "b", "c", "d"):
            visitors.insert(store, operation, {}, visitor_id=one, contact_id=person if one in "ab" else None)
        blocks.add(store, operation, "contact", [person], expires_at=LATER)
        blocks.add(store, operation, "visitor", ["b", "c"], expires_at=LATEST)
        blocks.add(store, operation, "visitor", ["c"])
    assert blocked(AT) == ["a", "b", "c"]
    assert blocked(LATER) == ["b", "c"]
    assert blocked(LATEST) == ["c"]

    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        blocks.lift(store, operation, "visitor", ["c"])
    assert blocked(AT) == ["a", "b"]


def test_a_walk_looks_up_no_visitor_that_was_never_blocked(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for one in ("a", "b"):
            visitors.insert(store, operation, {"language": "en"}, visitor_id=one)
        blocks.add(store, operation, "visitor", ["b"])
    asked: list[str] = []

    def looked_up(visitor_id: str) -> bool:
        asked.append(visitor_id)
        return True

    # SQLite can call this only once it has looked the record up: the index has no ids
    store._connection.create_function("looked_up", 1, looked_up)
    sql = f"SELECT v.id FROM visitors AS v INDEXED BY visitors_language WHERE looked_up(v.id) AND {BLOCKED}"
    assert store.execute(f"{sql} ORDER BY v.language, v.pk", (AT,)).fetchall() == [("b",)]
    assert asked == ["b"]
