"""Time ranges whose matches are all at the far end of a walk.

Times and record numbers mostly grow together, so a walk that tests a time range may pass hundreds of thousands of
records before the first match. Knowing the lowest or highest number of the matches, it skips these within its index. At
a million, the slowest pair of filter and sort takes 0.1 s of CPU time with this, and 0.7 without; 0.8 and 1.6 in a
store filled in random order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from visitors.store.database import Question
from visitors.store.query.listing import Condition, Page, Span, Table, every, in_order
from visitors.store.store import Store

TIMES = ("created_at", "updated_at", "last_seen_at")
"""The columns whose values mostly grow with record numbers."""

FAR = 10_000
"""Passing this many non-matching records takes about as long as finding where the matches are."""

LOOKED_AT = 8
"""How many records are tested there: with evenly spread matches, one of them would match."""


class Walk(msgspec.Struct, frozen=True):
    """A scan of the table for a page: how it is read (`INDEXED BY` ... or `NOT INDEXED`), and where it starts."""

    table: Table
    alias: str
    access: str
    page: Page
    start: Condition

    def bounds(self, store: Store, spans: Iterable[Span]) -> Iterator[Condition]:
        """Yield bounds on the numbers of records in those `spans` of times that the walk would reach late. If these do
        not help, because the store was not filled in order of time, yield the numbers themselves.
        """
        ranges = [span.condition(self.alias) for span in spans if span.column in TIMES]
        late = self._reached_late(store, [(self.start, matches) for matches in ranges], FAR)
        bounds = store.ask_all(*map(self._within, late)) if late else []
        yield from bounds
        # in creation order, whatever is spread among others is spread evenly
        if self.page.column and late:
            within = [(every([self.start, bound]), matches) for bound, matches in zip(bounds, late, strict=True)]
            for matches in self._reached_late(store, within, 10 * FAR):
                sql = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} WHERE {matches.sql}"
                yield among(self.alias, Condition(sql, matches.parameters))

    def _reached_late(self, store: Store, walks: Sequence[tuple[Condition, Condition]], far: int) -> list[Condition]:
        """Return those matches that none of some records `far` down the walk from their start is among."""
        questions = [self._is_far(start, matches, far) for start, matches in walks]
        answers = store.ask_all(*questions) if questions else []
        return [matches for (_, matches), is_far in zip(walks, answers, strict=True) if is_far]

    def _within(self, matches: Condition) -> Question[Condition]:
        """Return the query for the bound on the lowest number of the matches, and the highest where numbers start again
        for each value.
        """
        far_end = ("max", "<=") if self.page.descending else ("min", ">=")
        ends = [far_end] if self.page.column in (None, "id", *TIMES) else [("min", ">="), ("max", "<=")]
        # the + makes SQLite use the index on the times instead of scanning the table
        asked = ", ".join(f"{end}(+{self.alias}.pk)" for end, _ in ends)
        sql = f"SELECT {asked} FROM {self.table} AS {self.alias} WHERE {matches.sql}"
        condition = " AND ".join(f"{self.alias}.pk {sign} ?" for _, sign in ends)
        return Question(sql, matches.parameters, lambda found: Condition(condition, found[0]))

    def _is_far(self, start: Condition, matches: Condition, far: int) -> Question[bool]:
        """Return the query whether none of some records `far` down the walk from `start` matches."""
        walk = (
            f"SELECT {matches.sql} AS does FROM {self.table} AS {self.alias} {self.access}"
            f" WHERE {start.sql}{in_order(self.page, self.alias)} LIMIT {LOOKED_AT} OFFSET {far}"
        )
        sql = f"SELECT count(*) AND NOT max(does) FROM ({walk})"
        return Question(sql, (*matches.parameters, *start.parameters), lambda found: bool(found[0][0]))


def among(alias: str, matching: Condition) -> Condition:
    """Build the condition that a record's number is one that `matching` selects."""
    return Condition(f"{alias}.pk IN ({matching.sql})", matching.parameters)
