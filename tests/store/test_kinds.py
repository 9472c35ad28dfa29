"""The combinations of values: none that a visitor has is missing, and none is kept where that is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from visitors.domain.selection import Selection
from visitors.store import derived, kinds, plans, visitors, zones
from visitors.store.connection import Store
from visitors.store.listing import Page, Span
from visitors.store.opening import open_store

Visitors = Callable[..., Any]

AT = "2026-03-01T12:00:00.000Z"
VALUES = {
    "language": ["de", "de-AT", "en"],
    "timezone": ["Europe/Vienna", "Europe/London"],
    "country_code": ["AT", "DE", "GB"],
    "browser": ["Firefox", "firefox", "Chrome", "Édge"],
    "os": ["iOS", "Linux", "linux"],
    "device_type": ["mobile", "desktop"],
}
TELLING = st.fixed_dictionaries({}, optional={column: st.sampled_from([None, *VALUES[column]]) for column in VALUES})
DEEDS = st.lists(st.tuples(st.sampled_from(["insert", "update", "delete"]), st.integers(1, 5), TELLING), max_size=20)


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


def do(store: Store, deeds: list[tuple[str, int, dict[str, Any]]]) -> None:
    """Begin anew, then insert, change and delete visitors by their numbers."""
    with store.operation("test", actor="ada", clock=lambda: AT):
        for table in ("visitors", *kinds.TABLES):
            store.execute(f"DELETE FROM {table}")
        for deed, pk, told in deeds:
            if deed == "delete":
                store.execute("DELETE FROM visitors WHERE pk = ?", (pk,))
            elif deed == "insert":
                values = {"pk": pk, "id": f"v{pk}", "created_at": AT, "updated_at": AT, **told}
                marks = ", ".join("?" * len(values))
                store.execute(f"DELETE FROM visitors WHERE pk = {pk}")
                store.execute(f"INSERT INTO visitors ({', '.join(values)}) VALUES ({marks})", list(values.values()))
            for column in told if deed == "update" else ():
                store.execute(f"UPDATE visitors SET {column} = ? WHERE pk = ?", (told[column], pk))


def strays(store: Store) -> list[tuple[int]]:
    return store.execute(f"SELECT pk FROM visitors AS x WHERE {kinds.NOT_AMONG_COMBINATIONS}").fetchall()


def told(store: Store) -> dict[str, set[tuple[str, ...]]]:
    return {table: set(store.execute(f"SELECT * FROM {table}").fetchall()) for table in kinds.TABLES}


def tight(store: Store) -> dict[str, set[tuple[str, ...]]]:
    """The combinations that there are, and no others."""
    return {
        table: {
            tuple(value or "" for value in row) for row in store.execute(f"SELECT {', '.join(columns)} FROM visitors")
        }
        for table, columns in kinds.TABLES.items()
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_is_done_no_combination_is_missing_and_made_anew_there_is_none_too_many(
    store: Store, deeds: list[tuple[str, int, dict[str, Any]]]
) -> None:
    do(store, deeds)

    assert strays(store) == []
    with store.writing():
        kinds.rebuild(store)
    assert strays(store) == []
    assert told(store) == tight(store)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deeds=DEEDS,
    sort=st.sampled_from(sorted(VALUES)),
    chosen=st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2),
    data=st.data(),
    at_most=st.integers(1, 3),
)
def test_all_that_matches_is_within_reach(
    store: Store,
    deeds: list[tuple[str, int, dict[str, Any]]],
    sort: str,
    chosen: list[str],
    data: st.DataObject,
    *,
    at_most: int,
) -> None:
    do(store, deeds)
    table = kinds.table_of(sort)
    assert table is not None
    spans = [
        Span.of(column, data.draw(st.sampled_from(VALUES[column])))
        for column in chosen
        if column in kinds.TABLES[table]
    ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "RUNS", at_most)
        reach = kinds.reach(store, spans, sort)

    if reach is None:
        event("every value")
        return
    event(f"{len(reach)} ranges")
    assert len(reach) <= at_most + 1  # that of no value
    conditions = [span.condition("v") for span in spans]
    matching = store.execute(
        f"SELECT {sort} FROM visitors AS v WHERE {' AND '.join(one.sql for one in conditions)}",
        [value for one in conditions for value in one.parameters],
    ).fetchall()
    for (value,) in matching:
        assert any(span.within(Span.of(sort, value)) is not None for span in reach)


def made(store: Store, *rows: tuple[str | None, str | None]) -> None:
    """Visitors of a language and a country, and a browser and a system that tell the same."""
    do(
        store,
        [
            ("insert", number, {"language": one, "country_code": two, "browser": one, "os": two})
            for number, (one, two) in enumerate(rows, start=1)
        ],
    )


def test_values_that_come_with_none_that_is_chosen_are_passed_by(store: Store) -> None:
    made(store, ("de", "AT"), ("en", "BE"), ("de", "CH"), ("de", "DE"), ("en", "GB"), ("de", None), ("en", "US"))
    german, english = Span.of("language", "de"), Span.of("language", "en")

    def countries(first: str, last: str) -> Span:
        return Span(column="country_code", lower=first, upper=last, below=False)

    none = Span(column="country_code", nulls=True)
    assert kinds.reach(store, [german], "country_code") == (none, countries("AT", "AT"), countries("CH", "DE"))
    assert kinds.reach(store, [english], "country_code") == (countries("BE", "BE"), countries("GB", "US"))
    assert kinds.reach(store, [Span.of("language", "fr")], "country_code") == ()
    assert kinds.reach(store, [Span(column="language", lower="a", upper="z")], "country_code") is None


def test_browsers_are_the_same_whatever_their_case(store: Store) -> None:
    made(store, ("Firefox", "Linux"), ("FIREFOX", "linux"), ("Chrome", "iOS"))

    (reach,) = kinds.reach(store, [Span.of("browser", "firefox")], "os") or ()

    assert reach.within(Span.of("os", "LINUX")) is not None
    assert reach.within(Span.of("os", "iOS")) is None


@pytest.mark.parametrize(("sort", "chosen"), [("country_code", "language"), ("os", "browser")])
def test_the_values_that_can_match_are_gone_through_in_the_order_of_the_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, sort: str, chosen: str
) -> None:
    monkeypatch.setattr(plans, "FEW", 0)
    made(store, ("de", "AT"), ("en", "BE"), ("de", "CH"), ("de", None), ("en", "GB"), ("de", "LI"), ("de", "AT"))
    selection = Selection(**{chosen: "de"})  # type: ignore[arg-type]

    def listed(**page: Any) -> list[str]:
        return [one.id for one in visitors.select(store, selection, Page(column=sort, limit=9, **page), AT)]

    assert listed() == ["v4", "v1", "v7", "v3", "v6"]
    assert listed(descending=True) == ["v6", "v3", "v7", "v1", "v4"]
    assert listed(after="v1") == ["v7", "v3", "v6"]
    assert listed(after="v2") == ["v3", "v6"]
    assert listed(descending=True, after="v5") == ["v3", "v7", "v1", "v4"]


def test_erasing_leaves_no_combination_that_nobody_has(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "stays", "--language", "de", "--country-code", "AT", "--browser", "Firefox")
    visitors("create", "--id", "goes", "--language", "de", "--country-code", "DE", "--browser", "firefox")
    visitors("update", "goes", "--country-code", "CH", "--os", "Linux")
    visitors("create", "--id", "gone", "--language", "fr")
    visitors("undo")
    with open_store(store_path) as store:
        assert told(store) != tight(store)

    visitors("erase", "goes", "gone", "--yes", "--no-vacuum")

    with open_store(store_path) as store:
        assert told(store) == tight(store)
        assert told(store) == {"visitor_places": {("de", "", "AT")}, "visitor_machines": {("Firefox", "", "")}}
    visitors("erase", "stays", "--yes", "--no-vacuum")
    with open_store(store_path) as store:
        assert told(store) == {"visitor_places": set(), "visitor_machines": set()}


def test_combinations_are_made_anew_with_all_else_that_is_derived(store: Store) -> None:
    made(store, ("de", "AT"), ("en", None))
    with store.writing():
        store.execute("DELETE FROM visitor_places")
        assert len(strays(store)) == 2
        derived.rebuild(store)

    assert told(store) == tight(store)
