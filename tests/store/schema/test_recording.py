"""Recorded changes: complete enough to restore each row's initial state, and impossible to bypass."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from migration import recording_triggers
from unguarded import unguarded
from visitors.store.file.opening import open_store
from visitors.store.history import changes as history
from visitors.store.history.operations import Filter
from visitors.store.load.indexes import TRIGGERS
from visitors.store.places import File
from visitors.store.records import blocks, visitors
from visitors.store.schema.recorded import COLUMNS, DERIVED, REALS, RECORDED, TABLES
from visitors.store.store import OpenOperation, Store

Visitors = Callable[..., Any]

RECORD_STAYS = {
    "changes_stay_whole",
    *(f"{table}_{stay}" for table in ("changes", "creations", "operations") for stay in ("stay", "stay_as_they_are")),
}
"""The triggers that protect the history from other programs."""

AT = "2026-03-01T12:00:00.000Z"


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(File.at(store_path)) as opened:
        yield opened


def writing(store: Store, *, dry_run: bool = False) -> AbstractContextManager[OpenOperation]:
    return store.operation("test", actor="ada", clock=lambda: AT, dry_run=dry_run)


def changes(store: Store) -> list[tuple[str, str, Any, Any]]:
    """Return kind, record, before and after of every change, oldest first."""
    found = store.execute("SELECT kind, record, before, after FROM changes ORDER BY pk")
    return [(kind, record, *(text and json.loads(text) for text in texts)) for kind, record, *texts in found]


def unwound(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the initial state of all records: the current one with all changes reverted, checking that each change's
    `after` matches.
    """
    records = stored(store)
    for kind, record, before, after in reversed(changes(store)):
        key = kind, record
        if after is None and before is not None:
            assert key not in records
            records[key] = {column: value for column, value in before.items() if column != "pk"}
        elif before is None:
            del records[key]
        else:
            assert before.keys() == after.keys()
            assert {column: records[key][column] for column in after} == after
            records[key].update(before)
    return records


