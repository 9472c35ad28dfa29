"""How a page of a listing is found among many records.

`Listing` chooses between two ways:

- *walk*: scan the sort index and test the filters on each row, until the page is full. This is fast if many records
  match, since the page fills soon.
- *drive*: fetch the matches of one filter from its index, and sort them. This is fast if there are few.

SQLite could only guess. So each indexed filter is asked for its matches, up to `FEW` of them, which takes a few
milliseconds. The filter with the fewest drives; if none has fewer than `FEW`, we walk. `INDEXED BY` and `NOT INDEXED`
enforce the choice. With SQLite's own choice after ANALYZE, one page in a hundred takes 0.4 s at 200,000 visitors; with
this one, 0.06 s at a million.

Sorting thousands of matches means looking up each of them, mostly on a page of its own. A walk that tests each record
for membership stays in the index: where that fills a page sooner, we walk after all. At a million, the first page of
14,000 matches then takes 0.02 s instead of 0.5 if nothing is in memory. And since times and numbers mostly grow
together, all matches of a time range may be at the far end of a walk: see `visitors.store.query.bounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from visitors.store.database import Question, Row
from visitors.store.query.bounds import TIMES, Walk, among
from visitors.store.query.filters import Filter
from visitors.store.query.listing import (
    Condition,
    Page,
    Place,
    Table,
    beyond,
    every,
    in_order,
    pk_beyond,
    place_asked,
    stretches,
)
from visitors.store.store import Store

FEW = 15_000
"""Fewer matches are fetched and sorted, more are walked to: at a million records, the costs are about equal here."""

FEW_OF_ALL = 100_000
"""The same limit in creation order, where matches need no sorting, and the alternative is a walk to the end."""

PASSING = 0.05
"""The cost of passing a record in an index, relative to looking one up by number; rounded up."""

Statement = tuple[str, Condition]
"""How the table is read (`INDEXED BY` ... or `NOT INDEXED`), and the condition on its rows."""


class Driver(msgspec.Struct, frozen=True):
    """A filter with few matches, their number, and their pks as a JSON array."""

    filter: Filter
    count: int
    pks: str
    records: int = 0
    """The number of records in the table, at most."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A table, its alias in statements, the index of each indexed sort, and the filters, which must all hold."""

    table: Table
    alias: str
    indexes: Mapping[str, str]
    filters: tuple[Filter, ...]

    def rows(
        self, store: Store, columns: str, joins: str, parameters: Sequence[object], page: Page
    ) -> Iterator[tuple[Any, ...]]:
        """Yield `columns` of the page's records and of `joins`; both take the `parameters`. Raises NotFound if there is
        no record with the id `page.after`.
        """
        asked = (place_asked(self.table, page), self.driver_asked(page))
        found = iter(store.ask_all(*(question for question in asked if question is not None)))
        place, driver = (None if question is None else next(found) for question in asked)
        left = page.limit
        for access, condition in self._statements(store, page, place or page.place, driver):
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
        """Return the ids of all matches, in creation order."""
        access, condition = self._all(store)
        sql = f"SELECT {self.alias}.id FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        return [row[0] for row in store.execute(f"{sql} ORDER BY {self.alias}.pk", condition.parameters)]

    def count(self, store: Store, limit: int | None = None) -> int:
        """Return the number of matches, counted up to `limit` if given."""
        told = self._from_indexes(store)
        if told is not None:
            return store.ask(_counted(told, limit))
        if limit:
            access, condition = next(self._statements(store, Page(), None, self.driver(store, Page())))
        else:
            access, condition = self._all(store)
        sql = f"SELECT 1 FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        return store.ask(_counted(Condition(sql, condition.parameters), limit))

    def totals(self, store: Store, columns: str) -> tuple[Any, ...]:
        """Return one row of `columns`, which aggregate all matches."""
        access, condition = self._all(store)
        sql = f"SELECT {columns} FROM {self.table} AS {self.alias} {access} WHERE {condition.sql}"
        found: tuple[Any, ...] = store.execute(sql, condition.parameters).fetchone()
        return found

    def _statements(self, store: Store, page: Page, place: Place | None, driver: Driver | None) -> Iterator[Statement]:
        if driver is None or self._fills_soon(driver, page):
            return self.walk(store, page, place, driver)
        return iter([self.drive(driver, page, place)])

    def _all(self, store: Store) -> Statement:
        driver = self.driver(store, Page())
        if driver is not None:
            return self.drive(driver, Page(), None)
        # left to SQLite: the index of a filter, or a full scan
        return "", every(filter_.on_row(self.alias) for filter_ in self.filters)

    def driver(self, store: Store, page: Page) -> Driver | None:
        """Return the filter with the fewest matches and their pks, if they are few enough to fetch and sort."""
        question = self.driver_asked(page)
        return None if question is None else store.ask(question)

    def driver_asked(self, page: Page) -> Question[Driver | None] | None:
        """Return the query of `driver`: one for all filters, each counted up to the matches of the one before;
        None without such a filter.
        """
        least = FEW if page.limit or page.column else FEW_OF_ALL
        asked = [
            (filter_, filter_.matching(self.table, self.alias)) for filter_ in self.filters if not _leads(filter_, page)
        ]
        chosen = [(filter_, matching) for filter_, matching in asked if matching is not None]
        if not chosen:
            return None
        counts = []
        parameters: list[object] = []
        for number, (_, matching) in enumerate(chosen):
            limit = f"(SELECT matches FROM f{number - 1})" if number else f"{least:d}"
            # as one value: fetching hundreds of thousands of rows takes Python three times as long
            counts.append(
                f"f{number} AS MATERIALIZED (SELECT count(*) AS matches, json_group_array(pk) AS pks"
                f" FROM (SELECT pk FROM ({matching.sql}) LIMIT {limit}))"
            )
            parameters += matching.parameters
        found = " UNION ALL ".join(
            f"SELECT {number} AS number, matches, pks FROM f{number}" for number in range(len(chosen))
        )
        sql = (
            f"WITH {', '.join(counts)} SELECT number, matches, pks, (SELECT max(pk) FROM {self.table}) FROM ({found})"
            f" WHERE matches < {least:d} ORDER BY matches, number LIMIT 1"
        )

        def read(rows: list[Row]) -> Driver | None:
            for number, count, pks, records in rows:
                return Driver(chosen[number][0], count, pks, records or 0)
            return None

        return Question(sql, parameters, read)

    def _fills_soon(self, driver: Driver, page: Page) -> bool:
        """Return whether a walk finds a page of the driver's matches at less cost than looking all of them up."""
        span = driver.filter.span
        if page.column is None or not page.limit or not driver.count:
            return False
        if span is not None and {span.column, page.column} <= {"id", *TIMES}:
            return False  # all matches may be at the far end
        if any(one.matching(self.table, self.alias) is not None for one in self.filters if one is not driver.filter):
            return False  # the number matching both is unknown
        return bool(page.limit * driver.records / driver.count * PASSING < driver.count)

    def _from_indexes(self, store: Store) -> Condition | None:
        """Build the statement that gives a row for each match, from indexes alone: the matches of one filter, without
        the few exceptions of others; None if there are more. 0.2 s at a million, instead of 4.
        """
        chosen = [filter_ for filter_ in self.filters if filter_.exceptions is None]
        others = self._without_exceptions(store, "pk") if len(chosen) < 2 else None
        matching = chosen[0].matching(self.table, self.alias) if chosen else Condition(f"SELECT pk FROM {self.table}")
        if matching is None or others is None:
            return None
        # a visitor may have two blocks
        each = "DISTINCT " if chosen and chosen[0].members is not None else ""
        sql = f"SELECT {each}pk FROM ({matching.sql}) WHERE {others.sql}"
        return Condition(sql, (*matching.parameters, *others.parameters))

    def all_but_few(self, store: Store) -> Condition | None:
        """Build the condition that excludes a few exceptions, if that is all that the filters do, so that any index
        will do.

        None if there are more exceptions, or another filter. Counting by an indexed field takes 0.1 s at a million with
        it, and 0.6 without.
        """
        if any(filter_.exceptions is None for filter_ in self.filters):
            return None
        return self._without_exceptions(store, f"{self.alias}.pk")

    def all_of_them(self, store: Store) -> Statement:
        """Return how to read each match once, in whatever order is fastest."""
        access, condition = self._all(store)
        # many: scanning is cheaper than looking most records up, as using any one index would
        return access or "NOT INDEXED", condition

    def _without_exceptions(self, store: Store, pk: str) -> Condition | None:
        """Build the condition that a record is no exception of any filter; None if there are many exceptions."""
        exceptions = [filter_.exceptions for filter_ in self.filters if filter_.exceptions is not None]
        counts = store.ask_all(*(_counted(one, FEW) for one in exceptions)) if exceptions else []
        if FEW in counts:
            return None
        return every(
            Condition(f"{pk} NOT IN ({one.sql})", one.parameters)
            for one, count in zip(exceptions, counts, strict=True)
            if count
        )

    def drive(self, driver: Driver, page: Page, place: Place | None) -> Statement:
        """Build the statement that fetches the records of `driver`, and sorts them."""
        others = (filter_.on_row(self.alias) for filter_ in self.filters if filter_ is not driver.filter)
        condition = every([self._given(driver), *others, beyond(page, place, self.alias)])
        if page.column is not None and page.limit:
            condition = self._on_page(page, condition)
        return "NOT INDEXED", condition

    def _on_page(self, page: Page, condition: Condition) -> Condition:
        """Select the sorted page first, so that only its records are joined to the rest of what is shown."""
        source = f"SELECT {self.alias}.pk FROM {self.table} AS {self.alias} NOT INDEXED WHERE {condition.sql}"
        cut = f"{in_order(page, self.alias)} LIMIT {page.limit}"
        return among(self.alias, Condition(source + cut, condition.parameters))

    def walk(self, store: Store, page: Page, place: Place | None, driver: Driver | None = None) -> Iterator[Statement]:
        """Build the statements that scan the sort index, one range after another, and test the filters; that of
        `driver` by membership in its matches.
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
        elif index is None:  # all matches are sorted; 0.5 s at 216,000 if the key is computed from visitors
            whole = every([beyond(page, place, self.alias), *tests, *(span.condition(self.alias) for span in spans)])
            yield access, self._on_page(page, whole) if page.limit else whole
            return
        elif place is None and not spans:
            parts = [Condition("1")]
        else:
            parts = stretches(page, place, spans, self.alias)
        for number, part in enumerate(parts):
            if number == 0 and driver is None and page.limit:
                times = [one.span for one in self.filters if one.span is not None and not _leads(one, page)]
                tests += Walk(self.table, self.alias, access, page, part).bounds(store, times)
            yield access, every([part, *tests])

    def _given(self, driver: Driver) -> Condition:
        return among(self.alias, Condition("SELECT value FROM json_each(?)", (driver.pks,)))


def _leads(filter_: Filter, page: Page) -> bool:
    """Return whether the filter is a range of the sort's own index, so that a walk covers only this range."""
    return filter_.span is not None and filter_.span.column == page.column


def _counted(statement: Condition, limit: int | None) -> Question[int]:
    """Return the query for the number of rows of the statement, counted up to `limit`."""
    cut = "" if limit is None else f" LIMIT {limit:d}"
    return Question(f"SELECT count(*) FROM ({statement.sql}{cut})", statement.parameters, lambda rows: int(rows[0][0]))
