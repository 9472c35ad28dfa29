"""What tells of visitors beside them: tight after compacting, and after loading a dump, in which it is not.

That `rebuild` leaves each map as tight as it can be is shown where the map is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from visitors.store import derived, kinds
from visitors.store.connection import Store
from visitors.store.opening import open_store

Visitors = Callable[..., Any]

TABLES = ("visitor_zones", "visitor_days", *kinds.TABLES)


def told(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {table: store.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in TABLES}


def tight(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """What the maps tell when they are made anew."""
    before = told(store)
    with store.writing():
        for one in derived.MAPS:
            one.rebuild(store)
        found = told(store)
        store.execute("ROLLBACK")
    assert told(store) == before
    return found


def test_there_is_a_table_of_each_map(store_path: Path) -> None:
    with open_store(store_path) as store:
        found = store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'visitor!_%' ESCAPE '!'"
        )
        # who is blocked is told as it is, by no bounds that could be too wide
        assert {row[0] for row in found} - {"visitor_blocks"} == set(TABLES)


def test_compacting_makes_every_map_tight(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "m", "--language", "de", "--os", "iOS", now="2026-01-01T00:00:00Z")
    visitors("create", "--id", "a", "--language", "fr", "--os", "Linux", now="2026-01-01T09:00:00Z")
    visitors("undo")
    with open_store(store_path) as store:
        wide, expected = told(store), tight(store)
    assert all(wide[table] != expected[table] for table in TABLES)

    visitors("db", "compact")

    with open_store(store_path) as store:
        assert told(store) == expected


def test_a_dump_leaves_the_maps_out_and_loading_makes_them_anew(
    visitors: Visitors, store_path: Path, tmp_path: Path
) -> None:
    visitors("seed", "--count", "20", "--seed", "1")
    dump = tmp_path / "store.ndjson"
    dump.write_text(visitors("db", "dump").stdout)

    assert not any(word in dump.read_text() for word in (*TABLES, "visitor_blocks", "greatest_id"))
    visitors("db", "load", str(dump), "--db", str(tmp_path / "other.db"))

    with open_store(tmp_path / "other.db") as other, open_store(store_path) as store:
        assert all(told(store).values())
        assert told(other) == tight(other) == tight(store)