def stored(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all records as stored."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, table in RECORDED.items():
        names = list(columns(store, table))
        for row in store.execute(f"SELECT {', '.join(names)} FROM {table}"):
            found[kind, row[0]] = dict(zip(names, row, strict=True))
    return found


def columns(store: Store, table: str) -> dict[str, str]:
    """Return the columns of a table except its key and derived ones, with types."""
    found = store.execute(f"SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid").fetchall()
    assert found[0] == ("pk", "INTEGER")
    return {name: type_ for name, type_ in found[1:] if name != DERIVED}


def bits(value: object) -> object:
    """Return a float's bits, so that 0.0 differs from -0.0 and every digit counts."""
    return struct.pack("<d", value) if isinstance(value, float) else value


def test_the_triggers_of_the_schema_are_those_that_are_written_for_its_columns(store: Store) -> None:
    written: dict[str, str] = {}
    for kind in RECORDED:
        for statement in recording_triggers(kind, COLUMNS[kind][1:], REALS):
            written[statement.split()[2]] = statement.removesuffix(";")
    recording = [f"{table}_{what}" for table in RECORDED.values() for what in ("insert", "update", "delete")]

    there: dict[str, str] = dict(store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    assert sorted(written) == sorted(recording)
    assert {name: there[name] for name in recording} == written


def test_the_columns_that_the_program_knows_are_those_of_the_tables(store: Store) -> None:
    for kind, table in RECORDED.items():  # one that was added later is the last of the table
        assert sorted(COLUMNS[kind]) == sorted(["pk", *columns(store, table)])


def test_the_reals_that_the_program_knows_are_those_of_the_tables(store: Store) -> None:
    types = [item for table in RECORDED.values() for item in columns(store, table).items()]
    assert {name for name, type_ in types if type_ == "REAL"} == set(REALS)


def test_every_table_but_those_of_the_record_is_recorded(store: Store) -> None:
    tables = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    triggers = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    derived = ("_sqlite", "sqlite_", "contacts_text", "contact_metadata")

    of_the_record = {
        *("operations", "creations", "changes", "causes"),
        *("undone", "erasures", "erased_changes", "keys"),
    }

    assert tables - of_the_record - {name for name in tables if name.startswith(derived)} == set(RECORDED.values())
    assert set(TABLES.values()) == of_the_record | set(RECORDED.values())
    assert triggers - set(TRIGGERS) - RECORD_STAYS == {
        f"{table}_{what}" for table in RECORDED.values() for what in ("insert", "update", "delete")
    }


def creations(store: Store) -> list[tuple[str, int, int]]:
    """Return kind, first and last number of every range of new records, oldest first."""
    return store.execute("SELECT kind, first, last FROM creations ORDER BY pk").fetchall()


def test_what_an_operation_makes_is_one_range_however_many_records_that_are(store: Store) -> None:
    with writing(store) as operation:
        for number in range(3):
            visitors.insert(store, operation, {"city": "Oslo"}, visitor_id=f"v{number}")
    with writing(store) as operation:
        visitors.insert(store, operation, {}, visitor_id="v3")
        blocks.add(store, operation, "visitor", ["v0", "v1"])

    assert creations(store) == [("visitor", 1, 3), ("visitor", 4, 4), ("block", 1, 2)]
    assert changes(store) == []


def test_an_update_and_a_delete_each_leave_one_change(store: Store) -> None:
    with writing(store) as operation:
        visitors.insert(store, operation, {"city": "Oslo"}, visitor_id="v1")
        visitors.update(store, operation, ["v1"], {"city": "Bergen"})
        store.execute("DELETE FROM visitors WHERE id = 'v1'")

    updated, deleted = changes(store)
    assert updated == ("visitor", "v1", {"city": "Oslo"}, {"city": "Bergen"})
    assert deleted[3] is None
    assert deleted[2]["city"] == "Bergen"
    assert sorted(deleted[2]) == sorted(["pk", *columns(store, "visitors")])


def test_a_record_that_is_put_back_under_its_number_is_a_change_and_no_new_range(store: Store) -> None:
    with writing(store) as operation:
        visitors.insert(store, operation, {"city": "Oslo"}, visitor_id="v1")
    with writing(store):
        store.execute("DELETE FROM visitors WHERE id = 'v1'")
    with writing(store):
        store.execute(
            "INSERT INTO visitors (pk, id, city, created_at, updated_at) VALUES (1, 'v1', 'Rom', ?, ?)", (AT, AT)
        )
    with writing(store) as operation:
        visitors.update(store, operation, ["v1"], {"city": "Rome"})

    assert [change[1:] for change in changes(store)[1:]] == [
        ("v1", None, None),
        ("v1", {"city": "Rom"}, {"city": "Rome"}),
    ]
    assert creations(store) == [("visitor", 1, 1)]
    told = history.changes(store, Filter(records={"visitor": ["v1"]}))
    assert [(one.action, (one.before or {}).get("city"), (one.after or {}).get("city")) for one in told] == [
        ("changed", "Rom", "Rome"),
        ("created", None, "Rom"),
        ("removed", "Oslo", None),
        ("created", None, "Oslo"),
    ]


def test_an_update_that_sets_what_was_there_leaves_no_change(store: Store) -> None:
    with writing(store) as operation:
        visitors.insert(store, operation, {"city": "Oslo"}, visitor_id="v1")
        store.execute("UPDATE visitors SET city = 'Oslo', os = NULL")

    assert changes(store) == []


def test_setting_to_null_and_from_null_is_recorded(store: Store) -> None:
    with writing(store) as operation:
        visitors.insert(store, operation, {"city": "Oslo"}, visitor_id="v1")
        visitors.update(store, operation, ["v1"], {"city": None, "latitude": 59.9})

    assert changes(store) == [("visitor", "v1", {"city": "Oslo", "latitude": None}, {"city": None, "latitude": 59.9})]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO visitors (id, created_at, updated_at) VALUES ('v2', 'x', 'x')",
        "UPDATE visitors SET city = 'Rome'",
        "DELETE FROM visitors",
        "INSERT INTO contacts (id, created_at, updated_at, search_text) VALUES ('c2', 'x', 'x', '')",
        "UPDATE contacts SET name = 'Eve'",
        "UPDATE blocks SET lifted_at = 'x'",
        "DELETE FROM blocks",
        "UPDATE conversations SET title = 'x'",
        "UPDATE messages SET body = 'x'",
        "DELETE FROM messages",
    ],
)
def test_a_write_outside_of_an_operation_is_refused(visitors: Visitors, store_path: Path, sql: str) -> None:
    visitors("create", "--id", "v1")
    visitors("conversations", "start", "v1", "--message", "hello")
    visitors("identify", "v1", "--external-id", "u1")
    visitors("block", "v1")
    before = visitors("show", "v1", "--format", "json").stdout
    connection = sqlite3.connect(store_path)

    with pytest.raises(sqlite3.IntegrityError, match="changes are recorded"), connection:
        connection.execute(sql)
    connection.close()

    assert visitors("show", "v1", "--format", "json").stdout == before


