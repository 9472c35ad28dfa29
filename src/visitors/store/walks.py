"""Going along the index of a sort, and passing by what cannot match.

A walk still has far to go where filter and sort go together, as a country and a time zone do, or two
times: all that matches may lie at the far end. So the indexes of such sorts carry the columns that go with them (see
the migration): passing a record by then is a step in the index, not a look at the record.

Of times a walk does not even pass what cannot match: the zone map (`visitors.store.zones`) tells between which
numbers all that do must lie. In the order of the store it goes along just these. In an index records with the same
value are in the order of the store, too, so there it goes along these for one value after another (a loose index
scan). Where the sort is by an id, the zones tell between which of these the matches lie, and where it is by a time,
the map of days (`visitors.store.days`) tells on which. Of values that go together, as languages and countries, it is
known which come together (`visitors.store.kinds`): there a walk passes by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from visitors.store import days, kinds, zones
from visitors.store.connection import Store
from visitors.store.listing import (
    Condition,
    Page,
    Place,
    Span,
    Stretch,
    Table,
    every,
    in_order,
    pk_beyond,
    stretches,
)
from visitors.store.zones import Reach

VALUES = 256
"""Up to how many values of a column are gone through one by one; each is a statement, or a few."""

OF_GROWING = ("id", *days.SORTS)
"""The columns whose values mostly grow with the numbers of their records."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of a listing: a `span` of a column, or a `test` of a row, or both, in which case both must hold.

    Where it is no span, but an index serves it all the same, `members` selects the pks of what matches. Where
    each of those takes several steps to find, `leads` selects what leads to them, the keys, one row for each.
    Where most match, and an index gives those that do not, `exceptions` selects the pks of these.
    """

    span: Span | None = None
    test: Condition | None = None
    members: Condition | None = None
    leads: Condition | None = None
    exceptions: Condition | None = None

    def on_row(self, alias: str) -> Condition:
        """What holds for a row that matches."""
        of_span = [self.span.condition(alias)] if self.span is not None else []
        return every([*of_span, *([self.test] if self.test is not None else [])])


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """The way along the `index` of the page's sort, or without one along the table, to what matches all the filters."""

    table: Table
    alias: str
    index: str | None
    filters: tuple[Filter, ...]
    page: Page

    @property
    def leading(self) -> list[Filter]:
        """The filters that are ranges of the sort's own index: the walk goes along just these."""
        return [filter_ for filter_ in self.filters if self.leads(filter_)]

    def leads(self, filter_: Filter) -> bool:
        """Whether the filter is a range of the sort's own index."""
        return filter_.span is not None and filter_.span.column == self.page.column

    def stretches(self, store: Store, place: Place | None) -> Iterator[Condition]:
        """The stretches of the walk, in order: all records from `place` on but for those that cannot match."""
        page, reach, values = self.page, self._reach(store), self._values(store)
        if page.column is None:
            yield from self._by_pk(place, reach)
            return
        spans = _spans(self.leading)
        if place is None and not spans and reach is None and values is None:
            yield Condition("1")
            return
        for stretch in stretches(page, place, spans):
            for part in self._parts(stretch, values):
                if reach is None or (page.column in OF_GROWING and not part.span.is_one_value):
                    yield part.condition(page, self.alias)
                else:
                    yield from self._within_reach(store, part, reach)

    def _reach(self, store: Store) -> Reach | None:
        """Between which numbers matches can lie; None where the zone map tells nothing, or no more than the sort's own
        index does.
        """
        told = self._told(zones.COLUMNS)
        return None if all(map(self.leads, told)) else zones.reach(store, _spans(told))

    def _values(self, store: Store) -> tuple[Span, ...] | None:
        """Which values of the sort's column matches can have, in ascending order; None where they can have any."""
        column = self.page.column
        if column is None:
            return None
        table = kinds.table_of(column)
        told = self._told(kinds.TABLES[table] if table is not None else zones.COLUMNS)
        if all(map(self.leads, told)):
            return None
        if table is not None:
            return kinds.reach(store, _spans(told), column)
        if column in days.SORTS:
            return days.reach(store, _spans(told), column)
        return zones.ids(store, _spans(told)) if column == "id" else None

    def _told(self, columns: Sequence[str]) -> list[Filter]:
        """The filters that are ranges of one of these columns of visitors."""
        if self.table != "visitors":
            return []
        return [one for one in self.filters if one.span is not None and one.span.column in columns]

    def _parts(self, stretch: Stretch, values: tuple[Span, ...] | None) -> Iterator[Stretch]:
        """What of a stretch has these values, in the order of the page."""
        if values is None:
            yield stretch
            return
        for one in reversed(values) if self.page.descending else values:
            within = stretch.span.within(one)
            if within is not None:
                yield Stretch(within, stretch.pk)

    def _by_pk(self, place: Place | None, reach: Reach | None) -> Iterator[Condition]:
        """The stretches of a walk in the order of the store."""
        after = None if place is None else place.pk
        if reach is not None:
            for run in reach.in_order(self.page, after):
                yield self._between(run)
        elif after is not None:
            yield pk_beyond(self.page, after, self.alias)
        else:
            yield Condition("1")

    def _within_reach(self, store: Store, stretch: Stretch, reach: Reach) -> Iterator[Condition]:
        """What of a stretch of the sort's index is within reach."""
        if not reach.runs:
            return
        for span in self._one_by_one(store, stretch.span):
            if span.is_one_value:
                for run in reach.in_order(self.page, stretch.pk):
                    yield every([span.condition(self.alias), self._between(run)])
            else:
                yield every([span.condition(self.alias), self._between((reach.runs[0][0], reach.runs[-1][1]))])

    def _one_by_one(self, store: Store, span: Span) -> Iterator[Span]:
        """The span as one value after another; what is left after `VALUES` of them, as a whole."""
        left: Span | None = span
        for _ in range(VALUES):
            if left is None or left.is_one_value:
                break
            condition = left.condition(self.alias)
            index = f"INDEXED BY {self.index}"
            sql = (
                f"SELECT {self.alias}.{span.column} FROM {self.table} AS {self.alias} {index}"
                f" WHERE {condition.sql}{in_order(self.page, self.alias)} LIMIT 1"
            )
            found = store.execute(sql, condition.parameters).fetchone()
            if found is None:
                return
            yield Span.of(span.column, found[0])
            passed = {"upper": found[0]} if self.page.descending else {"lower": found[0], "above": True}
            left = left.within(Span(column=span.column, **passed))
        if left is not None:
            yield left

    def _between(self, run: tuple[int, int]) -> Condition:
        return Condition(f"{self.alias}.pk BETWEEN ? AND ?", run)


def _spans(filters: Iterable[Filter]) -> list[Span]:
    return [one.span for one in filters if one.span is not None]
