"""Reversing one operation by its record, without checking for later ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from visitors.store.file.opening import open_store
from visitors.store.history import undo
from visitors.store.places import Memory
from visitors.store.records import blocks, contacts, conversations, visitors
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store

AT = "2026-03-01T12:00:00.000Z"


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(Memory()) as opened:
        yield opened


def ids(store: Store) -> list[str]:
    return [row[0] for row in store.execute("SELECT id FROM visitors ORDER BY pk")]


def reverse(store: Store, operation: OpenOperation, taken: OpenOperation) -> Counter[tuple[str, str]]:
    target = undo.number(store, taken.id)
    return undo.reverse(store, undo.number(store, operation.id), target, undo.footprint(store, target))


def unsound(store: Store, operation: OpenOperation) -> tuple[str, str] | None:
    return undo.unsound(store, undo.number(store, operation.id))


def test_what_an_operation_made_and_removed_itself_stays_removed(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for name in ("a", "b"):
            visitors.insert(store, operation, {}, visitor_id=name)
        store.execute("DELETE FROM visitors WHERE id = 'b'")

    with store.operation("undo", actor="ada", clock=lambda: AT) as taking_back:
        done = reverse(store, taking_back, operation)
        assert ids(store) == []

    assert done == {("removed", "visitor"): 1}
    with store.operation("undo", actor="ada", clock=lambda: AT) as again:
        reverse(store, again, taking_back)
        assert ids(store) == ["a"]


def test_a_record_that_would_refer_to_nothing_is_found(store: Store) -> None:
    def do(command: str, sql: str = "") -> OpenOperation:
        with store.operation(command, actor="ada", clock=lambda: AT) as operation:
            if sql:
                store.execute(sql)
            else:
                contacts.insert(store, operation, {}, contact_id="C")
                visitors.insert(store, operation, {}, visitor_id="v", contact_id="C")
        return operation

    do("make")
    unlinked = do("unlink", "UPDATE visitors SET contact_id = NULL")
    do("remove", "DELETE FROM contacts")

    with store.operation("undo", actor="ada", clock=lambda: AT) as taking_back:
        reverse(store, taking_back, unlinked)
        assert unsound(store, taking_back) == ("visitor", "v")
        store.execute("UPDATE visitors SET contact_id = NULL")
        assert unsound(store, taking_back) is None


@pytest.mark.parametrize("kind", ["visitor", "conversation", "block"])
def test_a_record_that_would_be_that_of_a_tombstone_is_found(store: Store, kind: str) -> None:
    table = RECORDED[kind]
    with store.operation("make", actor="ada", clock=lambda: AT) as operation:
        for name in ("C", "D"):
            contacts.insert(store, operation, {}, contact_id=name)
        visitors.insert(store, operation, {}, visitor_id="v", contact_id="C")
        conversations.start(store, operation, "v")
        blocks.add(store, operation, "contact", ["C"])
    with store.operation("move", actor="ada", clock=lambda: AT) as moved:
        store.execute(f"UPDATE {table} SET contact_id = 'D'")
    with store.operation("merge", actor="ada", clock=lambda: AT) as operation:
        contacts.bury(store, operation, "C", "D")

    with store.operation("undo", actor="ada", clock=lambda: AT) as taking_back:
        reverse(store, taking_back, moved)
        record = store.execute(f"SELECT id FROM {table}").fetchone()[0]
        assert unsound(store, taking_back) == (kind, record)
        store.execute(f"UPDATE {table} SET contact_id = 'D'")
        assert unsound(store, taking_back) is None


def test_what_an_undo_left_is_looked_at_by_its_records() -> None:
    with open_store(Memory()) as store:
        plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {undo.UNSOUND}", (1,))]

    assert {step for step in plan if step.startswith("SCAN")} <= {"SCAN own"}
    assert "SEARCH changes USING INDEX changes_operation (operation=?)" in plan
