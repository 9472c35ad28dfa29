"""How a page of a listing is found among many records.

There are two ways, and `Listing` chooses between them:

- *walk* along the index of the sort and test the filters on each row, until the page is full. This is quick
  when many records match, for then the page fills soon.
- *drive*: let a filter's own index give the records that match it, and sort those. This is quick when few do,
  for then there is little to sort.

SQLite could only guess which: it knows nothing of the values. So each filter that an index serves is
asked for its matches, up to `FEW` of them, which takes a few milliseconds. The filter with the fewest
drives; where none has fewer than `FEW`, we walk. `INDEXED BY` and `NOT INDEXED` hold SQLite to that.

Of the thousands that drive, each has to be looked up to be sorted, on a page of its own mostly. A walk that asks each
record whether it is among them stays in the index, and fills a page after passing as many as there are, spread evenly,
to one that matches. Where that is the shorter way, we walk after all.

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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from visitors.store import days, kinds, zones
from visitors.store.connection import Store, rows
from visitors.store.listing import (
    Condition,
    Page,
    Place,
    Span,
    Stretch,
    Table,
    beyond,
    every,
    in_order,
    pk_beyond,
    place_of,
    stretches,
)
from visitors.store.zones import Reach

FEW = 10_000
"""Fewer matches than this are fetched and sorted, more are walked to. Where this many of a million match, spread
evenly, a page of 50 costs about the same either way.
"""

FEW_OF_ALL = 100_000
"""The same for all that match in the order of the store, which takes no sorting, and a walk to the end otherwise."""

PASSING = 0.05
"""What passing a record in an index costs, of what looking one up by its number does."""

OF_GROWING = ("id", *days.SORTS)
"""The columns whose values mostly grow with the numbers of their records."""

EACH_LEAD = 3
"""How many matches a key or a block counts for: finding what it leads to takes so many steps."""

VALUES = 256
"""Up to how many values of a column are gone through one by one; each is a statement, or a few."""

Statement = tuple[str, Condition]
"""How the table is read (`INDEXED BY` ... or `NOT INDEXED`), and the condition on its rows."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of a listing: a `span` of a column, or a `test` of a row, or both, in which case both must hold.

    Where it is no span, but an index serves it all the same, `members` selects the pks of what matches. Where
    each of those takes several steps to find, `leads` selects what leads to them, the keys or blocks, one row for each.
    """

    span: Span | None = None
    test: Condition | None = None
    members: Condition | None = None
    leads: Condition | None = None

    def on_row(self, alias: str) -> Condition:
        """What holds for a row that matches."""
        of_span = [self.span.condition(alias)] if self.span is not None else []
        return every([*of_span, *([self.test] if self.test is not None else [])])


class Driver(msgspec.Struct, frozen=True):
    """A filter that few records match, and which."""

    filter: Filter
    pks: list[int]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A table, the alias that its statements give it, the index of each sort, and the filters, which must all hold."""

    table: Table
    alias: str
    indexes: Mapping[str, str]
    filters: tuple[Filter, ...]

    def rows(
        self, store: Store, columns: str, joins: str, parameters: Sequence[object], page: Page
    ) -> Iterator[tuple[Any, ...]]:
        """`columns` of the page's records and of `joins`; those two take the `parameters`.

        Raises NotFound when there is no record with the id `page.after`.
        """
        place = place_of(store, self.table, page)
        left = page.limit
        for access, condition in self._statements(store, page, place):
            sql = (
                f"SELECT {columns} FROM {self.table} AS {self.alias} {access} {joins} WHERE {condition.sql}"
                f"{in_order(page, self.alias)} LIMIT {left if page.limit else -1}"
            )
            for row in store.execute(sql, (*parameters, *condition.parameters)):
                yield row
                left -= 1
            if page.limit and left <= 0:
                return

    def _statements(self, store: Store, page: Page, place: Place | None) -> Iterator[Statement]:
        driver = self.driver(store, page)
        if driver is None or self._fills_soon(store, driver, page):
            return self.walk(store, page, place, driver)
        return iter([self.drive(driver, page, place)])

    def _fills_soon(self, store: Store, driver: Driver, page: Page) -> bool:
        """Whether a walk comes upon a page of the driver's matches for less than looking all of them up costs."""
        span = driver.filter.span
        if page.column is None or not page.limit or not driver.pks:
            return False
        if span is not None and {span.column, page.column} <= set(OF_GROWING):
            return False  # all that matches may lie at the far end of a day or zone, and together in the store
        records = store.execute(f"SELECT max(pk) FROM {self.table}").fetchone()[0]
        return bool(page.limit * records / len(driver.pks) * PASSING < len(driver.pks))

    def ids(self, store: Store) -> list[str]:
        """The ids of all records that match, in the order in which the store got them."""
        access, condition = self._all(store)
        sql = f"SELECT {self.alias}.id FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        return [row[0] for row in store.execute(f"{sql} ORDER BY {self.alias}.pk", condition.parameters)]

    def count(self, store: Store, limit: int | None = None) -> int:
        """How many records match; with a `limit`, no more than that are counted."""
        found = 0
        for access, condition in self._statements(store, Page(), None) if limit else [self._all(store)]:
            sql = f"SELECT 1 FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
            found += _up_to(store, Condition(sql, condition.parameters), limit and limit - found)
            if limit and found == limit:
                break
        return found

    def totals(self, store: Store, columns: str) -> tuple[Any, ...]:
        """One row of `columns`, which add up all records that match."""
        access, condition = self._all(store)
        sql = f"SELECT {columns} FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        found: tuple[Any, ...] = store.execute(sql, condition.parameters).fetchone()
        return found

    def _all(self, store: Store) -> Statement:
        driver = self.driver(store, Page())
        if driver is not None:
            return self.drive(driver, Page(), None)
        # whatever SQLite makes of it: an index of one of the filters, or all records
        return "", every(filter_.on_row(self.alias) for filter_ in self.filters)

    def driver(self, store: Store, page: Page) -> Driver | None:
        """The filter with the fewest matches, if these are few enough to be fetched and sorted; and their pks."""
        least = FEW if page.limit or page.column else FEW_OF_ALL
        best = None
        for filter_ in self.filters:
            matching = None if self._leads(filter_, page) else self.matching(filter_)
            if matching is None or self._leads_to_many(store, filter_, least):
                continue
            sql = f"SELECT pk FROM ({matching.sql}) LIMIT ?"
            found = [row[0] for row in store.execute(sql, (*matching.parameters, least))]
            if len(found) < least:
                best, least = Driver(filter_, found), len(found)
        return best

    def _leads_to_many(self, store: Store, filter_: Filter, many: int) -> bool:
        """Whether so much leads to matches that these will be many: that is counted in a tenth of their time."""
        return filter_.leads is not None and _up_to(store, filter_.leads, 1 + many // EACH_LEAD) * EACH_LEAD >= many

    def matching(self, filter_: Filter) -> Condition | None:
        """The statement by which an index gives the pks of all that match the filter; None where none can."""
        if filter_.members is not None or filter_.span is None:
            return filter_.members
        condition = filter_.on_row(self.alias)
        sql = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} WHERE {condition.sql}"
        return Condition(sql, condition.parameters)

    def drive(self, driver: Driver, page: Page, place: Place | None) -> Statement:
        """The statement that has `driver` give the records, and sorts them."""
        given = self._given(driver)
        others = (filter_.on_row(self.alias) for filter_ in self.filters if filter_ is not driver.filter)
        condition = every([given, *others, beyond(page, place, self.alias)])
        if page.column is not None and page.limit:
            # the page first: only its own records are then joined to the rest of what is shown
            source = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} NOT INDEXED WHERE {condition.sql}"
            cut = f"{in_order(page, self.alias)} LIMIT {page.limit}"
            condition = self._among(Condition(source + cut, condition.parameters))
        return "NOT INDEXED", condition

    def _on_row(self, filter_: Filter, driver: Driver | None) -> Condition:
        return filter_.on_row(self.alias) if driver is None or filter_ is not driver.filter else self._given(driver)

    def _given(self, driver: Driver) -> Condition:
        return self._among(Condition("SELECT value FROM json_each(?)", (rows(driver.pks),)))

    def _among(self, matching: Condition) -> Condition:
        return Condition(f"{self.alias}.pk IN ({matching.sql})", matching.parameters)

    def walk(self, store: Store, page: Page, place: Place | None, driver: Driver | None = None) -> Iterator[Statement]:
        """The statements that go along the sort's index, one stretch after another, and test the filters; that of
        `driver` by whether a record is among its matches.
        """
        leading = [filter_ for filter_ in self.filters if self._leads(filter_, page)]
        tests = [self._on_row(filter_, driver) for filter_ in self.filters if filter_ not in leading]
        tests += [filter_.test for filter_ in leading if filter_.test is not None]
        access = "NOT INDEXED" if page.column is None else f"INDEXED BY {self.indexes[page.column]}"
        for stretch in self._stretches(store, page, place, leading):
            yield access, every([stretch, *tests])

    def _stretches(
        self, store: Store, page: Page, place: Place | None, leading: Sequence[Filter]
    ) -> Iterator[Condition]:
        """The stretches of a walk, in order: all records but for those that cannot match."""
        reach = self._reach(store, leading)
        if page.column is None:
            yield from self._by_pk(page, place, reach)
            return
        spans = [filter_.span for filter_ in leading if filter_.span is not None]
        values = self._values(store, page, leading)
        if place is None and not spans and reach is None and values is None:
            yield Condition("1")
            return
        for stretch in stretches(page, place, spans):
            for part in self._parts(stretch, page, values):
                if reach is None or (page.column in OF_GROWING and not part.span.is_one_value):
                    yield part.condition(page, self.alias)
                else:
                    yield from self._within_reach(store, page, part, reach)

    def _reach(self, store: Store, leading: Sequence[Filter]) -> Reach | None:
        """Between which numbers matches can lie; None where the zone map tells nothing, or no more than the sort's own
        index does.
        """
        told = self._told(zones.COLUMNS)
        return None if all(one in leading for one in told) else zones.reach(store, _spans(told))

    def _values(self, store: Store, page: Page, leading: Sequence[Filter]) -> tuple[Span, ...] | None:
        """Which values of the sort's column matches can have, in ascending order; None where they can have any."""
        if page.column is None:
            return None
        table = kinds.table_of(page.column)
        told = self._told(kinds.TABLES[table] if table is not None else zones.COLUMNS)
        if all(one in leading for one in told):
            return None
        if table is not None:
            return kinds.reach(store, _spans(told), page.column)
        if page.column in days.SORTS:
            return days.reach(store, _spans(told), page.column)
        return zones.ids(store, _spans(told)) if page.column == "id" else None

    def _told(self, columns: Sequence[str]) -> list[Filter]:
        """The filters that are ranges of one of these columns of visitors."""
        if self.table != "visitors":
            return []
        return [one for one in self.filters if one.span is not None and one.span.column in columns]

    def _parts(self, stretch: Stretch, page: Page, values: tuple[Span, ...] | None) -> Iterator[Stretch]:
        """What of a stretch has these values, in the order of the page."""
        if values is None:
            yield stretch
            return
        for one in reversed(values) if page.descending else values:
            within = stretch.span.within(one)
            if within is not None:
                yield Stretch(within, stretch.pk)

    def _by_pk(self, page: Page, place: Place | None, reach: Reach | None) -> Iterator[Condition]:
        """The stretches of a walk in the order of the store."""
        after = None if place is None else place.pk
        if reach is not None:
            for run in reach.in_order(page, after):
                yield self._between(run)
        elif after is not None:
            yield pk_beyond(page, after, self.alias)
        else:
            yield Condition("1")

    def _within_reach(self, store: Store, page: Page, stretch: Stretch, reach: Reach) -> Iterator[Condition]:
        """What of a stretch of the sort's index is within reach."""
        if not reach.runs:
            return
        for span in self._one_by_one(store, page, stretch.span):
            if span.is_one_value:
                for run in reach.in_order(page, stretch.pk):
                    yield every([span.condition(self.alias), self._between(run)])
            else:
                yield every([span.condition(self.alias), self._between((reach.runs[0][0], reach.runs[-1][1]))])

    def _one_by_one(self, store: Store, page: Page, span: Span) -> Iterator[Span]:
        """The span as one value after another; what is left after `VALUES` of them, as a whole."""
        left: Span | None = span
        for _ in range(VALUES):
            if left is None or left.is_one_value:
                break
            condition = left.condition(self.alias)
            index = f"INDEXED BY {self.indexes[span.column]}"
            sql = (
                f"SELECT {self.alias}.{span.column} FROM {self.table} AS {self.alias} {index}"
                f" WHERE {condition.sql}{in_order(page, self.alias)} LIMIT 1"
            )
            found = store.execute(sql, condition.parameters).fetchone()
            if found is None:
                return
            yield Span.of(span.column, found[0])
            passed = {"upper": found[0]} if page.descending else {"lower": found[0], "above": True}
            left = left.within(Span(column=span.column, **passed))
        if left is not None:
            yield left

    def _between(self, run: tuple[int, int]) -> Condition:
        return Condition(f"{self.alias}.pk BETWEEN ? AND ?", run)

    def _leads(self, filter_: Filter, page: Page) -> bool:
        """Whether the filter is a range of the sort's own index: then a walk goes along just that."""
        return filter_.span is not None and filter_.span.column == page.column


def _spans(filters: Iterable[Filter]) -> list[Span]:
    return [one.span for one in filters if one.span is not None]


def _up_to(store: Store, statement: Condition, limit: int | None) -> int:
    """How many rows the statement gives, counted up to `limit`."""
    sql = f"SELECT count(*) FROM ({statement.sql} LIMIT ?)"
    found: int = store.execute(sql, (*statement.parameters, -1 if limit is None else limit)).fetchone()[0]
    return found
