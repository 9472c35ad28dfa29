"""The schema's steps: as many as the version says, applied once, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from visitors.domain.selection import MetadataFilter, Selection
from visitors.errors import StoreProblem
from visitors.store import contacts, operations, visitors
from visitors.store.migrations import migrations
from visitors.store.opening import migrate_store, open_store
from visitors.store.schema import APPLICATION_ID, SCHEMA_VERSION


def schema(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    connection.close()
    return found


def store_at(path: Path, version: int) -> None:
    """Make a store as the program made it when it had `version` steps."""
    connection = sqlite3.connect(path, isolation_level=None)
    database = Database(connection, execute_plugins=False)
    steps = [migration.name for migration in migrations.pending(database)]
    migrations.apply(database, stop_before=steps[version] if version < len(steps) else None)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_the_schema_version_is_the_number_of_steps() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        steps = [migration.name for migration in migrations.pending(Database(connection, execute_plugins=False))]

    assert len(steps) == SCHEMA_VERSION
    assert [step.split("_")[0] for step in steps] == [f"m{number:04d}" for number in range(1, SCHEMA_VERSION + 1)]


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_older_store_is_backed_up_and_becomes_as_a_new_one(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    store_at(old, version)
    before = schema(old)

    backup = migrate_store(old)
    with open_store(new):
        pass

    assert backup is not None
    assert backup.parent == tmp_path
    assert backup.stat().st_mode & 0o777 == 0o600
    assert schema(backup) == before
    assert schema(old) == schema(new)


def test_rows_of_an_older_store_are_found_by_the_new_indexes(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store_at(path, 3)
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            INSERT INTO operations (id, at, actor, command, arguments, is_open) VALUES ('O', 'T', 'ada', 'x', '[]', 1);
            INSERT INTO contacts (id, name, metadata, created_at, updated_at)
                VALUES ('C', 'Zoë Müller', '{"vip":true,"n":5,"no":null}', 'T', 'T');
            INSERT INTO visitors (id, contact_id, created_at, updated_at) VALUES ('visitor', 'C', 'T', 'T');
            INSERT INTO blocks (id, contact_id, blocked_at) VALUES ('B', 'C', 'T');
            UPDATE operations SET is_open = NULL;
        """)
    connection.close()

    migrate_store(path)
    with open_store(path) as store:
        for wanted in (
            Selection(search="ISIT"),
            Selection(search="MÜLL"),
            Selection(blocked=True),
            Selection(metadata=(MetadataFilter("vip", "true"),)),
            Selection(metadata=(MetadataFilter("n", "5.0"), MetadataFilter("no", "null"))),
        ):
            assert visitors.count(store, wanted, "T") == 1, wanted
        with store.operation("test", actor="ada", clock=lambda: "2026-03-01T12:00:00.000Z") as operation:
            contacts.update(store, operation, "C", {"name": "Ada", "metadata": {}})
        assert visitors.count(store, Selection(search="MÜLL"), "T") == 0
        assert visitors.count(store, Selection(metadata=(MetadataFilter("n"),)), "T") == 0


