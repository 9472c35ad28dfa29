"""Text search: by any substring, ignoring case; the indexes follow every change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from visitors.domain.contact import Contact
from visitors.domain.contact_selection import ContactSelection
from visitors.domain.folding import fold
from visitors.domain.ids import ALPHABET
from visitors.domain.normalise import TEXT_LIMIT
from visitors.domain.selection import Selection
from visitors.store.load import bulk, indexes
from visitors.store.opening import open_store
from visitors.store.places import Memory, place_of
from visitors.store.query import plans, search
from visitors.store.query.listing import Page
from visitors.store.records import contacts, visitors
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store

AT = "2026-03-01T12:00:00.000Z"
# letters with complex case mappings, and characters with a meaning in patterns and queries
LETTERS = "abkKsSſiIıİßẞéÉåÅµμΜσςΣΩ太郎яЯ\"*?[]^-%_\\ {}:!'(),"
# letters of other scripts: with and without case, right to left, combining, beyond 16 bits
SCRIPTS = "ăŞøñΑαϊԲբЖжאשمرहिन्दீไทยㅎ한あア\u0301\u200d\u202e👩🏽𝕏𐐀𐐨"
ID_LETTERS = "aAbBkKsS019_.:-"
COLUMNS = ("external_id", "name", "email")


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(place_of(store_path)) as opened:
        yield opened


def contact_of(store: Store, contact_id: str) -> Contact:
    found = contacts.find(store, contact_id, AT)
    assert found is not None
    return found


def found(store: Store, text: str) -> list[str]:
    return [visitor.id for visitor in visitors.select(store, Selection(search=text), Page(), AT)]


def contacts_found(store: Store, text: str) -> list[str]:
    return [contact.id for contact in contacts.select(store, ContactSelection(search=text), Page(), AT)]


def contains(texts: Iterable[str | None], text: str) -> bool:
    return any(fold(text) in fold(one) for one in texts if one is not None)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(LETTERS + SCRIPTS, min_size=1, max_size=12),
    text=st.text(LETTERS + SCRIPTS, min_size=3, max_size=3).map(fold).filter(lambda text: len(text) == 3),
)
@example(name="a[b]c", text="[b]")
@example(name="^^a^", text="^a^")
@example(name="KELVIN", text="kel")
@example(name="a!_%b", text="!_%")
def test_the_index_finds_three_letters_where_a_test_of_the_row_does(store: Store, name: str, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
        contacts.insert(store, operation, {"name": name})
        counted = "SELECT count(*) FROM"
        by_index = store.execute(f"{counted} contacts_text WHERE contacts_text MATCH ?", (search.trigrams(text),))
        by_test = store.execute(f"{counted} contacts WHERE instr(search_text, ?)", (text,))
        assert by_index.fetchone() == by_test.fetchone() == (int(contains([name], text)),)


# Short words of few letters, so texts are often substrings of others; and words of anything.
words = (
    st.text("abAB *", min_size=1, max_size=8)
    | st.text(LETTERS, min_size=1, max_size=8)
    | st.text(LETTERS + SCRIPTS, min_size=1, max_size=8)
)
ids = st.text(ID_LETTERS, min_size=1, max_size=8)
people = st.fixed_dictionaries({}, optional={"name": words, "email": words})
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("contact"), ids, people),
        st.tuples(st.just("visitor"), ids, st.integers(0, 4)),
        st.tuples(st.just("update"), st.integers(0, 4), people),
        st.tuples(st.just("remove"), st.integers(0, 4), st.none()),
    ),
    min_size=1,
    max_size=8,
)
# Writes, and whether they are part of a load, after which everything is reindexed.
chapters = st.lists(st.tuples(deeds, st.booleans()), min_size=1, max_size=3)


class Book:
    """A store under test, and its expected content."""

    def __init__(self, store: Store, operation: OpenOperation) -> None:
        self.store = store
        self.operation = operation
        self.contacts: dict[str, dict[str, Any]] = {}
        self.visitors: dict[str, str | None] = {}

    def write(self, all_deeds: list[tuple[str, Any, Any]]) -> None:
        for deed, which, told in all_deeds:
            known = sorted(self.contacts)
            if deed == "contact" and which not in self.contacts:
                external_id = f"x{which}*" if len(known) % 2 else None
                fields = {**told, "externalId": external_id}
                contacts.insert(self.store, self.operation, fields, contact_id=which)
                self.contacts[which] = {"external_id": external_id, **told}
            elif deed == "visitor" and which not in self.visitors:
                contact = known[told] if told < len(known) else None
                visitors.insert(self.store, self.operation, {}, visitor_id=which, contact_id=contact)
                self.visitors[which] = contact
            elif deed == "update" and which < len(known):
                contacts.update(self.store, self.operation, contact_of(self.store, known[which]), told)
                self.contacts[known[which]].update(told)
            elif deed == "remove" and which < len(known):
                # as undo does, with whatever is left of it
                contact = known[which]
                visitors.unlink(self.store, self.operation, [v for v, c in self.visitors.items() if c == contact])
                self.visitors = {v: None if c == contact else c for v, c in self.visitors.items()}
                self.store.execute("DELETE FROM contacts WHERE id = ?", (contact,))
                del self.contacts[contact]

    def texts(self, contact: str | None) -> list[str | None]:
        """The search texts of a contact, besides its id."""
        return [self.contacts[contact].get(column) for column in COLUMNS] if contact is not None else []


@settings(max_examples=150, deadline=None)
@given(all_chapters=chapters, looked_for=st.lists(words | ids, min_size=1, max_size=4), data=st.data())
def check_searches(
    store: Store, all_chapters: list[tuple[list[Any], bool]], looked_for: list[str], data: st.DataObject
) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
        book = Book(store, operation)
        for all_deeds, is_load in all_chapters:
            if is_load:
                with bulk.indexed_at_the_end(store, keep=()):
                    book.write(all_deeds)
            else:
                book.write(all_deeds)
            there = [*book.visitors, *book.contacts, *(t for c in book.contacts for t in book.texts(c) if t)]
            # substrings of existing texts, in other cases
            parts = [part(data.draw(st.sampled_from(there)), data) for _ in range(3)] if there else []
            for text in [*looked_for, *parts]:
                of_visitors = {v for v, c in book.visitors.items() if contains([v, *book.texts(c)], text)}
                of_contacts = {c for c in book.contacts if contains([c, *book.texts(c)], text)}
                event("found" if of_visitors or of_contacts else "not found")
                for few in (0, 1_000):
                    with pytest.MonkeyPatch.context() as patch:
                        patch.setattr(plans, "FEW", few)
                        patch.setattr(plans, "FEW_OF_ALL", few)
                        assert sorted(found(store, text)) == sorted(of_visitors)
                        assert visitors.count(store, Selection(search=text), AT) == len(of_visitors)
                        assert sorted(contacts_found(store, text)) == sorted(of_contacts)
                        assert contacts.count(store, ContactSelection(search=text), AT) == len(of_contacts)
            store.execute("INSERT INTO contacts_text (contacts_text, rank) VALUES ('integrity-check', 1)")


def part(text: str, data: st.DataObject) -> str:
    """A substring of a text, in random case."""
    start = data.draw(st.integers(0, len(text) - 1))
    some = text[start : start + data.draw(st.integers(1, 6))]
    return data.draw(st.sampled_from([some, some.upper(), some.lower(), some.swapcase(), normalize("NFD", some)]))


def test_a_search_finds_just_what_contains_the_text_whatever_was_done_and_loaded() -> None:
    with open_store(Memory()) as store:
        check_searches(store)


@pytest.mark.parametrize(
    "text",
    ["MÜLLER", "müller", "Muller", "mu\u0308ller", "ü", "Ü", "u", "lle", 'Jo"s', '"', "u*r", "r?_", "太郎さ", "郎"],
)
def test_a_part_of_a_name_is_found_whatever_its_letters(store: Store, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contact = contacts.insert(store, operation, {"name": 'Jo"s Müller u*r?_ 太郎さん'})
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id=contact)
        visitors.insert(store, operation, {}, visitor_id="v2")
    assert found(store, text) == ["v1"]


@pytest.mark.parametrize(
    "text", ["zzz", "z", "u.r", "%", "J_", "Jo Müller u*s", "ler Mül", "\u0301", "\u0301\u0300\u0302"]
)
def test_missing_text_is_not_found(store: Store, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contact = contacts.insert(store, operation, {"name": "Jo Müller u*r"})
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id=contact)
    assert found(store, text) == []


def test_all_letters_in_threes_without_the_text_is_no_match(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for visitor, name in (("v1", "abcd"), ("v2", "bcd abc"), ("v3", "abc"), ("v4", "abc")):
            contact = contacts.insert(store, operation, {"name": name, "email": "bcd" if visitor == "v3" else None})
            visitors.insert(store, operation, {}, visitor_id=visitor, contact_id=contact)
    assert found(store, "ABCD") == ["v1"]
    # matched by scanning few: those with all trigrams anywhere
    sql = "SELECT rowid FROM contacts_text WHERE contacts_text MATCH ? ORDER BY rowid"
    assert store.execute(sql, (search.trigrams("ABCD"),)).fetchall() == [(1,), (2,), (3,)]


@pytest.mark.parametrize("text", ["_1", "a_1", "A_1-B", "1-b:c.d", "_", ":"])
def test_a_part_of_an_id_is_found_literally_and_in_any_case(store: Store, text: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for one in ("xA_1-b:C.d", "xAx1xbxCxd"):
            contacts.insert(store, operation, {}, contact_id=one)
            visitors.insert(store, operation, {}, visitor_id=one)
    assert found(store, text) == ["xA_1-b:C.d"]
    assert contacts_found(store, text) == ["xA_1-b:C.d"]


def test_a_text_as_long_as_may_be_is_searched_for(store: Store) -> None:
    name = "".join(ALPHABET[(number * 7) % 32] + "kſσ"[number % 3] for number in range(TEXT_LIMIT // 2))
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contact = contacts.insert(store, operation, {"name": name})
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id=contact)
    for few in (0, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plans, "FEW", few)
            patch.setattr(plans, "FEW_OF_ALL", few)
            assert found(store, name.swapcase()) == ["v1"]
            assert found(store, "Y" + name[1:]) == []
            assert contacts_found(store, name.upper()) == [contact]


def test_the_id_of_a_contact_is_found_among_contacts_and_not_among_visitors(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contacts.insert(store, operation, {}, contact_id="ADALBERT")
        visitors.insert(store, operation, {}, visitor_id="v1", contact_id="ADALBERT")
    assert found(store, "dalb") == []
    assert contacts_found(store, "dalb") == ["ADALBERT"]


DERIVED = (
    "SELECT rowid FROM contacts_text WHERE contacts_text MATCH '\"ada\"'",
    "SELECT rowid FROM contacts_text WHERE contacts_text MATCH '\"bob\"'",
    "SELECT key, value, typeof(value), c.id FROM contact_metadata AS m LEFT JOIN contacts AS c ON c.pk = m.contact",
)


def rows_derived(store: Store) -> list[list[tuple[object, ...]]]:
    return [sorted(store.execute(sql).fetchall()) for sql in DERIVED]


def test_the_indexes_of_contacts_follow_every_change_and_can_be_rebuilt(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for name in ("Ada", "Bob", "gone"):
            metadata = {"n": 5, "real": 0.5, "t": True, "no": None, "s": "5", "name": name}
            contacts.insert(store, operation, {"name": name, "metadata": metadata}, contact_id=name)
        contacts.update(store, operation, contact_of(store, "Ada"), {"name": "Bob", "metadata": {"n": 5.0, "new": "x"}})
        store.execute("DELETE FROM contacts WHERE id = 'gone'")

    after = rows_derived(store)
    assert after[0] == []
    assert after[1] == [(1,), (2,)]
    assert {row for row in after[2] if row[3] == "Ada"} == {
        ("n", 5.0, "real", "Ada"), ("new", "x", "text", "Ada")
    }  # fmt: skip
    assert {row for row in after[2] if row[3] == "Bob"} == {
        ("n", 5, "integer", "Bob"), ("name", "Bob", "text", "Bob"), ("no", "null", "text", "Bob"),
        ("real", 0.5, "real", "Bob"), ("s", "5", "text", "Bob"), ("t", "true", "text", "Bob"),
    }  # fmt: skip
    assert {row[3] for row in after[2]} == {"Ada", "Bob"}
    store.execute("INSERT INTO contacts_text (contacts_text, rank) VALUES ('integrity-check', 1)")

    with store.writing():
        store.execute("INSERT INTO contacts_text (contacts_text) VALUES ('delete-all')")
        store.execute("DELETE FROM contact_metadata")
        assert rows_derived(store) != after
        indexes.rebuild(store)
    assert rows_derived(store) == after


def test_the_triggers_named_are_those_that_there_are(store: Store) -> None:
    names = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    recording = {f"{table}_{event}" for table in RECORDED.values() for event in ("insert", "update", "delete")}
    keeping = {name for name in names if "_stay" in name}
    assert set(indexes.TRIGGERS) == names - recording - keeping


def schema(store: Store) -> list[tuple[object, ...]]:
    return store.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def test_a_load_leaves_the_schema_and_what_finds_contacts_as_they_were(store: Store) -> None:
    before = schema(store)
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="before")
        contacts.insert(store, operation, {"name": "Ada before"})
        with bulk.indexed_at_the_end(store, keep=()):
            assert schema(store) != before
            for number in range(10):
                contact = contacts.insert(store, operation, {"name": f"Ada {number}", "metadata": {"n": number}})
                visitors.insert(store, operation, {}, visitor_id=f"v{number}", contact_id=contact)
            contacts.update(
                store, operation, contact_of(store, contact), {"name": "Grace"}
            )  # one that is not indexed yet
        contacts.insert(store, operation, {"name": "Ada after"})
    assert schema(store) == before
    assert found(store, "ada") == [f"v{number}" for number in range(9)]
    assert len(contacts_found(store, "ada")) == 11
    assert found(store, "grace") == ["v9"]
    assert indexes.agrees(store)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_load_that_fails_leaves_what_finds_contacts_as_it_was(store: Store, error: type[BaseException]) -> None:
    def load() -> None:
        with (
            store.operation("test", actor="ada", clock=lambda: AT) as operation,
            bulk.indexed_at_the_end(store, keep=()),
        ):
            contacts.insert(store, operation, {"name": "second"})
            raise error

    before = schema(store)
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contacts.insert(store, operation, {"name": "first"}, contact_id="c1")
    with pytest.raises(error):
        load()
    assert schema(store) == before
    assert contacts_found(store, "irst") == ["c1"]
    assert contacts_found(store, "econd") == []
    assert indexes.agrees(store)


def test_few_new_visitors_are_indexed_as_they_come_and_many_at_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "WORTH_IT", 3)
    before = schema(store)

    def load(*counts: int) -> list[bool]:
        """Return whether the indexes were still maintained after each number of rows."""
        kept = []
        with (
            store.operation("test", actor="ada", clock=lambda: AT) as operation,
            bulk.bulk_load(store) as created,
        ):
            for count in counts:
                visitors.insert(store, operation, {})
                created(count)
                kept.append(schema(store) == before)
        assert schema(store) == before
        return kept

    assert load(1, 2) == [True, True]
    assert load(2, 3, 4) == [True, False, False]
    monkeypatch.setattr(bulk, "BEFORE_FOR_ONE", 1)  # of five existing ones
    assert load(4, 5) == [True, False]


def test_merging_leaves_the_index_in_one_piece_which_finds_the_same(store: Store) -> None:
    def pieces() -> int:
        return int(store.execute("SELECT count(DISTINCT segid) FROM contacts_text_idx").fetchone()[0])

    for number in range(5):
        with store.operation("test", actor="ada", clock=lambda: AT) as operation:
            contacts.insert(store, operation, {"name": f"Ada {number}"}, contact_id=f"c{number}")
            contacts.update(store, operation, contact_of(store, "c0"), {"name": f"Grace {number}"})
    assert pieces() > 1
    with store.writing():
        indexes.merge(store)
    assert pieces() == 1
    assert contacts_found(store, "ada") == ["c1", "c2", "c3", "c4"]
    assert contacts_found(store, "grace 4") == ["c0"]
    assert indexes.agrees(store)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO contacts_text (contacts_text, rowid, search_text) VALUES ('delete', 1, 'ada')",
        "INSERT INTO contacts_text (rowid, search_text) VALUES (1, 'bob')",
        "INSERT INTO contacts_text (contacts_text) VALUES ('delete-all')",
    ],
)
def test_an_index_that_does_not_match_the_contacts_is_noticed(store: Store, sql: str) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        contacts.insert(store, operation, {"name": "Ada", "email": "grace@example.com"})
        contacts.insert(store, operation, {"name": "Bob"})
    with store.writing():
        store.execute(sql)
    assert not indexes.agrees(store)
