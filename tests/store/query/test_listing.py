"""Pages: together they have every record once, in order, whatever the values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.selection import Selection
from visitors.errors import NotFound
from visitors.store.opening import open_store
from visitors.store.places import place_of
from visitors.store.query.listing import Page, begin_with
from visitors.store.records import visitors
from visitors.store.store import Store

AT = "2026-03-01T12:00:00.000Z"
VALUES = st.lists(st.one_of(st.none(), st.sampled_from(["en", "de", "fr", "EN", ""])), min_size=1, max_size=12)


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(place_of(store_path)) as opened:
        yield opened


def ids(store: Store, page: Page) -> list[str]:
    return [visitor.id for visitor in visitors.select(store, Selection(), page, AT)]


def paged(store: Store, column: str | None, *, descending: bool, size: int) -> list[str]:
    """All ids, page by page."""
    found: list[str] = []
    while True:
        after = found[-1] if found else None
        page = ids(store, Page(column=column, descending=descending, limit=size, after=after))
        if not page:
            return found
        assert len(page) <= size
        assert not set(page) & set(found)
        found += page


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=VALUES, column=st.sampled_from([None, "language", "id"]), descending=st.booleans(), size=st.integers(1, 4)
)
def test_the_pages_together_are_the_whole_listing(
    store: Store, values: list[str | None], column: str | None, *, descending: bool, size: int
) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
        for number, value in enumerate(values):
            visitors.insert(store, operation, {"language": value}, visitor_id=f"v{(number * 7) % 13}")
        whole = ids(store, Page(column=column, descending=descending))
        pages = paged(store, column, descending=descending, size=size)

    assert len(whole) == len(values)
    assert pages == whole


def test_records_with_the_same_value_stay_in_the_order_of_the_store(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for visitor, language in (("c", "de"), ("a", "en"), ("b", "de"), ("d", None)):
            visitors.insert(store, operation, {"language": language}, visitor_id=visitor)

    assert ids(store, Page(column="language")) == ["d", "c", "b", "a"]
    assert ids(store, Page(column="language", descending=True)) == ["a", "b", "c", "d"]
    assert ids(store, Page()) == ["c", "a", "b", "d"]
    assert ids(store, Page(descending=True, limit=2)) == ["d", "b"]


def test_a_page_after_no_record_is_an_error(store: Store) -> None:
    with pytest.raises(NotFound) as problem:
        ids(store, Page(after="nobody"))

    assert problem.value.code == "cursor_not_found"


def test_a_prefix_is_taken_literally(store: Store) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for visitor in ("a_1", "ab1", "A_1", "a_", "b"):
            visitors.insert(store, operation, {}, visitor_id=visitor)

    found = store.ask(begin_with("visitors", ["a_", "a", "c"], 2))
    ids = {prefix: [one.id for one in matches] for prefix, matches in found.items()}
    assert ids == {"a_": ["a_", "a_1"], "a": ["a_", "a_1"], "c": []}
