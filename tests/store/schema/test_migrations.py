"""The schema: a frozen baseline, from which each store is created, and the released migrations."""

from __future__ import annotations

import ast
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import migration
from visitors.domain.contact import Contact
from visitors.domain.selection import MetadataFilter, Selection
from visitors.errors import StoreProblem
from visitors.store.file.opening import open_store
from visitors.store.opening import migrate_store
from visitors.store.places import File, Memory, Temporary
from visitors.store.records import contacts, visitors
from visitors.store.schema.migrations import STEPS
from visitors.store.schema.version import APPLICATION_ID, BASELINE, SCHEMA_VERSION
from visitors.store.store import Store

Visitors = Callable[..., Any]

AT = "2026-03-01T12:00:00.000Z"


def contact_of(store: Store, contact_id: str) -> Contact:
    found = contacts.find(store, contact_id, AT)
    assert found is not None
    return found


def schema(store: Store) -> list[Any]:
    found = store.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
    assert found
    return found


def test_the_schema_version_is_the_baseline_and_one_for_each_migration() -> None:
    assert BASELINE + len(STEPS) == SCHEMA_VERSION
    numbers = [step.__name__.split("_")[0] for step in STEPS]
    assert numbers == [f"m{n:04}" for n in range(BASELINE + 1, SCHEMA_VERSION + 1)]


def test_a_new_store_says_whose_it_is_and_how_far_its_schema_has_come(store_path: Path) -> None:
    for place in (File.at(store_path), Memory(), Temporary()):
        with open_store(place) as store:
            assert store.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert store.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
            assert store.backup is None


def test_a_store_has_the_same_schema_wherever_it_is(store_path: Path) -> None:
    with open_store(File.at(store_path)) as file, open_store(Memory()) as memory, open_store(Temporary()) as temporary:
        assert schema(file) == schema(memory) == schema(temporary)


def test_the_schema_has_few_objects() -> None:
    with open_store(Memory()) as store:
        found = store.execute(
            "SELECT count(*) FROM sqlite_master WHERE name NOT GLOB 'sqlite_*' AND type <> 'view'"
            " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
        ).fetchone()[0]

    assert 0 < found <= 75


def test_every_table_is_strict_or_virtual() -> None:
    with open_store(Memory()) as store:
        found = store.execute("SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()

    loose = {name for name, kind, strict in found if kind == "table" and not strict and not name.startswith("sqlite_")}
    assert loose <= {"_sqlite_migrations"}  # which migrations were applied
    assert {name for name, kind, _ in found if kind == "virtual"} == {"contacts_text"}


def test_making_and_opening_a_store_imports_sqlite_utils_only_to_migrate(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from visitors.main import run\n"
        "for words in (['create', '--id', 'v'], ['list'], ['db', 'migrate'], ['db', 'check']):\n"
        "    assert run([*words, '--db', sys.argv[1]]) == 0, words\n"
        "print('sqlite_utils' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "new.db")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(bool(STEPS))


def test_a_current_store_is_left_alone(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store:
        assert store.backup is None
    before = store_path.read_bytes()

    assert migrate_store(File.at(store_path)) == (False, None)
    assert store_path.read_bytes() == before
    assert [path.name for path in store_path.parent.iterdir() if path.is_file()] == [store_path.name]


@pytest.mark.parametrize(
    ("number", "code"),
    [(SCHEMA_VERSION + 1, "store_newer"), (BASELINE - 1, "store_unreleased"), (0, "store_unreleased")],
)
def test_a_store_of_a_version_that_is_not_known_is_refused(store_path: Path, number: int, code: str) -> None:
    with open_store(File.at(store_path)):
        pass
    with closing(sqlite3.connect(store_path)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")
    before = store_path.read_bytes()

    with pytest.raises(StoreProblem) as problem:
        open_store(File.at(store_path))

    assert problem.value.code == code
    assert problem.value.hint
    assert store_path.read_bytes() == before


def test_a_store_whose_making_fails_is_as_empty_as_before(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visitors.store.file.migrating._SCRIPTS", ("baseline.sql", "baseline.sql"))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        open_store(File.at(store_path))
    monkeypatch.undo()

    with closing(sqlite3.connect(store_path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("PRAGMA application_id").fetchone() == (0,)
    with open_store(File.at(store_path)) as store, store.reading():
        assert visitors.count(store, Selection(), AT) == 0


def test_contacts_are_found_by_what_their_triggers_keep(store_path: Path) -> None:
    def writing(store: Store) -> Any:
        return store.operation("test", actor="ada", clock=lambda: AT)

    def found(store: Store, selection: Selection) -> int:
        return visitors.count(store, selection, AT)

    with open_store(File.at(store_path)) as store:
        with writing(store) as operation:
            metadata = {"vip": True, "n": 5, "no": None}
            contacts.insert(store, operation, {"name": "Zoë Müller", "metadata": metadata}, contact_id="C")
            visitors.insert(store, operation, {}, visitor_id="visitor", contact_id="C")
        for wanted in (
            Selection(search="MÜLL"),
            Selection(metadata=(MetadataFilter("vip", "true"),)),
            Selection(metadata=(MetadataFilter("n", "5.0"), MetadataFilter("no", "null"))),
        ):
            assert found(store, wanted) == 1, wanted
        with writing(store) as operation:
            contacts.update(store, operation, contact_of(store, "C"), {"name": "Ada", "metadata": {}})
        assert found(store, Selection(search="MÜLL")) == 0
        assert found(store, Selection(search="Ada")) == 1
        assert found(store, Selection(metadata=(MetadataFilter("n"),))) == 0
        with writing(store):
            store.execute("UPDATE visitors SET contact_id = NULL")
            store.execute("DELETE FROM contacts")
        assert store.execute("SELECT count(*) FROM contact_metadata").fetchone() == (0,)
        assert store.execute("SELECT rowid FROM contacts_text WHERE contacts_text MATCH 'Ada'").fetchall() == []


def test_a_new_store_needs_no_other_triggers_and_views() -> None:
    assert list(migration.statements(migration.of_new_store(), migration.expected())) == []


def test_the_printed_statements_make_the_triggers_and_views_what_they_should_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(Memory()) as store, store.writing():
        store.execute("DROP TRIGGER visitors_update")
        store.execute("CREATE TRIGGER visitors_update AFTER UPDATE ON visitors BEGIN SELECT 'earlier'; END")
        store.execute("DROP VIEW v_changes")
        earlier = {f"{kind.upper()} {name}": f"{sql};" for kind, name, _, sql in schema(store) if sql}
        monkeypatch.setattr(migration, "of_new_store", lambda: earlier)
        migration.main()

        printed = ast.literal_eval(f"[{capsys.readouterr().out}]")
        assert [one.split(" (")[0].split("\n")[0] for one in printed] == [
            "DROP TRIGGER visitors_update",
            "CREATE TRIGGER visitors_update AFTER UPDATE ON visitors BEGIN",
            "CREATE VIEW v_changes",
        ]
        for statement in printed:
            store.execute(statement)
        assert schema(store) == schema(open_store(Memory()))
