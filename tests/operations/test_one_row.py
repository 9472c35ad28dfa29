from __future__ import annotations

from collections.abc import Iterator

import pytest

from visitors import open_store
from visitors.errors import InvalidData, StoreProblem, VisitorsError
from visitors.input.readers import Place
from visitors.input.rows import Read
from visitors.operations.one_row import take_one
from visitors.store.records import visitors
from visitors.store.store import Store

ROW = Read(Place("a.csv", 7), "a")


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(":memory:") as opened, opened._session.operation("import"):
        yield opened._session.store


def refusing(error: VisitorsError) -> None:
    raise error


def test_what_is_wrong_with_a_row_is_set_aside_or_told_with_its_place(store: Store) -> None:
    error = InvalidData("no", field="city")
    bad: list[VisitorsError] = []
    assert not take_one(store, ROW, lambda _: refusing(error), lambda _, problem: bad.append(problem))
    assert bad == [error]
    with pytest.raises(InvalidData) as raised:
        take_one(store, ROW, lambda _: refusing(error), None)
    assert raised.value.message == "a.csv, line 7, column 'city': no"


def test_what_is_wrong_with_the_store_is_no_fault_of_a_row(store: Store) -> None:
    error = StoreProblem("the store is locked")
    bad: list[VisitorsError] = []
    for reject in (None, lambda _, problem: bad.append(problem)):
        with pytest.raises(StoreProblem) as raised:
            take_one(store, ROW, lambda _: refusing(error), reject)
        assert raised.value.message == "the store is locked"
    assert bad == []


def test_a_row_whose_last_write_is_refused_leaves_nothing(store_name: str) -> None:
    with open_store(store_name) as opened, opened._session.operation("import") as operation:
        store = opened._session.store

        def rename_to_a_taken_id() -> None:
            with store.savepoint():
                visitors.insert(store, operation, {}, visitor_id="new")
                store.later("UPDATE visitors SET id = 'before' WHERE id = 'new'")

        visitors.insert(store, operation, {}, visitor_id="before")
        with pytest.raises(store.refusals):
            rename_to_a_taken_id()
        assert visitors.existing(store, ["before", "new"]) == {"before"}