def test_the_record_of_a_long_day_leads_back_to_how_every_row_was_made(visitors: Visitors, store_path: Path) -> None:
    as_made: dict[tuple[str, str], dict[str, Any]] = {}

    def run(*words: str, **options: Any) -> None:
        visitors(*words, **options)
        with open_store(File.at(store_path)) as store:
            as_made.update({key: row for key, row in stored(store).items() if key not in as_made})

    rows = [
        {"id": "v1", "latitude": 0.1 + 0.2, "longitude": -33.868819999999999, "city": 'quote " and \\ and \u2028'},
        {"id": "v2", "latitude": 5, "longitude": 1e-7, "attribution": {"a": [1, {"b": None}]}},
        {"id": "v3", "contact": {"email": "c@example.com", "metadata": {"n": 1.5, "s": "x\ty", "b": False}}},
    ]
    run("import", "-", "--input-format", "ndjson", input="".join(json.dumps(row) + "\n" for row in rows))
    run("track", "--id", "v1", "--latitude", "89.99999999999999", "--language", "de")
    run("identify", "v1", "--external-id", "u1", "--name", "Ada \x1b[1m", "--metadata", "a:=0.1")
    run(
        "identify", "v2", "--external-id", "u1", "--email", "ada@example.com", "--metadata", "b=2", "--replace-metadata"
    )
    run("block", "v1", "v2", "--reason", "spam", "--for", "7d")
    run("block", "--contact", "ext:u1")
    run("unblock", "--contact", "ext:u1")
    run("unblock", "v1")
    run("conversations", "start", "v3", "--title", "Hi", "--message", "multi\nline \U0001f600")
    run("unidentify", "v2")
    run("delete", "v3")
    run("restore", "v3")
    run("update", "v1", "--clear", "latitude", "--longitude", "179.99999999999997")

    with open_store(File.at(store_path)) as store:
        found = unwound(store)
        made: dict[str, int] = dict(store.execute("SELECT kind, sum(last - first + 1) FROM creations GROUP BY kind"))

    assert made == Counter(kind for kind, _ in found)

    assert {key: {name: bits(value) for name, value in row.items()} for key, row in found.items()} == {
        key: {name: bits(value) for name, value in row.items()} for key, row in as_made.items()
    }
    assert {kind for kind, _ in found} == set(RECORDED)


