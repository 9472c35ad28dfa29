"""`visitors __complete`: ids for the shell, fast, and silent on any problem."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from visitors.completion import APPLICATION_ID, LIMIT, complete
from visitors.location import default_database, platform_database, settings_file
from visitors.store.opening import open_store
from visitors.store.places import place_of
from visitors.store.schema import version as store_schema

NOW = "2026-03-01T20:58:11.021Z"


@contextmanager
def unguarded(path: Path) -> Iterator[sqlite3.Connection]:
    """The store's tables without their protecting triggers."""
    with closing(sqlite3.connect(path)) as connection, connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection


def add_visitors(path: Path, *ids: str, deleted_at: str | None = None) -> None:
    with unguarded(path) as connection:
        connection.executemany(
            "INSERT INTO visitors (id, created_at, updated_at, deleted_at) VALUES (?, ?, ?, ?)",
            [(visitor, NOW, NOW, deleted_at) for visitor in ids],
        )


def add_contact(path: Path, contact: str, *, deleted_at: str | None = None, merged_into: str | None = None) -> None:
    with unguarded(path) as connection:
        connection.execute(
            "INSERT INTO contacts (id, name, email, created_at, updated_at, deleted_at, merged_into, search_text)"
            " VALUES (?, 'Ada Lovelace', 'ada@example.org', ?, ?, ?, ?, 'ada lovelace')",
            (contact, NOW, NOW, deleted_at, merged_into),
        )


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "visitors.db"
    open_store(place_of(path)).close()
    monkeypatch.setenv("VISITORS_DB", str(path))
    return path


def completed(*arguments: str) -> list[str]:
    out = io.StringIO()
    assert complete(list(arguments), out) == 0
    return out.getvalue().splitlines()


def test_ids_that_begin_with_the_prefix_in_order(store: Path) -> None:
    add_visitors(store, "vis-b", "vis-a", "other", "VIS-c", "vis")
    assert completed("visitors", "vis-") == ["vis-a", "vis-b"]
    assert completed("visitors", "vis") == ["vis", "vis-a", "vis-b"]
    assert completed("visitors", "") == ["VIS-c", "other", "vis", "vis-a", "vis-b"]


def test_at_most_a_hundred_of_which_the_last_shows_what_all_begin_with(store: Path) -> None:
    add_visitors(store, *(f"v{number:04}" for number in range(250)))
    assert completed("visitors", "v") == [*(f"v{number:04}" for number in range(LIMIT - 1)), "v0249"]
    add_contact(store, "v-contact")
    assert completed("visitors,contacts", "v")[:2] == ["v-contact", "v0000"]
    assert completed("visitors,contacts", "v")[-2:] == ["v0097", "v0249"]


def test_the_store_is_named_by_flag_then_environment_then_default(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, default = tmp_path / "named # 1%2F?.db", tmp_path / "visitors" / "visitors.db"
    for path, visitor in ((store, "v-environment"), (named, "v-flag"), (default, "v-default")):
        open_store(place_of(path)).close()
        add_visitors(path, visitor)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert completed("--db", str(named), "visitors", "v") == ["v-flag"]
    assert completed("visitors", "v") == ["v-environment"]
    assert completed("--db", "", "visitors", "v") == ["v-environment"]
    monkeypatch.delenv("VISITORS_DB")
    if sys.platform == "linux":
        assert completed("visitors", "v") == ["v-default"]


def test_a_store_is_found_by_its_name_and_names_are_completed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(settings_file())
    file.parent.mkdir(parents=True)
    file.write_text(f'[stores.prod]\ndb = "{tmp_path}/named.db"\n[stores.pilot]\ndb = "~/x.db"\n[stores."p;q"]\n')
    for path, visitor in ((store, "v-environment"), (tmp_path / "named.db", "v-named")):
        open_store(place_of(path)).close()
        add_visitors(path, visitor)
    assert completed("stores", "p") == ["pilot", "prod"]
    assert completed("stores", "q") == []
    assert completed("--store", "p", "stores", "p") == ["pilot", "prod"]  # what is being typed is no name yet
    assert completed("--store", "prod", "visitors", "v") == ["v-named"]
    assert completed("--store", "unknown", "visitors", "v") == []
    monkeypatch.setenv("VISITORS_STORE", "prod")
    assert completed("visitors", "v") == ["v-environment"]
    monkeypatch.delenv("VISITORS_DB")
    assert completed("visitors", "v") == ["v-named"]
    file.write_text("[stores")
    assert completed("stores", "") == completed("visitors", "v") == []


def test_a_tilde_is_the_home(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_visitors(store, "v1")
    monkeypatch.setenv("HOME", str(store.parent))
    assert completed("--db", "~/visitors.db", "visitors", "") == ["v1"]


def test_deleted_visitors_are_only_for_restore(store: Path) -> None:
    add_visitors(store, "v-live")
    add_visitors(store, "v-deleted", deleted_at=NOW)
    assert completed("visitors", "v") == ["v-live"]
    assert completed("deleted-visitors", "v") == ["v-deleted"]


def test_contacts_are_ids_and_neither_merged_nor_deleted(store: Path) -> None:
    add_contact(store, "c-live")
    add_contact(store, "c-merged", merged_into="c-live")
    add_contact(store, "c-deleted", deleted_at=NOW)
    assert completed("contacts", "") == ["c-live"]
    assert completed("contacts", "ada") == []
    assert completed("deleted-contacts", "") == ["c-deleted"]


def test_several_kinds_at_once(store: Path) -> None:
    add_visitors(store, "x-visitor")
    add_contact(store, "x-contact")
    assert completed("visitors,contacts", "x") == ["x-contact", "x-visitor"]


def test_conversations_and_operations(store: Path) -> None:
    add_visitors(store, "v1")
    with unguarded(store) as connection:
        connection.execute(
            "INSERT INTO conversations (id, status, priority, visitor_id, created_at, updated_at, search_text)"
            " VALUES ('talk-1', 'open', 'normal', 'v1', ?, ?, '')",
            (NOW, NOW),
        )
        connection.execute(
            "INSERT INTO operations (id, at, actor, command, arguments) VALUES ('op-1', ?, 'ada', 'create', '[]')",
            (NOW,),
        )
    assert completed("conversations", "talk") == ["talk-1"]
    assert completed("operations", "op") == ["op-1"]


@pytest.mark.parametrize(
    "hostile", ["x$(touch F)", "x`id`", "x y", "x\ny", "x'", 'x"', "x;y", "xé", "x\x1b[2J", "-x", "x*"]
)
def test_only_tokens_are_offered(store: Path, hostile: str) -> None:
    add_visitors(store, hostile, "x1")
    assert completed("visitors", "") == ["x1"]
    assert completed("visitors", hostile) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["visitors"],
        ["names", ""],
        ["visitors", "v", "more"],
        ["--db"],
        ["--db", "missing/store.db", "visitors", ""],
        ["--db", ".", "visitors", ""],
        ["--db", "https://example.org/db", "visitors", ""],
        ["--db", "nul\0byte", "visitors", ""],
        ["visitors,", ""],
        ["visitors", "v%"],
        ["visitors", "v' OR 1=1 --"],
    ],
)
def test_invalid_arguments_offer_nothing(store: Path, arguments: list[str]) -> None:
    add_visitors(store, "v1")
    assert completed(*arguments) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(4096)])
