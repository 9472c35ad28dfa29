"""The zone map: it never leaves out a visitor that matches, whatever was done, and is tight where that is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from visitor_deeds import SIZE, deeds, do, emptied, numbers, spans, times
from visitors.store import derived, zones
from visitors.store.connection import Store
from visitors.store.listing import Page, Span
from visitors.store.opening import open_store

Visitors = Callable[..., Any]


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


def strays(store: Store) -> list[tuple[int]]:
    return store.execute(f"SELECT pk FROM visitors AS x WHERE {zones.NOT_IN_ITS_ZONE}").fetchall()


def told(store: Store) -> list[tuple[Any, ...]]:
    return store.execute("SELECT * FROM visitor_zones ORDER BY zone").fetchall()


def tight(store: Store) -> list[tuple[Any, ...]]:
    """What the zones tell when they tell no more than they have to."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for pk, *row in store.execute("SELECT pk, id, created_at, last_seen_at FROM visitors"):
        found.setdefault(pk // SIZE, []).append(tuple(row))
    rows = []
    for zone, members in sorted(found.items()):
        columns = [[value for value in column if value is not None] for column in zip(*members, strict=True)]
        bounds = [bound for values in columns for bound in ((min(values), max(values)) if values else (None, None))]
        rows.append((zone, *bounds, int(any(member[2] is None for member in members))))
    return rows


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_deeds=deeds)
def test_whatever_is_done_every_visitor_is_within_its_zone_and_made_anew_zones_are_tight(
    store: Store, all_deeds: list[tuple[str, int, Any]]
) -> None:
    emptied(store)
    do(store, all_deeds)

    assert strays(store) == []
    with store.writing():
        zones.rebuild(store)
    assert strays(store) == []
    assert told(store) == tight(store)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inserted=st.dictionaries(numbers, st.tuples(times, times, st.none() | times), min_size=3),
    all_deeds=deeds,
    spans=spans,
    at_most=st.integers(1, 4),
)
def test_all_that_matches_is_within_reach(
    store: Store,
    inserted: dict[int, Any],
    all_deeds: list[tuple[str, int, Any]],
    spans: list[Span],
    *,
    at_most: int,
) -> None:
    emptied(store)
    do(store, [("insert", pk, row) for pk, row in inserted.items()] + all_deeds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "RUNS", at_most)
        reach = zones.reach(store, spans)
    ids = zones.ids(store, spans)

    conditions = [span.condition("v") for span in spans]
    matching = store.execute(
        f"SELECT pk, id FROM visitors AS v WHERE {' AND '.join(one.sql for one in conditions)}",
        [value for one in conditions for value in one.parameters],
    ).fetchall()
    for pk, id_ in matching:
        assert reach is None or any(first <= pk <= last for first, last in reach.runs)
        assert ids[0].within(Span.of("id", id_)) is not None
    if reach is None:
        event("every zone")
        return
    event(f"{len(reach.runs)} runs")
    assert len(reach.runs) <= at_most


def seen(store: Store, days: dict[int, int | None]) -> None:
    """Visitors in these zones, made and last seen on these days; never, where there is none."""
    for zone, day in days.items():
        time = f"2026-01-{day or 1:02}T00:00:00.000Z"
        do(store, [("insert", zone * SIZE + 7, (time, time, time if day else None))])


def since(day: int) -> Span:
    return Span(column="last_seen_at", lower=f"2026-01-{day:02}T00:00:00.000Z")


