"""How a page of a listing is found among many records.

There are two ways, and `Listing` chooses between them:

- *walk* along the index of the sort and test the filters on each row, until the page is full. This is quick
  when many records match, for then the page fills soon.
- *drive*: let a filter's own index give the records that match it, and sort those. This is quick when few do,
  for then there is little to sort.

SQLite could only guess which. So each filter that an index serves is asked for its matches, up to `FEW` of them, which
takes a few milliseconds. The filter with the fewest drives; where none has fewer than `FEW`, we walk. `INDEXED BY` and
`NOT INDEXED` hold SQLite to that. Left to SQLite's own choice, with ANALYZE, one page in a hundred takes 0.4 s at
200,000 visitors; with this one 0.06 s at a million.

Of the thousands that drive, each has to be looked up to be sorted, on a page of its own mostly. A walk that asks each
record whether it is among them stays in the index: where that fills a page sooner, we walk after all. And as times and
numbers mostly grow together, all that a range of times chooses may lie at the far end of a walk: see `_bounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from visitors.store.query.listing import (
    Condition,
    Page,
    Place,
    Span,
    Table,
    beyond,
    every,
    in_order,
    pk_beyond,
    place_of,
    stretches,
)
from visitors.store.store import Store

FEW = 15_000
"""Fewer matches than this are fetched and sorted, more are walked to: of a million that costs about the same."""

FEW_OF_ALL = 100_000
"""The same for all that match in the order of the store, which takes no sorting, and a walk to the end otherwise."""

FAR = 10_000
"""Passing so many records that do not match takes about as long as asking where those that do lie."""

LOOKED_AT = 8
"""How many records are looked at there: of what is spread evenly, one of them matches."""

PASSING = 0.05
"""What passing a record in an index costs, of what looking one up by its number does, and a little more."""

TIMES = ("created_at", "updated_at", "last_seen_at")
"""The columns whose values mostly grow with the numbers of their records."""

Statement = tuple[str, Condition]
"""How the table is read (`INDEXED BY` ... or `NOT INDEXED`), and the condition on its rows."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of a listing: a `span` of a column, or a `test` of a row, or both, in which case both must hold.

    Where an index serves it all the same, `members` selects the pks of what matches; where most match, and an index
    gives those that do not, `exceptions` selects the pks of these.
    """

    span: Span | None = None
    test: Condition | None = None
    members: Condition | None = None
    exceptions: Condition | None = None

    def on_row(self, alias: str) -> Condition:
        """What holds for a row that matches."""
        of_span = [self.span.condition(alias)] if self.span is not None else []
        return every([*of_span, *([self.test] if self.test is not None else [])])


class Driver(msgspec.Struct, frozen=True):
    """A filter that few records match, how many do, and their numbers as a JSON array."""

    filter: Filter
    count: int
    pks: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A table, the alias that its statements give it, the index of each sort that has one, and the filters, which must
    all hold.
    """

    table: Table
    alias: str
    indexes: Mapping[str, str]
    filters: tuple[Filter, ...]

    def rows(
        self, store: Store, columns: str, joins: str, parameters: Sequence[object], page: Page
    ) -> Iterator[tuple[Any, ...]]:
        """`columns` of the page's records and of `joins`; those two take the `parameters`. Raises NotFound when there
        is no record with the id `page.after`.
        """
        place = place_of(store, self.table, page)
        left = page.limit
        for access, condition in self._statements(store, page, place):
            sql = (
                f"SELECT {columns} FROM {self.table} AS {self.alias} {access} {joins} WHERE {condition.sql}"
                f"{in_order(page, self.alias)} LIMIT {left if page.limit else -1}"
            )
            for row in store.stream(sql, (*parameters, *condition.parameters)):
                yield row
                left -= 1
            if page.limit and left <= 0:
                return

    def ids(self, store: Store) -> list[str]:
        """The ids of all records that match, in the order in which the store got them."""
        access, condition = self._all(store)
        sql = f"SELECT {self.alias}.id FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        return [row[0] for row in store.execute(f"{sql} ORDER BY {self.alias}.pk", condition.parameters)]

    def count(self, store: Store, limit: int | None = None) -> int:
        """How many records match; with a `limit`, no more than that are counted."""
        told = self._told_by_indexes(store)
        if told is not None:
            return _up_to(store, told, limit)
        access, condition = next(self._statements(store, Page(), None)) if limit else self._all(store)
        sql = f"SELECT 1 FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        return _up_to(store, Condition(sql, condition.parameters), limit)

    def totals(self, store: Store, columns: str) -> tuple[Any, ...]:
        """One row of `columns`, which add up all records that match."""
        access, condition = self._all(store)
        sql = f"SELECT {columns} FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        found: tuple[Any, ...] = store.execute(sql, condition.parameters).fetchone()
        return found

    def _statements(self, store: Store, page: Page, place: Place | None) -> Iterator[Statement]:
        driver = self.driver(store, page)
        if driver is None or self._fills_soon(store, driver, page):
            return self.walk(store, page, place, driver)
        return iter([self.drive(driver, page, place)])

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
            matching = None if _leads(filter_, page) else self.matching(filter_)
            if matching is None:
                continue
            # as one value: hundreds of thousands of rows would take Python thrice the time
            sql = f"SELECT count(*), json_group_array(pk) FROM (SELECT pk FROM ({matching.sql}) LIMIT ?)"
            count, pks = store.execute(sql, (*matching.parameters, least)).fetchone()
            if count < least:
                best, least = Driver(filter_, count, pks), count
        return best

    def _fills_soon(self, store: Store, driver: Driver, page: Page) -> bool:
        """Whether a walk comes upon a page of the driver's matches for less than looking all of them up costs."""
        span = driver.filter.span
        if page.column is None or not page.limit or not driver.count:
            return False
        if span is not None and {span.column, page.column} <= {"id", *TIMES}:
            return False  # all that matches may lie at the far end
        if any(self.matching(one) is not None for one in self.filters if one is not driver.filter):
            return False  # who knows how few match both
        records = store.execute(f"SELECT max(pk) FROM {self.table}").fetchone()[0]
        return bool(page.limit * records / driver.count * PASSING < driver.count)

    def matching(self, filter_: Filter) -> Condition | None:
        """The statement by which an index gives the pks of all that match the filter; None where none can."""
        if filter_.members is not None or filter_.span is None:
            return filter_.members
        condition = filter_.on_row(self.alias)
        sql = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} WHERE {condition.sql}"
        return Condition(sql, condition.parameters)

    def _told_by_indexes(self, store: Store) -> Condition | None:
        """The statement that gives a row for each record that matches, and looks none of them up: those of one filter,
        without the few that are exceptions from others; None where there are more. 0.2 s at a million, instead of 4.
        """
        chosen = [filter_ for filter_ in self.filters if filter_.exceptions is None]
        others = self._without_exceptions(store, "pk") if len(chosen) < 2 else None
        matching = self.matching(chosen[0]) if chosen else Condition(f"SELECT pk FROM {self.table}")
        if matching is None or others is None:
            return None
        # two blocks may lie on one visitor
        each = "DISTINCT " if chosen and chosen[0].members is not None else ""
        sql = f"SELECT {each}pk FROM ({matching.sql}) WHERE {others.sql}"
        return Condition(sql, (*matching.parameters, *others.parameters))

    def all_but_few(self, store: Store) -> Condition | None:
        """What holds for all records that match, and can be told by any index: that they are none of a few exceptions.
        None where there are more of these, or another filter. Counting by an indexed field takes 0.1 s at a million
        with it, and 0.6 without.
        """
        if any(filter_.exceptions is None for filter_ in self.filters):
            return None
        return self._without_exceptions(store, f"{self.alias}.pk")

    def all_of_them(self, store: Store) -> Statement:
        """How all records that match are read, each once, in whatever order is the quickest."""
        access, condition = self._all(store)
        # many: a look at each record takes less than looking most of them up, as any one index would have it
        return access or "NOT INDEXED", condition

    def _without_exceptions(self, store: Store, pk: str) -> Condition | None:
        """That a record is no exception from any filter; None where there are many exceptions."""
        found: list[Condition] = []
        for filter_ in self.filters:
            exceptions = filter_.exceptions
            count = 0 if exceptions is None else _up_to(store, exceptions, FEW)
            if count == FEW:
                return None
            if exceptions is not None and count:
                found.append(Condition(f"{pk} NOT IN ({exceptions.sql})", exceptions.parameters))
        return every(found)

    def drive(self, driver: Driver, page: Page, place: Place | None) -> Statement:
        """The statement that has `driver` give the records, and sorts them."""
        others = (filter_.on_row(self.alias) for filter_ in self.filters if filter_ is not driver.filter)
        condition = every([self._given(driver), *others, beyond(page, place, self.alias)])
        if page.column is not None and page.limit:
            condition = self._on_page(page, condition)
        return "NOT INDEXED", condition

    def _on_page(self, page: Page, condition: Condition) -> Condition:
        """The page first, sorted: only its own records are then joined to the rest of what is shown."""
        source = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} NOT INDEXED WHERE {condition.sql}"
        cut = f"{in_order(page, self.alias)} LIMIT {page.limit}"
        return self._among(Condition(source + cut, condition.parameters))

    def walk(self, store: Store, page: Page, place: Place | None, driver: Driver | None = None) -> Iterator[Statement]:
        """The statements that go along the sort's index, one stretch after another, and test the filters; that of
        `driver` by whether a record is among its matches.
        """
        leading = [filter_ for filter_ in self.filters if _leads(filter_, page)]
        spans = [filter_.span for filter_ in leading if filter_.span is not None]
        tests = [
            self._given(driver) if driver is not None and filter_ is driver.filter else filter_.on_row(self.alias)
            for filter_ in self.filters
            if filter_ not in leading
        ]
        tests += [filter_.test for filter_ in leading if filter_.test is not None]
        index = None if page.column is None else self.indexes.get(page.column)
        access = "NOT INDEXED" if index is None else f"INDEXED BY {index}"
        if page.column is None:
            parts = [Condition("1") if place is None else pk_beyond(page, place.pk, self.alias)]
        elif index is None:  # all that matches is sorted; by what is worked out of visitors, 0.5 s of 216,000
            whole = every([beyond(page, place, self.alias), *tests, *(span.condition(self.alias) for span in spans)])
            yield access, self._on_page(page, whole) if page.limit else whole
            return
        elif place is None and not spans:
            parts = [Condition("1")]
        else:
            parts = [stretch.condition(page, self.alias) for stretch in stretches(page, place, spans)]
        for number, part in enumerate(parts):
            if number == 0 and driver is None and page.limit:
                tests += self._bounds(store, page, access, part)
            yield access, every([part, *tests])

    def _bounds(self, store: Store, page: Page, access: str, start: Condition) -> Iterator[Condition]:
        """From which number on all that a range of times chooses lies, if a walk would go far to come upon it: so it
        passes the rest in the index or, in the order of the store, not at all. Where that does not help, since the
        store was not filled in the order of time, the numbers themselves.

        At a million the slowest pair of filter and sort takes 0.1 s of a processor with it, and 0.7 without; 0.8 and
        1.6 in a store that was filled in no order.
        """
        table = f"{self.table} AS {self.alias}"
        for filter_ in self.filters:
            if filter_.span is None or filter_.span.column not in TIMES or _leads(filter_, page):
                continue
            matches = filter_.span.condition(self.alias)
            if self._is_far(store, page, access, start, matches, FAR):
                within = self._within(store, page, matches)
                yield within
                # in the order of the store, what lies between others lies there evenly
                if page.column and self._is_far(store, page, access, every([start, within]), matches, 10 * FAR):
                    sql = f"SELECT {self.alias}.pk FROM {table} WHERE {matches.sql}"
                    yield self._among(Condition(sql, matches.parameters))

    def _within(self, store: Store, page: Page, matches: Condition) -> Condition:
        """From which number on the matches lie; also up to which, where numbers begin anew with every value."""
        far_end = ("max", "<=") if page.descending else ("min", ">=")
        ends = [far_end] if page.column in (None, "id", *TIMES) else [("min", ">="), ("max", "<=")]
        # by its +, SQLite goes along the index of the times, and not along the table
        asked = ", ".join(f"{end}(+{self.alias}.pk)" for end, _ in ends)
        sql = f"SELECT {asked} FROM {self.table} AS {self.alias} WHERE {matches.sql}"
        found = store.execute(sql, matches.parameters).fetchone()
        return Condition(" AND ".join(f"{self.alias}.pk {sign} ?" for _, sign in ends), found)

    def _is_far(self, store: Store, page: Page, access: str, start: Condition, matches: Condition, far: int) -> bool:
        """Whether of some records so `far` down a walk none matches."""
        walk = (
            f"SELECT {matches.sql} AS does FROM {self.table} AS {self.alias} {access}"
            f" WHERE {start.sql}{in_order(page, self.alias)} LIMIT {LOOKED_AT} OFFSET {far}"
        )
        parameters = (*matches.parameters, *start.parameters)
        count, does = store.execute(f"SELECT count(*), max(does) FROM ({walk})", parameters).fetchone()
        return bool(count and not does)

    def _given(self, driver: Driver) -> Condition:
        return self._among(Condition("SELECT value FROM json_each(?)", (driver.pks,)))

    def _among(self, matching: Condition) -> Condition:
        return Condition(f"{self.alias}.pk IN ({matching.sql})", matching.parameters)


def _leads(filter_: Filter, page: Page) -> bool:
    """Whether the filter is a range of the sort's own index: a walk then goes along just that."""
    return filter_.span is not None and filter_.span.column == page.column


def _up_to(store: Store, statement: Condition, limit: int | None) -> int:
    """How many rows the statement gives, counted up to `limit`."""
    cut = "" if limit is None else f" LIMIT {limit:d}"
    found: int = store.execute(f"SELECT count(*) FROM ({statement.sql}{cut})", statement.parameters).fetchone()[0]
    return found
