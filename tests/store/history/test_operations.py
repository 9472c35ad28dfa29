"""Query plans for the history of single records: these are looked up, and nothing else is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from visitors.store.file.opening import open_store
from visitors.store.file.sqlite import SqliteDatabase
from visitors.store.history import changes, operations
from visitors.store.history.operations import Filter
from visitors.store.places import Memory
from visitors.store.store import Store

OF_RECORDS = Filter(records={"visitor": ["v"], "contact": ["c"]})


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: operations.removed(store, "visitor", ["v"]),
        lambda store: operations.removed(store, "contact", ["c"]),
        lambda store: changes.changes(store, OF_RECORDS, limit=10),
        lambda store: changes.count_changes(store, OF_RECORDS),
        lambda store: changes.story(store, "v"),
        lambda store: changes.links_and_changes(store, "v", 10),
        lambda store: changes.timeline(store, {"visitor": ["v"]}),
        lambda store: store.ask(changes.causes_of(["v"])),
    ],
    ids=("removed visitor", "removed contact", "changes", "count", "story", "links", "timeline", "causes"),
)
def test_the_history_of_a_record_is_found_by_the_record(ask: Callable[[Store], object]) -> None:
    asked: list[str] = []
    with open_store(Memory()) as store:
        assert isinstance(store._database, SqliteDatabase)
        store._database.hand_to(lambda connection: connection.set_trace_callback(asked.append))
        ask(store)
        store._database.hand_to(lambda connection: connection.set_trace_callback(None))
        plan = [str(row[3]) for sql in asked for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]

    scanned = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert scanned & {"h", "o", "n", "changes", "operations", "creations", "causes", "visitors", "contacts"} == set()
    assert [step for step in plan if "(kind=?)" in step] == []
    assert [step for step in plan if "(record=?)" in step] != []