DEGREES = st.floats(-180, 180).map(lambda degrees: degrees + 0.0)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example([0.1 + 0.2, 5e-324, -180.0, 1.7976931348623157e-300, 33.333333333333336])
@given(st.lists(DEGREES, min_size=1, max_size=20))
def test_every_real_is_recorded_to_the_last_bit(store: Store, values: list[float]) -> None:
    with writing(store, dry_run=True) as operation:
        for number, value in enumerate(values):
            visitors.insert(store, operation, {"longitude": value}, visitor_id=f"v{number}")
        store.execute("UPDATE visitors SET longitude = NULL")
        updated = [before["longitude"] for _, _, before, _ in changes(store)]
        store.execute("UPDATE visitors SET latitude = ? WHERE pk = 1", (values[0],))
        store.execute("DELETE FROM visitors WHERE pk = 1")
        *_, (_, _, _, set_to), (_, _, removed, _) = changes(store)

    assert [bits(float(value)) for value in updated] == [bits(value) for value in values]
    assert [bits(float(value)) for value in (set_to["latitude"], removed["latitude"])] == [bits(values[0])] * 2


TEXT = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_every_text_is_recorded_as_it_is(store: Store, steps: list[tuple[str | None, str | None]]) -> None:
    with writing(store, dry_run=True) as operation:
        visitors.insert(store, operation, {}, visitor_id="v1")
        blocks.add(store, operation, "visitor", ["v1"], reason=steps[0][0])
        for city, region in steps:
            visitors.update(store, operation, ["v1"], {"city": city, "region": region})
        found = unwound(store)

    first = {"id": "v1", "city": None, "region": None}
    assert {column: found["visitor", "v1"][column] for column in first} == first


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM changes",
        "DELETE FROM changes WHERE pk = 1",
        "UPDATE changes SET before = NULL",
        "INSERT INTO changes (operation, kind, record) VALUES (1, 'visitor', 'v')",
        "REPLACE INTO changes SELECT * FROM changes",
        "DELETE FROM creations",
        "UPDATE creations SET operation = 2",
        "DELETE FROM operations",
        "UPDATE operations SET actor = 'somebody'",
        "UPDATE operations SET is_open = 1 WHERE pk = 1",
    ],
)
def test_nobody_else_changes_the_record(visitors: Visitors, store_path: Path, statement: str) -> None:
    visitors("create", "--id", "v")
    visitors("update", "v", "--city", "Bonn")
    with closing(sqlite3.connect(store_path)) as other, pytest.raises(sqlite3.IntegrityError, match="visitors command"):
        other.execute(statement)
    assert visitors("history", "--format", "count").stdout == "2\n"


@pytest.fixture
def robbed(visitors: Visitors, store_path: Path) -> Callable[..., set[str]]:
    """Run statements after dropping the triggers; return the problems that the check finds."""

    def rob(*statements: str) -> set[str]:
        with unguarded(store_path) as other:
            for statement in statements:
                other.execute(statement)
        found = visitors("db", "check", "--format", "json", code=None).json
        return {one["check"] for one in found if one["result"] == "problem"}

    return rob


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM changes WHERE pk = 1", "change-missing"),
        ("DELETE FROM changes WHERE pk = 2", "change-missing"),
        ("DELETE FROM changes", "operation-empty"),
        ("DELETE FROM changes WHERE operation = (SELECT max(pk) FROM operations)", "operation-empty"),
        ("DELETE FROM operations WHERE pk = 2", "operation-missing"),
        ("DELETE FROM undone", "undo"),
    ],
)
def test_the_check_reports_what_is_missing_in_the_history(
    visitors: Visitors, robbed: Callable[..., set[str]], statement: str, problem: str
) -> None:
    visitors("create", "--id", "v")
    for city in ("Bonn", "York", "Oslo"):
        visitors("update", "v", "--city", city)
    visitors("undo", "--yes")
    assert robbed() == set()
    assert problem in robbed(statement)


def test_what_an_erasure_took_out_of_the_record_is_not_missing(
    visitors: Visitors, robbed: Callable[..., set[str]]
) -> None:
    for one in ("a", "b", "c"):
        visitors("create", "--id", one)
    for city in ("Bonn", "York"):
        visitors("update", "b", "--city", city)
        visitors("update", "a", "--city", city)
        visitors("update", "c", "--city", city)
    visitors("erase", "b", "--yes")
    visitors("update", "c", "--city", "Oslo")
    visitors("erase", "a", "--yes")
    assert robbed() == set()
