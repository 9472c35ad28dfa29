"""Anything can be undone exactly, and redone; and conflicts are reported.

VISITORS_LONG_TESTS=1 runs longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from operator import attrgetter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import visitors
from visitors import VisitorStore
from visitors.api.results import Undone
from visitors.errors import Conflict, NotFound, UsageProblem
from visitors.store.schema.invariants import METADATA_ROWS
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store

LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it

Step = Callable[[VisitorStore], object]
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def store() -> Iterator[VisitorStore]:
    with new_store() as opened:
        yield opened


def new_store() -> VisitorStore:
    """A store in memory whose clock advances by a second each time it is read."""
    seconds = count()
    return visitors.open_store(
        ":memory:",
        actor="ada",
        now=lambda: f"2026-03-01T{(n := next(seconds)) // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
    )


def inner(store: VisitorStore) -> Store:
    return store._session.store


def rows(store: VisitorStore) -> Rows:
    """All records with every column, including their numbers."""
    return {table: inner(store).execute(f"SELECT * FROM {table} ORDER BY pk").fetchall() for table in RECORDED.values()}


def operations(store: VisitorStore) -> int:
    found: int = inner(store).execute("SELECT count(*) FROM operations").fetchone()[0]
    return found


def assert_sound(store: VisitorStore) -> None:
    """Assert that derived data matches the tables, and no reference is dangling."""
    connection = inner(store)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO contacts_text (contacts_text, rank) VALUES ('integrity-check', 1)")
    derived = connection.execute("SELECT * FROM contact_metadata ORDER BY 1, 2, 3").fetchall()
    made_anew = f"{METADATA_ROWS}, contacts.pk FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    assert derived == connection.execute(made_anew).fetchall()
    buried = "SELECT v.id FROM visitors AS v JOIN contacts AS c ON c.id = v.contact_id WHERE c.merged_into IS NOT NULL"
    assert connection.execute(buried).fetchall() == []
    for kind, table in RECORDED.items():
        sql = (
            f"SELECT r.id FROM {table} AS r WHERE (SELECT count(*) FROM creations AS n"
            " WHERE n.kind = ? AND r.pk BETWEEN n.first AND n.last) <> 1"
        )
        assert connection.execute(sql, (kind,)).fetchall() == []


VISITORS = ("a", "b", "c", "d")
EXTERNAL_IDS = ("x1", "x2")
EMAILS = ("ada@example.com", "bea@example.com", "cleo@example.com")
CONTACTS = (*EMAILS, "ext:x1", "ext:x2")

visitor = st.sampled_from(VISITORS)
contact = st.sampled_from(CONTACTS)
email = st.sampled_from((*EMAILS, None))
external_id = st.sampled_from((*EXTERNAL_IDS, None))
place = st.sampled_from((None, 51.507400000000004, -0.1278, 1e-17, 90.0))


def _told(name: str, /, *args: Any, **kwargs: Any) -> Step:
    """A call of a method of the store, by its dotted name."""
    return lambda store: attrgetter(name)(store)(*args, **kwargs)


def call(name: str, /, *args: Any, **kwargs: Any) -> st.SearchStrategy[Step]:
    """Calls of a method, with arguments drawn from strategies."""
    return st.builds(_told, st.just(name), *args, **kwargs)


def _imported(rows: list[tuple[str, str | None, str | None, float | None]]) -> Step:
    def step(store: VisitorStore) -> object:
        told = [
            {"id": one, "latitude": latitude, "longitude": latitude}
            | ({"contact": {"email": address, "externalId": external}} if address or external else {})
            for one, address, external, latitude in rows
        ]
        return store.import_(told, on_existing="update", on_conflict="merge", relink=True)

    return step


def _talk(name: str, which: int, *args: Any, **kwargs: Any) -> Step:
    def step(store: VisitorStore) -> object:
        found = [one.id for one in store.conversations.list()]
        return getattr(store.conversations, name)(found[which % len(found)], *args, **kwargs) if found else None

    return step


def _fixture(devices: list[str], person: str | None, *, blocked: bool, prune: bool) -> Step:
    told: dict[str, Any] = {
        "version": 1,
        "visitors": {one: {"language": "de", **({"contact": "p"} if person else {})} for one in devices},
        "contacts": {"p": {"email": person, "name": "P", "metadata": {"plan": "pro"}}} if person else {},
        "blocks": [{"visitor": one, "reason": "spam"} for one in devices if blocked],
        "conversations": {"talk": {"visitor": devices[0], "messages": [{"visitor": devices[0], "body": "Hi"}]}},
    }

    def step(store: VisitorStore) -> object:
        return store.fixtures.apply(told, prune=prune)

    return step


a_row = st.tuples(visitor, email, external_id, place)
steps = st.one_of(
    call("track", visitor, fingerprint=st.sampled_from(("f1", "f2"))),
    call("create", visitor, latitude=place, longitude=place),
    call("update", visitor, language=st.sampled_from(("en", "fr")), browser=st.sampled_from(("Firefox", "Chrome"))),
    call(
        "identify",
        visitor,
        email=st.sampled_from(EMAILS),
        external_id=external_id,
        name=st.sampled_from(("Ada", None)),
        metadata=st.sampled_from((None, {"plan": "pro"}, {"seats": 3, "paid": True})),
        on_conflict=st.sampled_from(("merge", "external-id-wins")),
        relink=st.booleans(),
    ),
    call("unidentify", visitor),
    call("block", visitor, reason=st.sampled_from(("spam", None))),
    call("unblock", visitor),
    call("contacts.block", contact),
    call("contacts.unblock", contact),
    call("delete", visitor),
    call("restore", visitor),
    call("contacts.create", email=email, external_id=external_id, name=st.just("Made")),
    call("contacts.update", contact, name=st.sampled_from(("New", "Newer")), external_id=external_id),
    call("contacts.update", contact, email=st.sampled_from(EMAILS)),
    call("contacts.merge", contact, contact, force=st.booleans()),
    call("contacts.split", contact, visitor, name=st.just("Split")),
    call("contacts.delete", contact),
    call("contacts.restore", contact),
    call("conversations.start", visitor, message=st.just("Hello")),
    st.builds(_talk, st.just("reply"), st.integers(0, 3), st.just("Answer"), visitor=visitor),
    st.builds(_talk, st.just("reply"), st.integers(0, 3), st.just("Answer"), agent=st.just("Bob")),
    st.builds(_talk, st.sampled_from(("resolve", "spam", "reopen")), st.integers(0, 3)),
    st.builds(_imported, st.lists(a_row, min_size=1, max_size=4)),
    st.builds(
        _fixture,
        st.lists(visitor, min_size=1, max_size=2, unique=True),
        email,
        blocked=st.booleans(),
        prune=st.booleans(),
    ),
    call("seed", count=st.just(3), seed=st.integers(0, 1)),
)


def attempt(store: VisitorStore, step: Step) -> bool:
    """Return whether the step recorded an operation; a refused one must not."""
    before = operations(store)
    try:
        step(store)
    except (Conflict, NotFound, UsageProblem):
        assert operations(store) == before
    return operations(store) > before


def undo_or_refuse(store: VisitorStore, target: str, *, cascade: bool) -> Undone | None:
    """Return the undo, or None if it was refused for one of the two valid reasons."""
    try:
        return store.undo(target, cascade=cascade)
    except Conflict as refused:
        if refused.code not in ({"undone_already"} if cascade else {"undone_already", "touched_since"}):
            raise
        return None


SLOW = settings(
    max_examples=2_000 if LONG else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SLOW
@given(st.lists(steps, min_size=1, max_size=25))
def test_undoing_all_in_reverse_gives_each_state_before_and_undoing_that_gives_it_again(todo: list[Step]) -> None:
    with new_store() as store:
        states = [rows(store)]
        states += [rows(store) for step in todo if attempt(store, step)]
        undos = []
        for before in states[-2::-1]:
            undos.append(store.undo().id)
            assert rows(store) == before
            assert_sound(store)
        with pytest.raises(NotFound):
            store.undo()
        redos = []
        for after in states[1:]:
            redos.append(store.undo(undos.pop()).id)
            assert rows(store) == after
            assert_sound(store)
        for before in states[-2::-1]:
            store.undo(redos.pop())
            assert rows(store) == before


@SLOW
@given(st.data())
def test_undoing_any_operation_at_any_time_leaves_a_sound_store_and_can_be_undone(data: st.DataObject) -> None:
    with new_store() as store:
        for _ in range(data.draw(st.integers(2, 25))):
            recorded = [row[0] for row in inner(store).execute("SELECT id FROM operations ORDER BY pk")]
            if not recorded or data.draw(st.integers(0, 2)):
                attempt(store, data.draw(steps))
                continue
            target, cascade = data.draw(st.sampled_from(recorded)), data.draw(st.booleans())
            before = rows(store)
            undo = undo_or_refuse(store, target, cascade=cascade)
            if undo is None:
                assert rows(store) == before
                continue
            after = rows(store)
            assert_sound(store)
            redo = store.undo(undo.id)
            assert rows(store) == before
            if data.draw(st.booleans()):
                store.undo(redo.id)
                assert rows(store) == after
        while True:
            try:
                # an operation undone out of order, and still in force, can conflict with later ones
                store.undo(cascade=True)
            except NotFound:
                break
            assert_sound(store)
        assert rows(store) == {table: [] for table in RECORDED.values()}


def test_what_was_taken_back_out_of_order_can_be_in_the_way_of_what_came_after_it(store: VisitorStore) -> None:
    store.contacts.create("A", email="cleo@example.com")
    store.contacts.delete("A")
    deleted = inner(store).execute("SELECT id FROM operations ORDER BY pk DESC").fetchone()[0]
    store.contacts.create("B", email="cleo@example.com")
    store.contacts.update("B", email="ada@example.com")
    store.undo(deleted)

    with pytest.raises(Conflict, match="contact A by undo"):
        store.undo()
    store.undo(cascade=True)

    emails = "SELECT id FROM contacts WHERE email = 'cleo@example.com' AND deleted_at IS NULL"
    assert inner(store).execute(emails).fetchall() == [("B",)]


@SLOW
@given(st.lists(st.one_of(steps, call("erase", visitor), call("contacts.erase", contact)), max_size=20), st.randoms())
def test_undoing_around_an_erasure_is_refused_or_leaves_an_intact_store(todo: list[Step], random: Random) -> None:
    with new_store() as store:
        for step in todo:
            attempt(store, step)
            recorded = [row[0] for row in inner(store).execute("SELECT id FROM operations ORDER BY pk")]
            if not recorded or random.random() < 0.5:
                continue
            before = rows(store)
            try:
                store.undo(random.choice(recorded), cascade=random.random() < 0.5)
            except Conflict as refused:
                assert rows(store) == before, refused  # noqa: PT017 - the store after the refusal, not the refusal
            assert_sound(store)
