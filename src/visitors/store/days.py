"""A zone map of the times of visitors, day by day: which days of a sort can have a visitor that matches.

Where visitors are sorted by one time and chosen by another, as those made last year by when they changed, all that
match may lie far down in the index of the sort. Zones (`visitors.store.zones`) help little: whoever was seen or
changed just now makes his whole zone reach until now. So for each day of each of the three times, `visitor_days` has
the least and the greatest time of being made and of being seen of those whose time is on that day, and whether one of
them was never seen. Who comes back today is then among today's, and no other day reaches further for it.

Triggers widen a day and never narrow it, as with zones; `rebuild` and `narrow` make days as tight as they can be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from visitors.store.connection import THESE, Store, rows
from visitors.store.listing import Span, every
from visitors.store.zones import can_match, joined

SORTS = ("created_at", "updated_at", "last_seen_at")
"""The columns whose days there are."""

TRIGGERS = ("visitor_days_insert", "visitor_days_update")
"""The triggers that widen days."""

_BOUNDED = ("created_at", "last_seen_at")
_BOUNDS = ", ".join(f"least_{column}, greatest_{column}" for column in _BOUNDED)
_TIGHT = ", ".join(f"min({column}), max({column})" for column in _BOUNDED)
_END = "T24"
"""Behind a day, what is later than all its instants and earlier than the next day."""

NOT_IN_ITS_DAYS = " OR ".join(
    f"(x.{sort} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM visitor_days AS d"
    f" WHERE d.sort = '{sort}' AND d.day = substr(x.{sort}, 1, 10)"
    " AND x.created_at BETWEEN d.least_created_at AND d.greatest_created_at"
    " AND iif(x.last_seen_at IS NULL, d.never_seen,"
    " coalesce(x.last_seen_at BETWEEN d.least_last_seen_at AND d.greatest_last_seen_at, 0))))"
    for sort in SORTS
)
"""The SQL of whether a visitor `x` is outside of what one of its days tells."""


def reach(store: Store, spans: Iterable[Span], sort: str) -> tuple[Span, ...] | None:
    """The ranges of days of a sort, in ascending order, outside of which no visitor lies in all of `spans`, which are
    of the times of being made and seen; before them, those without such a time. None where they can be on any day.
    """
    condition = every(can_match(span) for span in spans)
    sql = f"SELECT day, {condition.sql} FROM visitor_days WHERE sort = ? ORDER BY day"
    found = store.execute(sql, (*condition.parameters, sort)).fetchall()
    matching = [(number, number) for number, (_, can) in enumerate(found) if can]
    if len(matching) == len(found):
        return None
    days = (Span(column=sort, lower=found[one][0], upper=found[last][0] + _END) for one, last in joined(matching))
    return (Span(column=sort, nulls=True), *days)


def rebuild(store: Store) -> None:
    """Make the days anew, along the indexes of the sorts."""
    store.execute("DELETE FROM visitor_days")
    for sort in SORTS:
        first = f"SELECT substr(min({sort}), 1, 10) FROM visitors"
        store.execute(
            f"INSERT INTO visitor_days (sort, day, {_BOUNDS}, never_seen)"
            f" WITH RECURSIVE days (day) AS ({first} UNION ALL"
            f"  SELECT ({first} WHERE {sort} >= days.day || '{_END}') FROM days WHERE days.day IS NOT NULL)"
            f" SELECT '{sort}', day, '', '', NULL, NULL, 0 FROM days WHERE day IS NOT NULL"
        )
        _tighten(store, sort, "1")


def of_visitors(store: Store, visitor_ids: Collection[str]) -> list[str]:
    """Every time that these visitors have or had: what days may tell of them. They may have been removed before."""
    these = rows(visitor_ids)
    now = " UNION ".join(f"SELECT {column} FROM visitors WHERE id {THESE}" for column in SORTS)
    past = " UNION ".join(
        f"SELECT json_extract({side}, '$.{column}') FROM changes WHERE kind = 'visitor' AND record {THESE}"
        for side in ("before", "after")
        for column in SORTS
    )
    return [row[0] for row in store.execute(f"{now} UNION {past}", (these,) * 9) if row[0] is not None]


def narrow(store: Store, instants: Collection[str]) -> None:
    """Let days that tell of one of these instants tell of nobody but the visitors that are there."""
    these = rows(instants)
    tells = " OR ".join(f"least_{column} {THESE} OR greatest_{column} {THESE}" for column in _BOUNDED)
    for sort in SORTS:
        empty = f"NOT EXISTS (SELECT 1 FROM visitors WHERE {_on_its_day(sort)})"
        store.execute(f"DELETE FROM visitor_days WHERE sort = '{sort}' AND ({tells}) AND {empty}", (these,) * 4)
        _tighten(store, sort, f"({tells})", (these,) * 4)


def _on_its_day(sort: str) -> str:
    return f"{sort} >= day AND {sort} < day || '{_END}'"


def _tighten(store: Store, sort: str, condition: str, parameters: tuple[object, ...] = ()) -> None:
    store.execute(
        f"UPDATE visitor_days SET ({_BOUNDS}, never_seen) ="
        f" (SELECT {_TIGHT}, max(last_seen_at IS NULL) FROM visitors INDEXED BY visitors_{sort}"
        f"  WHERE {_on_its_day(sort)})"
        f" WHERE sort = '{sort}' AND {condition}",
        parameters,
    )
