"""Which values of visitors come together: languages with time zones and countries, browsers with systems and devices.

Where visitors are sorted by one of them and chosen by another, as those who speak German by country, all that match
may lie far down in the index of the sort, since countries and languages go together. `visitor_places` and
`visitor_machines` have each combination that there is, or was, once; so a listing passes by the countries in which
nobody speaks German. Of a million visitors there are few combinations, or some thousands.

Triggers add combinations and never take one away; `rebuild` and `narrow` do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from visitors.store.connection import THESE, Store, rows
from visitors.store.listing import Span, compared, every
from visitors.store.zones import joined

TABLES = {
    "visitor_places": ("language", "timezone", "country_code"),
    "visitor_machines": ("browser", "os", "device_type"),
}
"""Table -> its columns, which have the names of those of visitors; no value there is an empty text here."""

TRIGGERS = tuple(f"{table}_{event}" for table in TABLES for event in ("insert", "update"))
"""The triggers that add combinations."""

# Somebody has the combination `x`. The index of its first column has the others, too.
_IS_THERE = {
    table: f"EXISTS (SELECT 1 FROM visitors AS v INDEXED BY visitors_{columns[0]}"
    f" WHERE {compared('v', columns[0])} IS nullif(x.{columns[0]}, '')"
    + "".join(f" AND v.{column} IS nullif(x.{column}, '')" for column in columns)
    + ")"
    for table, columns in TABLES.items()
}

NOT_AMONG_COMBINATIONS = " OR ".join(
    f"NOT EXISTS (SELECT 1 FROM {table} AS t WHERE "
    + " AND ".join(f"t.{column} = coalesce(x.{column}, '')" for column in columns)
    + ")"
    for table, columns in TABLES.items()
)
"""The SQL of whether a combination of a visitor `x` is missing."""


def table_of(column: str | None) -> str | None:
    """The table that has the column."""
    return next((table for table, columns in TABLES.items() if column in columns), None)


def reach(store: Store, spans: Iterable[Span], sort: str) -> tuple[Span, ...] | None:
    """The ranges of values of a sort, none first, outside of which no visitor lies in all of `spans`, which are of
    columns of the same table. None where they can have any value.
    """
    table, column = table_of(sort), compared("t", sort)
    can = every(span.condition("t") for span in spans)
    sql = f"SELECT t.{sort}, max({can.sql}) FROM {table} AS t GROUP BY {column} ORDER BY {column}"
    found = store.execute(sql, can.parameters).fetchall()
    if all(one for _, one in found):
        return None
    values = [(value, one) for value, one in found if value]
    matching = joined([(number, number) for number, (_, one) in enumerate(values) if one])
    none = [Span(column=sort, nulls=True)] if len(values) < len(found) and found[0][1] else []
    of_values = (
        Span(column=sort, lower=values[first][0], upper=values[last][0], below=False) for first, last in matching
    )
    return (*none, *of_values)


def rebuild(store: Store) -> None:
    """Make the combinations anew, along the indexes of the first columns."""
    for table, columns in TABLES.items():
        texts = ", ".join(f"coalesce({column}, '')" for column in columns)
        store.execute(f"DELETE FROM {table}")
        store.execute(f"INSERT INTO {table} SELECT DISTINCT {texts} FROM visitors INDEXED BY visitors_{columns[0]}")


def of_visitors(store: Store, visitor_ids: Collection[str]) -> dict[str, list[str]]:
    """Column -> every value that these visitors have or had there. They may have been removed before."""
    these = rows(visitor_ids)
    return {
        column: [
            row[0] or ""
            for row in store.execute(
                f"SELECT {column} FROM visitors WHERE id {THESE}"
                + "".join(
                    f" UNION SELECT json_extract({side}, '$.{column}') FROM changes"
                    f" WHERE kind = 'visitor' AND record {THESE}"
                    for side in ("before", "after")
                ),
                (these,) * 3,
            )
        ]
        for columns in TABLES.values()
        for column in columns
    }


def narrow(store: Store, values: Mapping[str, Collection[str]]) -> None:
    """Take away the combinations of these values, by column, that nobody has."""
    for table, columns in TABLES.items():
        among = " AND ".join(f"{column} {THESE}" for column in columns)
        store.execute(
            f"DELETE FROM {table} AS x WHERE {among} AND NOT {_IS_THERE[table]}",
            [rows(values[column]) for column in columns],
        )
