"""The views that other programs read."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from views_agree import as_told, assert_views_agree, flat, read
from visitors.domain.block import Block
from visitors.domain.times import from_milliseconds
from visitors.output import history_shapes, shapes
from visitors.output.cells import field_names
from visitors.store import views
from visitors.store.file.opening import open_store
from visitors.store.places import File, Memory
from visitors.store.records import blocks, contacts, states, visitors
from visitors.store.store import Store
from visitors.store.views import PREFIX, VIEWS

Visitors = Callable[..., Any]

NOW = 1_772_000_000_000


def test_the_views_of_a_store_are_those_that_are_written_for_the_fields() -> None:
    with open_store(Memory()) as store:
        found = store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall()

    assert {name: f"{sql};" for name, sql in found} == {f"{PREFIX}{view}": views.in_store(view) for view in VIEWS}


@pytest.mark.parametrize(
    ("view", "shape"),
    [
        ("visitors", shapes.VISITOR),
        ("contacts", shapes.LISTED_CONTACT),
        ("conversations", shapes.CONVERSATION),
        ("messages", shapes.MESSAGE),
        ("operations", history_shapes.OPERATION),
        ("changes", history_shapes.CHANGE),
    ],
)
def test_the_columns_of_a_view_are_the_keys_of_show(view: str, shape: Any) -> None:
    with open_store(Memory()) as store:
        columns = [row[0] for row in store.execute(f"SELECT name FROM pragma_table_info('{PREFIX}{view}')").fetchall()]

    assert tuple(columns) == VIEWS[view]
    assert set(shape.fields) - set(columns) == (set(views.TOLD_OF_OPERATIONS) if view == "operations" else set())


def test_a_block_also_has_its_state() -> None:
    assert VIEWS["blocks"] == (*field_names(Block), "state")


def test_every_column_has_a_meaning_and_a_type() -> None:
    described = list(views.described())

    assert [(one.view, one.column) for one in described] == [(view, one) for view in VIEWS for one in VIEWS[view]]
    assert [one for one in described if not one.meaning or not one.type] == []


moments = st.none() | st.integers(-2, 2).map(lambda hours: from_milliseconds(NOW + hours * 3_600_000))
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
numbers = st.none() | st.floats(-90, 90)


@pytest.mark.slow
@given(
    browser=st.fixed_dictionaries({"city": texts, "latitude": numbers, "longitude": numbers, "browserVersion": texts}),
    person=st.none()
    | st.fixed_dictionaries({"name": texts, "metadata": st.dictionaries(st.text("ab", min_size=1), texts)}),
    barred=st.lists(st.tuples(st.booleans(), moments, st.booleans()), max_size=3),
    deleted=st.booleans(),
    changed=texts,
)
def test_a_row_is_what_show_says_of_the_record(
    browser: dict[str, Any],
    person: dict[str, Any] | None,
    barred: list[tuple[bool, str | None, bool]],
    deleted: bool,  # noqa: FBT001 - drawn by hypothesis
    changed: str | None,
) -> None:
    now = from_milliseconds(NOW)
    with open_store(Memory()) as store:

        def writing() -> Any:
            return store.operation("test", actor="tester", clock=lambda: now)

        with writing() as operation:
            contact = contacts.insert(store, operation, person) if person is not None else None
            visitor = visitors.insert(store, operation, browser, contact_id=contact)
            other = visitors.insert(store, operation, {"city": "Oslo"}, contact_id=contact)
        for of_contact, ends, lifted in barred:
            target, one = ("contact", contact) if of_contact and contact else ("visitor", visitor)
            with writing() as operation:
                blocks.add(store, operation, target, [one], expires_at=ends, blocked_by="ada")  # type: ignore[arg-type]
            if lifted:
                with writing() as operation:
                    live = blocks.live(store, target, [one], operation.at)  # type: ignore[arg-type]
                    blocks.lift(store, operation, [block.id for block in live.get(one, ())])
        with writing() as operation:
            visitors.update(store, operation, [visitor], {"city": changed})
            if deleted:
                states.set_deleted(store, operation, "visitor", [other], deleted=True)

        assert_views_agree(store, now)


@pytest.fixture
def furnished(visitors: Visitors) -> None:
    """A store with records of every kind, and a history of undo, redo and removals."""
    for name in ("v", "w", "x"):
        visitors("create", "--id", name, "--language", "en", "--latitude", "0.1")
    visitors(
        "identify", "v", "--external-id", "u1", "--email", "zoe@example.com", "--name", "Zoe", "--metadata", "n:=1"
    )
    visitors("identify", "w", "--email", "yan@example.com")
    visitors("block", "x", "--for", "1d")
    talk = visitors("conversations", "start", "v", "--title", "Help", "--message", "hello").stdout.strip()
    visitors("conversations", "reply", talk, "yes?", "--as-agent", "kim")
    visitors("block", "--contact", "ext:u1", "--reason", "spam")
    visitors("contacts", "merge", "ext:u1", "yan@example.com", "--yes")
    visitors("delete", "w")
    for name in ("gone", "back"):
        visitors("create", "--id", name, "--city", "Oslo")
        visitors("update", name, "--city", "Rome")
        first = visitors("history", name, "--format", "json").json[-1]["operationId"]
        undo = visitors("undo", first, "--cascade").stdout.strip()
        again = visitors("undo", undo).stdout.strip()
        visitors("update", name, "--city", "Bern")
        if name == "gone":
            visitors("undo", again, "--cascade")
    visitors("create", "--id", "erased")
    visitors("erase", "erased", "--yes")


@pytest.mark.usefixtures("furnished")
def test_views_say_what_records_say_after_merges_undos_and_erasures(store_path: Path) -> None:
    with open_store(File.at(store_path)) as store, store.reading():
        for now in ("2026-03-01T12:00:00.000Z", from_milliseconds(NOW * 2)):
            assert_views_agree(store, now)


def test_a_record_restored_with_other_values_is_shown_as_restored(store_path: Path) -> None:
    now = from_milliseconds(NOW)
    with open_store(File.at(store_path)) as store:
        for sql in (
            "INSERT INTO visitors (pk, id, city, created_at, updated_at) VALUES (1, 'v', 'Oslo', '', '')",
            "UPDATE visitors SET city = 'Rome'",
            "DELETE FROM visitors",
            "INSERT INTO visitors (pk, id, city, created_at, updated_at) VALUES (1, 'v', 'Bern', '', '')",
            "UPDATE visitors SET city = 'Lima'",
        ):
            with store.operation("test", actor="tester", clock=lambda: now):
                store.execute(sql)

        with store.reading():
            assert_views_agree(store, now)
            created = [one["after"]["city"] for one in read(store, "changes", now) if one["action"] == "created"]

    assert sorted(created) == ["Bern", "Oslo"]


Reader = Callable[[Path, str], list[dict[str, Any]]]


def by_python(path: Path, sql: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


def by_sqlite_utils(path: Path, sql: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return list(Database(connection).query(sql))


def by_shell(path: Path, sql: str) -> list[dict[str, Any]]:
    shell = shutil.which("sqlite3")
    if shell is None:
        pytest.skip("sqlite3 is not installed")
    own = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}  # with its own SQLite
    done = subprocess.run([shell, "-readonly", "-json", path, sql], capture_output=True, text=True, check=True, env=own)
    return json.loads(done.stdout or "[]")  # type: ignore[no-any-return]


@pytest.fixture(params=[by_python, by_sqlite_utils, by_shell])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.usefixtures("furnished")
def test_other_programs_see_what_show_shows(visitors: Visitors, store_path: Path, reader: Reader) -> None:
    seen = {row["id"]: as_told(row) for row in reader(store_path, "SELECT * FROM v_visitors")}

    assert sorted(seen) == ["back", "v", "w", "x"]
    for name, row in seen.items():
        assert row == flat(visitors("show", name, "--format", "json").json)
    zoe = visitors("contacts", "show", "ext:u1", "--format", "json").json
    (contact,) = map(as_told, reader(store_path, "SELECT * FROM v_contacts"))
    assert contact == {key: zoe[key] for key in contact}


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("view", VIEWS)
def test_other_programs_can_read_every_view(store_path: Path, reader: Reader, view: str) -> None:
    rows = reader(store_path, f"SELECT * FROM v_{view}")

    assert rows
    assert all(tuple(row) == VIEWS[view] for row in rows)


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("words", ["zoe", "example.com", "ZOE exam"])
def test_other_programs_can_search_contacts(store_path: Path, words: str) -> None:
    with closing(sqlite3.connect(f"{store_path.as_uri()}?mode=ro", uri=True)) as connection:
        contacts = Database(connection)["contacts"]
        assert contacts.detect_fts() == "contacts_text"  # type: ignore[union-attr]
        found = list(contacts.search(words, quote=True))  # type: ignore[union-attr]

    assert "zoe@example.com" in {row["email"] for row in found}


def test_the_views_of_a_store_judge_by_its_own_clock(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "v")
    visitors("block", "v", "--until", "2026-03-02", now="2026-03-01T12:00:00Z")
    visitors("create", "--id", "w")
    visitors("block", "w", "--until", "9999-01-01")

    rows = by_python(store_path, "SELECT id, isBlocked FROM v_visitors ORDER BY id")
    assert rows == [{"id": "v", "isBlocked": 0}, {"id": "w", "isBlocked": 1}]


def test_a_count_of_visitors_reads_nothing_else(tmp_path: Path) -> None:
    with open_store(File.at(tmp_path / "visitors.db")) as store:
        plan = plan_of(store, "SELECT count(*) FROM v_visitors")

    assert "contacts" not in plan
    assert "blocks" not in plan


def test_the_visitors_of_a_contact_are_found_by_an_index(tmp_path: Path) -> None:
    with open_store(File.at(tmp_path / "visitors.db")) as store:
        plan = plan_of(
            store,
            "SELECT v.id FROM v_contacts AS c JOIN v_visitors AS v ON v.\"contact.id\" = c.id WHERE c.email = 'a'",
        )

    assert "contacts_email" in plan
    assert "visitors_contact" in plan


def plan_of(store: Store, sql: str) -> str:
    return "\n".join(row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
