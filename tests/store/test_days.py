"""The map of days: it leaves out no visitor that matches, whatever was done, and is tight where that is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from visitor_deeds import deeds, do, emptied, numbers, spans, times
from visitors.store import days, derived, zones
from visitors.store.connection import Store
from visitors.store.listing import Span
from visitors.store.opening import open_store

Visitors = Callable[..., Any]


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


def strays(store: Store) -> list[tuple[int]]:
    return store.execute(f"SELECT pk FROM visitors AS x WHERE {days.NOT_IN_ITS_DAYS}").fetchall()


def told(store: Store) -> list[tuple[Any, ...]]:
    return store.execute("SELECT * FROM visitor_days ORDER BY sort, day").fetchall()


def tight(store: Store) -> list[tuple[Any, ...]]:
    """What the days tell when they tell no more than they have to."""
    found: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
    for created, updated, seen in store.execute("SELECT created_at, updated_at, last_seen_at FROM visitors"):
        for sort, time in zip(days.SORTS, (created, updated, seen), strict=True):
            if time is not None:
                found.setdefault((sort, time[:10]), []).append((created, seen))
    rows = []
    for key, members in sorted(found.items()):
        made = [created for created, _ in members]
        seen = [one for _, one in members if one is not None]
        bounds = (min(seen), max(seen)) if seen else (None, None)
        rows.append((*key, min(made), max(made), *bounds, int(len(seen) < len(members))))
    return rows


def on(*numbers_: int) -> list[str]:
    return [f"2026-01-0{number}T00:00:00.000Z" for number in numbers_]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_deeds=deeds)
def test_whatever_is_done_every_visitor_is_within_its_days_and_made_anew_days_are_tight(
    store: Store, all_deeds: list[tuple[str, int, Any]]
) -> None:
    emptied(store)
    do(store, all_deeds)

    assert strays(store) == []
    with store.writing():
        days.rebuild(store)
    assert strays(store) == []
    assert told(store) == tight(store)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inserted=st.dictionaries(numbers, st.tuples(times, times, st.none() | times), min_size=3),
    all_deeds=deeds,
    spans=spans,
    sort=st.sampled_from(days.SORTS),
    at_most=st.integers(1, 4),
)
def test_all_that_matches_is_within_reach(
    store: Store,
    inserted: dict[int, Any],
    all_deeds: list[tuple[str, int, Any]],
    spans: list[Span],
    sort: str,
    *,
    at_most: int,
) -> None:
    emptied(store)
    do(store, [("insert", pk, row) for pk, row in inserted.items()] + all_deeds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "RUNS", at_most)
        reach = days.reach(store, spans, sort)

    if reach is None:
        event("every day")
        return
    event(f"{len(reach)} runs")
    assert len(reach) <= at_most + 1  # that of no time
    conditions = [span.condition("v") for span in spans]
    matching = store.execute(
        f"SELECT pk FROM visitors AS v WHERE {' AND '.join(one.sql for one in conditions)}",
        [value for one in conditions for value in one.parameters],
    ).fetchall()
    for (pk,) in matching:
        within = [span.condition("v") for span in reach]
        sql = f"SELECT 1 FROM visitors AS v WHERE pk = ? AND ({' OR '.join(one.sql for one in within)})"
        assert store.execute(sql, (pk, *(value for one in within for value in one.parameters))).fetchone()


def test_who_comes_back_today_makes_no_other_day_reach_further(store: Store) -> None:
    for number, day in enumerate(on(1, 2, 3, 4, 5), start=1):
        do(store, [("insert", number, (day, day, day))])
    do(store, [("update", 1, {"updated_at": on(9)[0], "last_seen_at": on(9)[0]})])

    made_early = Span(column="created_at", upper=on(2)[0])

    first = Span(column="updated_at", lower="2026-01-01", upper="2026-01-01T24")
    today = Span(column="updated_at", lower="2026-01-09", upper="2026-01-09T24")
    none, *of_days = days.reach(store, [made_early], "updated_at") or ()
    assert none.nulls
    assert of_days == [first, today]
    with store.writing():
        days.rebuild(store)
    assert days.reach(store, [made_early], "updated_at") == (none, today)


def test_days_in_a_row_are_one_run_and_where_every_day_can_match_there_is_nothing_to_tell(store: Store) -> None:
    for number, day in enumerate(on(1, 2, 4, 5), start=1):
        do(store, [("insert", number, (on(1)[0] if number != 3 else on(4)[0], day, None))])

    early = Span(column="created_at", upper=on(3)[0])

    none = Span(column="updated_at", nulls=True)
    assert days.reach(store, [early], "updated_at") == (
        none,
        Span(column="updated_at", lower="2026-01-01", upper="2026-01-02T24"),
        Span(column="updated_at", lower="2026-01-05", upper="2026-01-05T24"),
    )
    assert days.reach(store, [Span(column="created_at", upper=on(9)[0])], "updated_at") is None
    assert days.reach(store, [Span(column="last_seen_at", nulls=True)], "updated_at") is None
    assert days.reach(store, [Span(column="last_seen_at", lower=on(1)[0])], "updated_at") == (none,)


def test_a_visitor_within_its_days_leaves_the_map_unwritten(store: Store) -> None:
    do(store, [("insert", 1, tuple(on(1, 1, 1))), ("insert", 2, (on(1)[0], on(3)[0], on(3)[0]))])
    before = told(store)
    written: list[int] = []
    store._connection.create_function("wrote", 0, lambda: written.append(1))
    for event_ in ("INSERT", "UPDATE"):
        store.execute(f"CREATE TEMP TRIGGER spy_{event_} AFTER {event_} ON visitor_days BEGIN SELECT wrote(); END")

    do(store, [("insert", 3, (on(1)[0], on(3)[0], on(3)[0]))])
    assert written == []
    assert told(store) == before
    do(store, [("insert", 4, (on(2)[0], on(3)[0], on(3)[0]))])
    assert len(written) == 3  # a day of being made, and two that reach to it


def test_erasing_leaves_no_time_of_the_erased_in_the_map(visitors: Visitors, store_path: Path) -> None:
    for day in ("2025-01-01", "2026-01-01", "2026-02-01"):
        visitors("create", "--id", f"v-{day}", now=f"{day}T00:00:00Z")
    visitors("update", "v-2025-01-01", "--language", "de", now="2026-02-01T10:00:00Z")
    visitors("update", "v-2025-01-01", "--language", "fr", now="2026-02-02T10:00:00Z")

    visitors("erase", "v-2025-01-01", "--yes", "--no-vacuum")

    with open_store(store_path) as store:
        assert told(store) == tight(store)
        assert len(told(store)) == 2 * 2  # nobody of the two was seen
    visitors("erase", "v-2026-01-01", "v-2026-02-01", "--yes", "--no-vacuum")
    with open_store(store_path) as store:
        assert told(store) == []


def test_erasing_also_narrows_the_days_of_who_was_taken_back_before(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "first", now="2026-01-01T00:00:00Z")
    visitors("track", "--id", "second", now="2026-01-01T09:00:00Z")
    visitors("undo")
    with open_store(store_path) as store:
        assert told(store) != tight(store)

    visitors("erase", "second", "--yes", "--no-vacuum")

    with open_store(store_path) as store:
        assert told(store) == tight(store)


def test_the_map_is_made_anew_with_all_else_that_is_derived(store: Store) -> None:
    do(store, [("insert", 1, (*on(1, 2), None)), ("insert", 2, tuple(on(1, 3, 4)))])
    with store.writing():
        store.execute("DELETE FROM visitor_days")
        assert len(strays(store)) == 2
        derived.rebuild(store)

    assert told(store) == tight(store)