def runs(store: Store, *spans: Span) -> list[tuple[int, int]]:
    """The first and the last zone of each run of those that are within reach."""
    reach = zones.reach(store, spans)
    assert reach is not None
    assert all(first % SIZE == 0 and (last + 1) % SIZE == 0 for first, last in reach.runs)
    return [(first // SIZE, last // SIZE) for first, last in reach.runs]


def test_zones_in_a_row_are_one_run_and_others_are_not_within_reach(store: Store) -> None:
    seen(store, {0: 9, 1: 9, 2: 1, 3: 1, 4: 9, 6: 9})

    assert runs(store, since(5)) == [(0, 1), (4, 4), (6, 6)]
    assert runs(store, since(10)) == []
    assert runs(store, since(5), Span(column="created_at", upper="2026-01-02")) == []


def test_where_every_zone_can_match_there_is_nothing_to_tell(store: Store) -> None:
    seen(store, {0: 9, 4: 9})

    assert zones.reach(store, [since(5)]) is None


def test_the_widest_gaps_are_those_that_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(store, {0: 9, 2: 9, 3: 1, 9: 9, 11: 9, 17: 9})

    monkeypatch.setattr(zones, "RUNS", 3)

    assert runs(store, since(5)) == [(0, 2), (9, 11), (17, 17)]


def test_who_was_never_seen_is_within_reach_of_zones_with_such_visitors_alone(store: Store) -> None:
    seen(store, {0: 9, 1: None, 2: 9})

    never = zones.reach(store, [Span(column="last_seen_at", nulls=True)])

    assert never == zones.Reach(runs=((SIZE, 2 * SIZE - 1),))


def test_runs_come_in_the_order_of_the_page_and_from_its_place_on() -> None:
    reach = zones.Reach(runs=((1, 10), (21, 30)))
    oldest, newest = Page(descending=False), Page(descending=True)

    assert list(reach.in_order(oldest, None)) == [(1, 10), (21, 30)]
    assert list(reach.in_order(newest, None)) == [(21, 30), (1, 10)]
    assert list(reach.in_order(oldest, 5)) == [(6, 10), (21, 30)]
    assert list(reach.in_order(newest, 25)) == [(21, 24), (1, 10)]
    assert list(reach.in_order(oldest, 10)) == [(21, 30)]
    assert list(reach.in_order(newest, 1)) == []


def test_a_visitor_within_its_zone_leaves_the_map_unwritten(store: Store) -> None:
    time = "2026-01-05T00:00:00.000Z"
    seen(store, {0: 1})
    do(store, [("insert", 9, ("2026-01-09T00:00:00.000Z",) * 3)])
    written: list[int] = []
    store._connection.create_function("wrote", 0, lambda: written.append(1))
    store.execute("CREATE TEMP TRIGGER spy AFTER UPDATE ON visitor_zones BEGIN SELECT wrote(); END")

    do(store, [("insert", 8, (time,) * 3), ("update", 8, {"last_seen_at": "2026-01-06T00:00:00.000Z"})])
    assert written == []
    do(store, [("update", 8, {"last_seen_at": "2026-02-01T00:00:00.000Z"})])
    assert written == [1]


def test_erasing_leaves_no_id_and_no_time_of_the_erased_in_the_map(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "a-first", now="2025-01-01T00:00:00Z")
    visitors("create", "--id", "m-middle", now="2026-01-01T00:00:00Z")
    visitors("create", "--id", "z-last", now="2026-02-01T00:00:00Z")

    visitors("erase", "a-first", "--yes", "--no-vacuum")

    with open_store(store_path) as store:
        assert told(store) == tight(store)
        assert len(told(store)) == 1
    visitors("erase", "m-middle", "z-last", "--yes", "--no-vacuum")
    with open_store(store_path) as store:
        assert told(store) == []


def test_erasing_also_narrows_the_zone_of_who_was_taken_back_before(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "m-middle")
    visitors("create", "--id", "a-first")
    visitors("undo")
    with open_store(store_path) as store:
        assert told(store) != tight(store)

    visitors("erase", "a-first", "--yes", "--no-vacuum")

    with open_store(store_path) as store:
        assert told(store) == tight(store)


def test_the_map_is_made_anew_with_all_else_that_is_derived(store: Store) -> None:
    seen(store, {0: 9, 5: None})
    with store.writing():
        store.execute("DELETE FROM visitor_zones")
        assert len(strays(store)) == 2
        derived.rebuild(store)

    assert told(store) == tight(store)
    assert [row[0] for row in told(store)] == [0, 5]