def test_a_file_that_is_no_store_offers_nothing(store: Path, content: bytes) -> None:
    store.write_bytes(content)
    assert completed("visitors", "") == []
    assert store.read_bytes() == content


def test_the_database_of_another_program_offers_nothing(store: Path) -> None:
    add_visitors(store, "v1")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA application_id = 7")
    assert completed("visitors", "") == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert completed("--db", str(pipe), "visitors", "") == []


def test_a_query_without_end_is_given_up(store: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'v' || i FROM n"
    with unguarded(store) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.execute("ALTER TABLE visitors RENAME TO hidden")
        connection.execute(f"CREATE VIEW visitors (id, deleted_at) AS SELECT *, NULL FROM ({endless})")
    assert completed("visitors", "") == []


def test_no_file_is_made(store: Path, tmp_path: Path) -> None:
    add_visitors(store, "v1")
    before = sorted(tmp_path.rglob("*"))
    assert completed("visitors", "") == ["v1"]
    assert completed("--db", str(tmp_path / "new.db"), "visitors", "") == []
    assert sorted(tmp_path.rglob("*")) == before


def test_what_another_process_has_just_written_is_seen(store: Path) -> None:
    with closing(sqlite3.connect(store)) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("SELECT 1 FROM visitors").fetchall()
        add_visitors(store, "v1")
        assert completed("visitors", "") == ["v1"]


def test_a_writer_is_not_waited_for(store: Path) -> None:
    add_visitors(store, "v1")
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert completed("visitors", "") == ["v1"]


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/ada"},
        {"HOME": "/home/ada/"},
        {"HOME": "/"},
        {"HOME": "/home/ada", "XDG_DATA_HOME": "/srv/data"},
        {"HOME": "/home/ada", "XDG_DATA_HOME": "/srv/data/"},
        {"HOME": "/home/ada", "XDG_DATA_HOME": "relative"},
        {"HOME": "/home/ada", "XDG_DATA_HOME": ""},
        {"HOME": "relative"},
        {},
    ],
)
def test_the_default_is_that_of_the_settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_database() == platform_database()


def test_the_store_is_known_by_the_same_number() -> None:
    assert APPLICATION_ID == store_schema.APPLICATION_ID


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_ids_are_found_by_index(store: Path, order: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM visitors"
            f" WHERE id >= 'v' AND id < 'v~' AND deleted_at IS NULL ORDER BY id {order} LIMIT 100"
        ).fetchall()
    assert [row[3].startswith("SEARCH visitors USING INDEX") for row in plan] == [True]


def test_nothing_heavy_is_imported(store: Path) -> None:
    add_visitors(store, "v1")
    code = (
        "import sys; from visitors.completion import complete; complete(['visitors', ''], sys.stdout);"
        "print(*sorted({'typer', 'rich', 'msgspec', 'platformdirs', 'pathlib', 're', 'tomllib', 'typing',"
        " 'visitors.settings'} & set(sys.modules)))"
    )
    # -S: without imports from site-packages at start
    found = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == ["v1", ""]


def test_the_entry_answers_before_anything_else(store: Path) -> None:
    add_visitors(store, "v1")
    code = (
        "import sys; sys.modules['typer'] = None; from visitors.main import main; main(['__complete', 'visitors', 'v'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr, found.returncode) == ("v1\n", "", 0)
