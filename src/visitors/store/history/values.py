"""Look up records by values, and values by record, in the tables and in the history."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from visitors.store.database import THESE, rows
from visitors.store.history.operations import is_removal
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store

Values = set[tuple[str, str]]
"""(column, value) pairs of a kind of record."""


def gone(store: Store, kind: str) -> set[str]:
    """Return the ids of all records of the kind that exist only in the history."""
    sql = f"SELECT DISTINCT h.record FROM changes AS h WHERE {is_removal(kind)}"
    return {row[0] for row in store.execute(sql)}


def had(store: Store, kind: str, columns: Sequence[str], ids: Collection[str]) -> dict[str, Values]:
    """Return those of the records that have or had a value in one of the columns, with these values."""
    selects = [
        select
        for column in columns
        for select in (
            f"SELECT id, '{column}', {column} AS value FROM {RECORDED[kind]} WHERE id IN these",
            *(
                f"SELECT record, '{column}', json_extract({side}, '$.{column}') FROM changes"
                f" WHERE kind = '{kind}' AND record IN these"
                for side in ("before", "after")
            ),
        )
    ]
    found: dict[str, Values] = {}
    these = "WITH these (id) AS (SELECT value FROM json_each(?))"
    sql = f"{these} SELECT * FROM ({' UNION ALL '.join(selects)}) WHERE value IS NOT NULL"
    for record, column, value in store.execute(sql, (rows(ids),)):
        found.setdefault(record, set()).add((column, value))
    return found


def held(store: Store, kind: str, values: Values, but: Collection[str] = ()) -> Values:
    """Return those of the values that a record other than `but` has now."""
    found: Values = set()
    for column in {column for column, _ in values}:
        wanted = rows(value for of_column, value in values if of_column == column)
        sql = f"SELECT {column} FROM {RECORDED[kind]} WHERE {column} {THESE} AND id NOT {THESE}"
        found.update((column, row[0]) for row in store.execute(sql, (wanted, rows(but))))
    return found


def with_value(store: Store, kind: str, column: str, values: Collection[str]) -> set[str]:
    """Return the ids of records that have one of the values in the column, or had it when they were removed."""
    sql = f"SELECT id FROM {RECORDED[kind]} WHERE {column} {THESE}"
    there = {row[0] for row in store.execute(sql, (rows(values),))}
    return there | removed_with(store, kind, column, values)


def removed_with(store: Store, kind: str, column: str, values: Collection[str]) -> set[str]:
    """Return the ids of records that exist only in the history, and had one of the values when they were removed."""
    if not values:
        return set()
    sql = f"SELECT h.record FROM changes AS h WHERE json_extract(h.before, '$.{column}') {THESE} AND {is_removal(kind)}"
    return {row[0] for row in store.execute(sql, (rows(values),))}
