"""Conflicts of an undo are found with indexes, whatever the size of the store."""

from __future__ import annotations

from visitors.store.file.opening import open_store
from visitors.store.history.undo_conflicts import OVERLAPS
from visitors.store.places import Memory
from visitors.store.schema.recorded import RECORDED, REFERENCES

TABLES = {*RECORDED.values(), "changes", "creations", "operations"}


def test_no_table_is_read_from_end_to_end() -> None:
    with open_store(Memory()) as store:
        plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {OVERLAPS}", (1,))]

    searched = [step for step in plan if step.startswith("SEARCH")]
    assert {step.split()[1] for step in plan if step.startswith("SCAN")} & (TABLES | {"r", "w"}) == set()
    assert [step for step in searched if "changes_removed (kind=?)" in step] == []
    by_number = sum("changes_removed (kind=? AND <expr>>? AND <expr><?)" in step for step in searched)
    assert by_number  # before 3.39 SQLite evaluates a common table expression again at each use
    assert by_number % len(RECORDED) == 0


def test_the_references_are_those_of_the_schema() -> None:
    kinds = {table: kind for kind, table in RECORDED.items()}
    with open_store(Memory()) as store:
        found = {
            (kind, column, kinds[parent])
            for kind, table in RECORDED.items()
            for parent, column in store.execute(f'SELECT "table", "from" FROM pragma_foreign_key_list(\'{table}\')')
        }

    assert found == set(REFERENCES)