def test_zones_and_days_of_an_older_store_tell_of_all_its_visitors_and_of_no_more(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store_at(path, 3)
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            INSERT INTO operations (id, at, actor, command, arguments, is_open) VALUES ('O', 'T', 'ada', 'x', '[]', 1);
            INSERT INTO visitors (pk, id, created_at, updated_at, last_seen_at) VALUES
                (1, 'c', 'T3', 'T4', NULL), (2, 'b', 'T2', 'T9', NULL), (4095, 'a', 'T1', 'T5', NULL),
                (4096, 'd', 'T6', 'T7', 'T8'), (20479, 'e', 'T1', 'T1', NULL), (20478, 'f', 'T0', 'T0', 'T1');
            UPDATE operations SET is_open = NULL;
        """)
    connection.close()

    migrate_store(path)

    with open_store(path) as store:
        assert store.execute("SELECT * FROM visitor_zones").fetchall() == [
            (0, "a", "c", "T1", "T3", None, None, 1),
            (1, "d", "d", "T6", "T6", "T8", "T8", 0),
            (4, "e", "f", "T0", "T1", "T1", "T1", 1),
        ]
        assert store.execute("SELECT * FROM visitor_days WHERE sort = 'updated_at'").fetchall() == [
            ("updated_at", "T0", "T0", "T0", "T1", "T1", 0),
            ("updated_at", "T1", "T1", "T1", None, None, 1),
            ("updated_at", "T4", "T3", "T3", None, None, 1),
            ("updated_at", "T5", "T1", "T1", None, None, 1),
            ("updated_at", "T7", "T6", "T6", "T8", "T8", 0),
            ("updated_at", "T9", "T2", "T2", None, None, 1),
        ]
        assert store.execute("SELECT * FROM visitor_places").fetchall() == [("", "", "")]
        assert store.execute("SELECT sort, day FROM visitor_days WHERE sort <> 'updated_at'").fetchall() == [
            ("created_at", "T0"), ("created_at", "T1"), ("created_at", "T2"), ("created_at", "T3"),
            ("created_at", "T6"), ("last_seen_at", "T1"), ("last_seen_at", "T8"),
        ]  # fmt: skip


def test_a_current_store_is_left_alone(store_path: Path) -> None:
    with open_store(store_path) as store:
        assert store.backup is None

    assert migrate_store(store_path) is None
    assert [path.name for path in store_path.parent.iterdir() if path.is_file()] == [store_path.name]


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store_at(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE conversations (in_the_way TEXT)")
    connection.close()
    before = schema(path)

    with pytest.raises((sqlite3.Error, StoreProblem)):
        open_store(path)

    assert schema(path) == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


def test_a_newer_store_is_refused(store_path: Path) -> None:
    with open_store(store_path):
        pass
    with sqlite3.connect(store_path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(StoreProblem) as problem:
        open_store(store_path)

    assert problem.value.code == "store_newer"


def test_what_was_recorded_row_by_row_becomes_ranges_and_history_stays_the_same(store_path: Path) -> None:
    store_path.parent.mkdir(parents=True, exist_ok=True)
    store_at(store_path, 3)
    at = "2026-03-01T12:00:00.000Z"
    with sqlite3.connect(store_path) as connection:
        for operation, ids in enumerate((["a", "b"], ["c"], ["d", "e", "f"]), start=1):
            connection.execute(
                "INSERT INTO operations (id, at, actor, command, arguments, is_open)"
                " VALUES (?, ?, 'ada', 'create', '[]', 1)",
                (f"O{operation}", at),
            )
            for visitor_id in ids:
                connection.execute(
                    "INSERT INTO visitors (id, city, latitude, created_at, updated_at) VALUES (?, 'Oslo', 0.1, ?, ?)",
                    (visitor_id, at, at),
                )
            connection.execute("UPDATE visitors SET city = 'Rome' WHERE id IN ('a', 'e')")
            connection.execute("UPDATE operations SET is_open = NULL")
    connection.close()

    with open_store(store_path) as store:
        ranges = store.execute("SELECT operation, kind, first, last FROM creations ORDER BY pk").fetchall()
        done = operations.changes(store, operations.Filter())

    assert ranges == [(1, "visitor", 1, 2), (2, "visitor", 3, 3), (3, "visitor", 4, 6)]
    told = [(one.operation_id, one.record_id, one.action, (one.after or {})["city"]) for one in done]
    assert told == [
        ("O3", "e", "changed", "Rome"),
        ("O3", "f", "created", "Oslo"),
        ("O3", "e", "created", "Oslo"),
        ("O3", "d", "created", "Oslo"),
        ("O2", "c", "created", "Oslo"),
        ("O1", "a", "changed", "Rome"),
        ("O1", "b", "created", "Oslo"),
        ("O1", "a", "created", "Oslo"),
    ]


def test_a_migration_that_fails_leaves_the_store_as_it_was_and_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "visitors.db"
    store_at(path, 3)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP INDEX contacts_any_external_id")  # the next steps rely on it
    before = schema(path)

    with pytest.raises(sqlite3.OperationalError):
        migrate_store(path)

    assert schema(path) == before
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".bak"] == []
