"""Texts are found by a part of them, whatever the case of letters; what finds them follows every change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from visitors.domain.selection import Selection
from visitors.errors import StoreProblem, VisitorsError
from visitors.store import bulk, contacts, derived, search, texts, visitors
from visitors.store.aside import Elsewhere, Here
from visitors.store.connection import Store
from visitors.store.listing import Page
from visitors.store.opening import open_store
from visitors.store.schema import RECORDED

AT = "2026-03-01T12:00:00.000Z"
# letters whose cases are no simple matter, and what has a meaning in patterns and in queries
LETTERS = 'abkKsSſiIıİßẞéÉåÅµμΜσςΣΩ太郎яЯ"*?[]^-%_\\ {}:'


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["here", "elsewhere"])
def in_a_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have texts indexed in this process, and in one of its own, however few there are."""
    monkeypatch.setattr(texts, "_WORTH_A_PROCESS", 1 if request.param else 1_000_000)


def found(store: Store, text: str) -> list[str]:
    return [visitor.id for visitor in visitors.select(store, Selection(search=text), Page(), AT)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(LETTERS, min_size=1, max_size=12), text=st.text(LETTERS, min_size=3, max_size=4))
@example(name="GROSS ẞ", text="ss ß")
@example(name="a[b]c", text="[b]")
@example(name="^^a^", text="^a^")
@example(name="KELVIN", text="kel")
def test_testing_a_row_and_asking_the_index_agree(store: Store, name: str, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
        contacts.insert(store, operation, {"name": name}, contact_id="C")
        by_index = store.execute(
            "SELECT count(*) FROM contacts_text WHERE contacts_text MATCH ?", (search.phrase(text),)
        ).fetchone()
        by_test = store.execute(
            "SELECT count(*) FROM contacts WHERE name GLOB ? OR id GLOB ?", (search.containing(text),) * 2
        ).fetchone()
    assert by_index == by_test


@pytest.mark.parametrize("text", ["MÜLLER", "müller", "ü", "Ü", "lle", 'Jo"s', '"', "u*r", "r?_", "太郎さ", "郎"])
def test_a_part_of_a_name_is_found_whatever_its_letters(store: Store, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contact = contacts.insert(store, operation, {"name": 'Jo"s Müller u*r?_ 太郎さん'})
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id=contact)
        visitors.insert(store, operation, {}, visitor_id="v2")
    assert found(store, text) == ["v1"]


@pytest.mark.parametrize("text", ["Muller", "zzz", "z", "u.r", "%", "J_"])
def test_what_is_not_there_is_not_found(store: Store, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contact = contacts.insert(store, operation, {"name": "Jo Müller u*r"})
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id=contact)
    assert found(store, text) == []


def test_the_id_of_a_contact_is_found_among_contacts_and_not_among_visitors(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contacts.insert(store, operation, {}, contact_id="ADALBERT")
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id="ADALBERT")
    assert found(store, "dalb") == []
    listed = contacts.select(store, contacts.Filter(search="dalb"), Page(), AT)
    assert [contact.id for contact in listed] == ["ADALBERT"]


DERIVED = (
    "SELECT rowid FROM visitors_text WHERE visitors_text MATCH '\"isi\"'",
    "SELECT rowid FROM contacts_text WHERE contacts_text MATCH '\"ada\"'",
    "SELECT rowid FROM contacts_text WHERE contacts_text MATCH '\"bob\"'",
    "SELECT key, value, typeof(value), contact_id FROM contact_metadata",
)


def rows_derived(store: Store) -> list[list[tuple[object, ...]]]:
    return [store.execute(sql).fetchall() for sql in DERIVED]


def test_what_is_derived_follows_every_change_and_can_be_made_anew(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="visitor")
        for name in ("Ada", "Bob", "gone"):
            metadata = {"n": 5, "real": 0.5, "t": True, "no": None, "s": "5", "name": name}
            contacts.insert(store, operation, {"name": name, "metadata": metadata}, contact_id=name)
        contacts.update(store, operation, "Ada", {"name": "Bob", "metadata": {"n": 5.0, "new": "x"}})
        store.execute("DELETE FROM contacts WHERE id = 'gone'")

    after = rows_derived(store)
    assert after[0] == [(1,)]
    assert after[1] == [(1,)]  # its id
    assert after[2] == [(1,), (2,)]
    assert {row for row in after[3] if row[3] == "Ada"} == {
        ("n", 5.0, "real", "Ada"), ("new", "x", "text", "Ada")
    }  # fmt: skip
    assert {row for row in after[3] if row[3] == "Bob"} == {
        ("n", 5, "integer", "Bob"), ("name", "Bob", "text", "Bob"), ("no", "null", "text", "Bob"),
        ("real", 0.5, "real", "Bob"), ("s", "5", "text", "Bob"), ("t", "true", "text", "Bob"),
    }  # fmt: skip
    assert {row[3] for row in after[3]} == {"Ada", "Bob"}
    for table in ("visitors_text", "contacts_text"):
        store.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")

    with store.writing():
        for table in ("visitors_text", "contacts_text"):
            store.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")
        store.execute("DELETE FROM contact_metadata")
        assert rows_derived(store) != after
        derived.rebuild(store)
    assert rows_derived(store) == after


def test_the_triggers_named_are_those_that_there_are(store: Store) -> None:
    names = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    recording = {f"{table}_{event}" for table in RECORDED.values() for event in ("insert", "update", "delete")}
    assert set(derived.TRIGGERS) == names - recording


@pytest.mark.usefixtures("in_a_process")
@pytest.mark.parametrize("path", [None, Path(":memory:")])
def test_what_is_indexed_beside_is_found_at_once_and_followed_by_what_comes_after(
    store_path: Path, path: Path | None
) -> None:
    with open_store(path or store_path) as store:
        with store.operation("test", actor="ada", clock=lambda: AT) as operation:
            # in the index, but not yet written: it must not come back
            visitors.insert(store, operation, {}, visitor_id="written-before")
            derived.rebuild(store, ["CREATE TEMP TABLE meanwhile AS SELECT 1"])
            visitors.insert(store, operation, {}, visitor_id="written-after")
            assert found_by_index(store, "written") == ["written-after", "written-before"]
        with store.operation("test", actor="ada", clock=lambda: AT):
            store.execute("DELETE FROM visitors WHERE id = 'written-before'")
        assert found_by_index(store, "written") == ["written-after"]
        for table in texts.TEXTS:
            store.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")


@pytest.mark.usefixtures("in_a_process")
def test_when_what_goes_on_beside_fails_the_indexes_stay_as_they_were(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="first")
    with pytest.raises(KeyboardInterrupt):
        write_and_rebuild(store, KeyboardInterrupt)
    assert found_by_index(store, "irst") == ["first"]
    assert found_by_index(store, "econd") == []
    assert threading.active_count() == 1


@pytest.mark.usefixtures("in_a_process")
def test_what_the_second_core_cannot_do_is_told_by_the_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    index = texts.TextIndexes._index

    def index_without_room(self: texts.TextIndexes, aside: Here | Elsewhere, table: str, number: int) -> None:
        aside.execute("PRAGMA max_page_count = 1")
        index(self, aside, table, number)

    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for number in range(500):  # more than the pages that are there can hold
            visitors.insert(store, operation, {}, visitor_id=f"{number**7:x}")
    monkeypatch.setattr(texts.TextIndexes, "_index", index_without_room)
    with pytest.raises(StoreProblem, match="the disk is full"):
        write_and_rebuild(store)
    assert found_by_index(store, "econd") == []


def test_a_process_that_ends_while_it_indexes_leaves_the_indexes_as_they_were(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_WORTH_A_PROCESS", 1)
    index = texts.TextIndexes._index

    def index_and_kill(self: texts.TextIndexes, aside: Here | Elsewhere, table: str, number: int) -> None:
        index(self, aside, table, number)
        aside.stop()

    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="first")
    monkeypatch.setattr(texts.TextIndexes, "_index", index_and_kill)
    with pytest.raises(VisitorsError, match="ended before they were made"):
        write_and_rebuild(store)
    assert found_by_index(store, "irst") == ["first"]
    assert found_by_index(store, "econd") == []
    assert all(texts.agrees(store, table) for table in texts.TEXTS)


def test_visitors_that_come_are_indexed_as_they_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(texts, "_AT_ONCE", 3)
    handed_over = []
    with (
        store.operation("test", actor="ada", clock=lambda: AT) as operation,
        bulk.derived_at_the_end(store, keep=()) as indexes,
    ):
        for number in range(10):
            visitors.insert(store, operation, {}, visitor_id=f"visitor-{number}")
            contacts.insert(store, operation, {"name": f"Ada {number}"}, contact_id=f"contact-{number}")
            indexes.follow("visitors_text")
            handed_over.append(len(indexes._jobs))
        contacts.update(store, operation, "contact-0", {"name": "Grace"})  # one that is not yet
    assert handed_over == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    assert found_by_index(store, "visitor") == [f"visitor-{number}" for number in range(10)]
    assert all(texts.agrees(store, table) for table in texts.TEXTS)


def test_few_visitors_that_come_are_left_to_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_AT_ONCE", 1)
    with (
        store.operation("test", actor="ada", clock=lambda: AT) as operation,
        bulk.derived_at_the_end(store, keep=()) as indexes,
    ):
        visitors.insert(store, operation, {}, visitor_id="first")
        indexes.follow("visitors_text")
        assert indexes._jobs == []
    assert found_by_index(store, "irst") == ["first"]


@pytest.mark.usefixtures("in_a_process")
def test_texts_are_indexed_many_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_AT_ONCE", 2)
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for number in range(7):
            visitors.insert(store, operation, {}, visitor_id=f"visitor-{number}")
            contacts.insert(store, operation, {"name": f"Ada {number}", "email": None}, contact_id=f"contact-{number}")
        store.execute("DELETE FROM visitors WHERE id IN ('visitor-2', 'visitor-3', 'visitor-4')")
        derived.rebuild(store)
    assert found_by_index(store, "visitor") == [f"visitor-{number}" for number in (0, 1, 5, 6)]
    assert all(texts.agrees(store, table) for table in texts.TEXTS)


def test_what_was_indexed_as_a_whole_is_not_merged_at_once_by_later_writes(store: Store) -> None:
    def pieces() -> list[int]:
        return [row[0] for row in store.execute("SELECT DISTINCT segid FROM visitors_text_idx ORDER BY segid")]

    def write(name: str) -> None:
        with store.operation("test", actor="ada", clock=lambda: AT) as operation:
            visitors.insert(store, operation, {}, visitor_id=name)

    write("first")
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="second")
        derived.rebuild(store)
    (whole,) = pieces()
    for number in range(40):
        write(f"later-{number}")
    assert whole in pieces()
    assert len(pieces()) < 40  # while those of the writes themselves are merged
    assert found_by_index(store, "first") == ["first"]
    assert len(found_by_index(store, "later")) == 40
    assert texts.agrees(store, "visitors_text")


def write_and_rebuild(store: Store, error: type[BaseException] | None = None) -> None:
    def others() -> Iterator[str]:
        if error is not None:
            raise error
        yield "SELECT 1"

    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="second")
        derived.rebuild(store, others())


def found_by_index(store: Store, text: str) -> list[str]:
    sql = "SELECT v.id FROM visitors_text AS t JOIN visitors AS v ON v.pk = t.rowid WHERE visitors_text MATCH ?"
    return sorted(row[0] for row in store.execute(sql, (search.phrase(text),)))
