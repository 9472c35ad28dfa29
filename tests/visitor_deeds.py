"""What is done to visitors by their numbers, for the tests of what is kept of their times beside them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from visitors.store.connection import Store
from visitors.store.listing import Span

AT = "2026-03-01T12:00:00.000Z"
SIZE = 4096
NUMBERS = (1, 2, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, 3 * SIZE + 5, 9 * SIZE)
"""Numbers of visitors at the borders of zones, and in zones with others between them."""

times = st.integers(1, 9).map(lambda day: f"2026-01-0{day}T00:00:00.000Z")
numbers = st.sampled_from(NUMBERS)
changes = st.fixed_dictionaries(
    {},
    optional={
        "created_at": times,
        "updated_at": times,
        "last_seen_at": st.none() | times,
        "id": st.text("abc", min_size=1),
    },
)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), numbers, st.tuples(times, times, st.none() | times)),
        st.tuples(st.just("update"), numbers, changes),
        st.tuples(st.just("delete"), numbers, st.none()),
    ),
    max_size=20,
)

spans = st.lists(
    st.one_of(
        st.builds(
            Span,
            column=st.sampled_from(["created_at", "last_seen_at"]),
            lower=st.none() | times,
            above=st.booleans(),
            upper=st.none() | times,
            below=st.booleans(),
        ),
        st.just(Span(column="last_seen_at", nulls=True)),
    ),
    min_size=1,
    max_size=2,
)


def do(store: Store, all_deeds: list[tuple[str, int, Any]]) -> None:
    """Insert, change and delete visitors by their numbers."""
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number, (deed, pk, told) in enumerate(all_deeds):
            if deed == "insert":
                sql = "INSERT INTO visitors (pk, id, created_at, updated_at, last_seen_at) VALUES (?, ?, ?, ?, ?)"
                if not store.execute("SELECT 1 FROM visitors WHERE pk = ?", (pk,)).fetchone():
                    store.execute(sql, (pk, f"v{pk}-{number}", *told))
            elif deed == "delete":
                store.execute("DELETE FROM visitors WHERE pk = ?", (pk,))
            else:
                for column, value in told.items():
                    new = f"{value}{number}" if column == "id" else value
                    store.execute(f"UPDATE visitors SET {column} = ? WHERE pk = ?", (new, pk))


def emptied(store: Store) -> None:
    """Leave no visitor, and nothing that was kept of any."""
    with store.operation("test", actor="ada", clock=lambda: AT):
        store.execute("DELETE FROM visitors")
        store.execute("DELETE FROM visitor_zones")
        store.execute("DELETE FROM visitor_days")
        store.execute("DELETE FROM visitor_places")
        store.execute("DELETE FROM visitor_machines")
