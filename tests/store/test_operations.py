"""What SQLite makes of the questions to the history of single records: it looks these up, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from visitors.store import operations
from visitors.store.connection import Store
from visitors.store.opening import open_store
from visitors.store.operations import Filter

OF_RECORDS = Filter(records=("v", "w"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: operations.removed(store, "visitor", ["v"]),
        lambda store: operations.removed(store, "contact", ["c"]),
        lambda store: operations.changes(store, OF_RECORDS, limit=10),
        lambda store: operations.count_changes(store, OF_RECORDS),
        lambda store: operations.story(store, "v"),
        lambda store: operations.links(store, "v"),
        lambda store: operations.timeline(store, ["v"]),
        lambda store: operations.causes_of(store, ["v"]),
    ],
    ids=("removed visitor", "removed contact", "changes", "count", "story", "links", "timeline", "causes"),
)
def test_the_history_of_a_record_is_found_by_the_record(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[Store], object]
) -> None:
    with open_store(Path(":memory:")) as store:
        asked: list[tuple[str, Sequence[object]]] = []
        execute = store.execute

        def listened(sql: str, parameters: Sequence[object] = ()) -> object:
            asked.append((sql, parameters))
            return execute(sql, parameters)

        monkeypatch.setattr(store, "execute", listened)
        ask(store)
        plan = [str(row[3]) for sql, values in asked for row in execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    scanned = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert scanned & {"h", "o", "n", "changes", "operations", "creations", "causes", "visitors", "contacts"} == set()
    assert [step for step in plan if "(kind=?)" in step] == []
    assert [step for step in plan if "(record=?)" in step] != []
