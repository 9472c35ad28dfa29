"""Many rows as one JSON parameter give the same rows as one statement for each."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.store.remote.json_rows import as_one

SQL = "INSERT INTO t (a, b, c) VALUES (?, ?, ?)"
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)

pytestmark = pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 38), reason="this SQLite has no ->>")


def inserted(sql: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a, b, c)")
        connection.executemany(sql, rows)
        return connection.execute("SELECT a, typeof(a), b, typeof(b), c, typeof(c) FROM t ORDER BY rowid").fetchall()


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=5))
def test_rows_arrive_exactly_or_are_not_sent_so(rows: list[tuple[object, ...]]) -> None:
    whole = as_one(SQL, rows)
    if whole is None:
        unusual = [
            one for row in rows for one in row if isinstance(one, float) or (isinstance(one, str) and "\0" in one)
        ]
        assert unusual
        return
    sql, (document,) = whole
    assert repr(inserted(sql, [(document,)])) == repr(inserted(SQL, rows))


def test_the_coordinates_of_places_are_sent_so() -> None:
    rows: list[tuple[object, ...]] = [(52.370216, -0.30000000000000004, "x"), (None, 4.895168, 7)]
    whole = as_one(SQL, rows)
    assert whole is not None
    assert inserted(whole[0], [tuple(whole[1])]) == inserted(SQL, rows)


@pytest.mark.parametrize(
    "rows", [[(b"x", 1, 2)], [(math.inf, 1, 2)], [(math.nan, 1, 2)], [(1e300, 1, 2)], [(-0.0, 1, 2)], [("a\0b", 1, 2)]]
)
def test_what_json_has_no_exact_form_for_is_left_to_one_statement_each(rows: list[tuple[object, ...]]) -> None:
    assert as_one(SQL, rows) is None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = ?",
        "INSERT INTO t (pk, a) VALUES (1 + (SELECT 1), ?)",
        "INSERT OR IGNORE INTO t (a) VALUES (?)",
    ],
)
def test_other_statements_are_left_as_they_are(sql: str) -> None:
    assert as_one(sql, [("x",), ("y",)]) is None
