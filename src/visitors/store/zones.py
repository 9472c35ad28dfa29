"""A zone map of visitors: where among them a value can lie, told without looking at any of them.

Visitors are numbered as they come, and their ids and times mostly grow with their numbers. A zone is 4,096 numbers
in a row; `visitor_zones` has the least and the greatest id, time of being made and time of being seen in each, and
whether somebody in it was never seen. It is so small that it is read whole, and so coarse that a write seldom changes
it. (PostgreSQL has the same as its BRIN, an index of block ranges; here a block is something else.)

Triggers widen a zone and never narrow it: one who changes or goes may leave it wider than it has to be, which is
still right. `rebuild` and `narrow` make zones as tight as they can be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from visitors.store.connection import THESE, Store, rows
from visitors.store.listing import Condition, Page, Span, every

COLUMNS = ("id", "created_at", "last_seen_at")
"""The columns that the zones tell of."""

TRIGGERS = ("visitor_zones_insert", "visitor_zones_update")
"""The triggers that widen zones."""

RUNS = 32
"""At most so many runs of zones are told apart: each is a statement, and what lies between two is often little."""

_BITS = 12
"""A zone is the number of a visitor without this many of its lowest bits."""

_BOUNDS = ", ".join(f"least_{column}, greatest_{column}" for column in COLUMNS)
_TIGHT = ", ".join(f"min({column}), max({column})" for column in COLUMNS)
_SINGLE = ", ".join(f"v.{column}, v.{column}" for column in COLUMNS)
_FIRST_PK, _LAST_PK = f"zone << {_BITS}", f"((zone + 1) << {_BITS}) - 1"
_IN_ZONE = f"pk BETWEEN {_FIRST_PK} AND {_LAST_PK}"

# The first visitor of each zone, from one zone to the next that has any.
_FIRST_ONES = f"""
    WITH RECURSIVE firsts (pk) AS (
        SELECT min(pk) FROM visitors
        UNION ALL
        SELECT (SELECT min(pk) FROM visitors WHERE pk >= ((f.pk >> {_BITS}) + 1) << {_BITS})
        FROM firsts AS f WHERE f.pk IS NOT NULL
    )
"""
# Zone by zone, each a range of the table: grouping all of them would sort them first.
_TIGHTEN = (
    f"UPDATE visitor_zones SET ({_BOUNDS}, never_seen) ="
    f" (SELECT {_TIGHT}, max(last_seen_at IS NULL) FROM visitors WHERE {_IN_ZONE})"
)

NOT_IN_ITS_ZONE = (
    f"NOT EXISTS (SELECT 1 FROM visitor_zones AS z WHERE z.zone = x.pk >> {_BITS}"
    + "".join(f" AND x.{column} BETWEEN z.least_{column} AND z.greatest_{column}" for column in COLUMNS[:-1])
    + " AND iif(x.last_seen_at IS NULL, z.never_seen,"
    " coalesce(x.last_seen_at BETWEEN z.least_last_seen_at AND z.greatest_last_seen_at, 0)))"
)
"""The SQL of whether a visitor `x` is outside of what its zone tells."""


class Reach(msgspec.Struct, frozen=True):
    """Between which numbers records that match can lie: outside of it, none does."""

    runs: tuple[tuple[int, int], ...]
    """Numbers, from the first to the last, in ascending order."""

    def in_order(self, page: Page, after: int | None) -> Iterator[tuple[int, int]]:
        """The runs in the order of the page, of which only those beyond the number `after`."""
        lowest, highest = 0, 2**63 - 1
        if after is not None:
            lowest, highest = (lowest, after - 1) if page.descending else (after + 1, highest)
        for run in reversed(self.runs) if page.descending else self.runs:
            first, last = max(run[0], lowest), min(run[1], highest)
            if first <= last:
                yield first, last


def reach(store: Store, spans: Iterable[Span]) -> Reach | None:
    """How far visitors reach that lie in all of `spans`, which are of columns that the zones tell of. None where they
    can be in any zone.
    """
    found = _matching(store, spans, f"{_FIRST_PK}, {_LAST_PK}")
    if len(found) == store.execute("SELECT count(*) FROM visitor_zones").fetchone()[0]:
        return None
    return Reach(joined(found))


def ids(store: Store, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Between which ids those visitors lie."""
    found = _matching(store, spans, "least_id, greatest_id")
    if not found:
        return ()
    return (Span(column="id", lower=min(one for one, _ in found), upper=max(one for _, one in found), below=False),)


def _matching(store: Store, spans: Iterable[Span], columns: str) -> list[tuple[Any, ...]]:
    condition = every(can_match(span) for span in spans)
    sql = f"SELECT {columns} FROM visitor_zones WHERE {condition.sql} ORDER BY zone"
    return store.execute(sql, condition.parameters).fetchall()


def rebuild(store: Store) -> None:
    """Make the zone map anew."""
    store.execute("DELETE FROM visitor_zones")
    store.execute(
        f"INSERT INTO visitor_zones (zone, {_BOUNDS}, never_seen) {_FIRST_ONES}"
        f" SELECT v.pk >> {_BITS}, {_SINGLE}, v.last_seen_at IS NULL FROM firsts JOIN visitors AS v ON v.pk = firsts.pk"
    )
    store.execute(_TIGHTEN)


def of_visitors(store: Store, visitor_ids: Collection[str]) -> list[int]:
    """The zones that tell of these visitors, which may have been removed before."""
    these = rows(visitor_ids)
    found = store.execute(
        f"SELECT pk >> {_BITS} FROM visitors WHERE id {THESE}"
        f" UNION SELECT json_extract(before, '$.pk') >> {_BITS} FROM changes WHERE kind = 'visitor' AND record {THESE}"
        " AND before IS NOT NULL AND after IS NULL",
        (these, these),
    )
    return [row[0] for row in found]


def narrow(store: Store, zones: Sequence[int]) -> None:
    """Let these zones tell of nobody but the visitors that are there."""
    these = rows(zones)
    empty = f"NOT EXISTS (SELECT 1 FROM visitors WHERE {_IN_ZONE})"
    store.execute(f"DELETE FROM visitor_zones WHERE zone {THESE} AND {empty}", (these,))
    store.execute(f"{_TIGHTEN} WHERE zone {THESE}", (these,))


def can_match(span: Span) -> Condition:
    """What holds for the zones, or days, in which a value can lie in the range."""
    if span.nulls:
        return Condition("never_seen" if span.column == "last_seen_at" else "0")
    bounds = [(f"greatest_{span.column} {'>' if span.above else '>='} ?", span.lower or "")]
    if span.upper is not None:
        bounds.append((f"least_{span.column} {'<' if span.below else '<='} ?", span.upper))
    return Condition(" AND ".join(sql for sql, _ in bounds), tuple(value for _, value in bounds))


def joined(zones: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Zones, or days by their numbers, in ascending order, as at most `RUNS` runs with the widest gaps between them."""
    gaps = [(last, first) for (_, last), (first, _) in pairwise(zones) if first > last + 1]
    kept = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[: RUNS - 1])
    firsts = [first for first, _ in zones[:1]] + [first for _, first in kept]
    lasts = [last for last, _ in kept] + [last for _, last in zones[-1:]]
    return tuple(zip(firsts, lasts, strict=True))
