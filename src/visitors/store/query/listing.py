"""Keyset pagination: the order of a listing, and where a page begins.

A page begins after a record rather than at an offset, so page 10,000 costs as much as page 1. Records with equal or no
values are in order of creation.

The rest of a listing after a record is up to three index ranges: the other records with its value, those with values
beyond, and those without a value. See `stretches`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from visitors.domain.expectation import LARGEST
from visitors.domain.fields import VISITOR
from visitors.domain.spelling import one_of
from visitors.errors import NotFound, UsageProblem
from visitors.store.database import Question, Row, rows
from visitors.store.store import Store

Table = Literal["visitors", "contacts", "conversations", "operations"]

_NO_CASE = {field.column for field in VISITOR if field.ignores_case}
"""The columns that are compared and sorted ignoring the case of ASCII letters."""

_NEWEST_FIRST = ("createdAt", "updatedAt", "lastSeenAt")

_OF_VISITORS = "FROM visitors AS v WHERE v.contact_id = {0}.id AND v.deleted_at IS NULL)"
_COMPUTED = {
    # sorted as text like everything else, so zero-padded to get numeric order
    "visitor_count": f"(SELECT printf('%09d', count(*)) {_OF_VISITORS}",
    "visitor_seen_at": f"(SELECT max(v.last_seen_at) {_OF_VISITORS}",
}
"""Sort keys computed for each contact instead of stored: SQL over its alias."""

_ALWAYS_THERE = {"id", "status", "created_at", "updated_at", "visitor_count"}
"""The columns that are never NULL."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`limit` records (0: all) sorted by `column`, starting after the record with id `after`, or at `place`."""

    column: str | None = None
    descending: bool = False
    limit: int = 0
    after: str | None = None
    place: Place | None = None

    @classmethod
    def sorted_by(
        cls, sortable: Mapping[str, str], sort: str | None, *, reverse: bool, limit: int, after: str | None
    ) -> Page:
        """Return the page sorted by the field `sort`: times newest first, everything else ascending; without a sort,
        newest first.

        `sortable` maps fields to columns. Raises UsageProblem for an unknown field or an invalid limit.
        """
        if not 0 <= limit <= LARGEST:
            raise UsageProblem(f"limit {limit} is not between 0 and {LARGEST}")
        if sort is not None and sort not in sortable:
            hint = one_of(sort, sortable, "sort by one of")
            raise UsageProblem(f"cannot sort by {sort!r}", code="unknown_field", hint=hint)
        newest_first = sort is None or sort in _NEWEST_FIRST
        column = sortable[sort] if sort else None
        return cls(column=column, descending=newest_first is not reverse, limit=limit, after=after)

    @property
    def and_one(self) -> Page:
        """Return the page with one more record, to detect whether there are more."""
        return msgspec.structs.replace(self, limit=self.limit + 1) if self.limit else self


class Condition(msgspec.Struct, frozen=True):
    """An SQL expression or SELECT, with its parameters."""

    sql: str
    parameters: tuple[object, ...] = ()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A range of a column's values, contiguous in its index; or with `nulls` the records without a value."""

    column: str
    nulls: bool = False
    lower: str | None = None
    above: bool = False
    """Whether `lower` itself is excluded."""
    upper: str | None = None
    below: bool = True
    """Whether `upper` itself is excluded."""

    @classmethod
    def of(cls, column: str, value: str | None) -> Span:
        """Return the range of records with exactly this value; None: without a value."""
        if value is None:
            return cls(column=column, nulls=True)
        return cls(column=column, lower=value, upper=value, below=False)

    @property
    def is_one_value(self) -> bool:
        """Whether all records in it have the same value, and are thus in creation order in the index."""
        is_point = self.lower is not None and self.lower == self.upper and not (self.above or self.below)
        return self.nulls or is_point

    def condition(self, alias: str) -> Condition:
        """Build the condition that a record of the table `alias` is in the range."""
        name = compared(alias, self.column)
        if self.nulls:
            return Condition(f"{name} IS NULL")
        if self.is_one_value:
            return Condition(f"{name} = ?", (self.lower,))
        bounds = [(f"{name} {'>' if self.above else '>='} ?", self.lower or "")]  # true for any text, false for NULL
        if self.upper is not None:
            bounds.append((f"{name} {'<' if self.below else '<='} ?", self.upper))
        return Condition(" AND ".join(sql for sql, _ in bounds), tuple(value for _, value in bounds))

    def within(self, other: Span) -> Span | None:
        """Return the intersection of both ranges of the column; None if it is empty."""
        if self.nulls or other.nulls:
            return self if self.nulls and other.nulls else None
        low = max((self, other), key=lambda span: (span.lower is not None, self._key(span.lower), span.above))
        high = min((self, other), key=lambda span: (span.upper is None, self._key(span.upper), not span.below))
        if low.lower is not None and high.upper is not None:
            lower, upper = self._key(low.lower), self._key(high.upper)
            if lower > upper or (lower == upper and (low.above or high.below)):
                return None
        return Span(column=self.column, lower=low.lower, above=low.above, upper=high.upper, below=high.below)

    def _key(self, value: str | None) -> bytes:
        """Return what SQLite compares: UTF-8 bytes. Lower-casing bytes affects only ASCII, like NOCASE."""
        key = (value or "").encode()
        return key.lower() if self.column in _NO_CASE else key


class Place(msgspec.Struct, frozen=True):
    """Where a page begins: after the record with this number and this value in the sort column."""

    pk: int
    value: str | None = None


def place_of(store: Store, table: Table, page: Page) -> Place | None:
    """Return the place where the page begins. Raises NotFound if there is no record with the id `page.after`, and
    UsageProblem if that is empty.
    """
    question = place_asked(table, page)
    return page.place if question is None else store.ask(question)


def place_asked(table: Table, page: Page) -> Question[Place] | None:
    """Return the query of `place_of`, if the page begins after a record. Raises UsageProblem."""
    if page.after is None:
        return None
    if not page.after.strip():
        raise UsageProblem("--after is empty", hint="use the last id of the previous page; an empty page has none")
    value = compared("t", page.column) if page.column else "NULL"
    sql = f"SELECT t.pk, {value} FROM {table} AS t WHERE t.id = ?"

    def read(found: list[Row]) -> Place:
        if not found:
            raise NotFound(
                f"--after {page.after!r} is not the id of a record",
                code="cursor_not_found",
                hint="use the last id of the previous page",
            )
        pk, of_column = found[0]
        return Place(pk, of_column)

    return Question(sql, (page.after,), read)


def stretches(page: Page, place: Place | None, spans: Iterable[Span], alias: str) -> list[Condition]:
    """Build conditions for ranges that, one after another, are the page's records in its sort order.

    They are limited to the intersection of `spans`, ranges of the same column. Each is a plain range of the column's
    index, unlike `(column, pk) < (?, ?)`, for which SQLite 3.40 seeks by the column only and then reads past all
    records with the same value.
    """
    assert page.column is not None
    wanted, found = list(spans), []
    for span, pk in _parts(page.column, place, descending=page.descending):
        if span.nulls and page.column in _ALWAYS_THERE:
            continue
        within: Span | None = span
        for other in wanted:
            within = within and within.within(other)
        if within is not None:
            behind = [pk_beyond(page, pk, alias)] if pk is not None else []
            found.append(every([within.condition(alias), *behind]))
    return found


def _parts(column: str, place: Place | None, *, descending: bool) -> Iterator[tuple[Span, int | None]]:
    """Return the ranges of the column from `place` on, in order, each with the number after which its records begin, if
    not all are in it. SQLite sorts NULL before everything else.
    """
    nulls, values = Span(column=column, nulls=True), Span(column=column)
    if place is None:
        for span in (values, nulls) if descending else (nulls, values):
            yield span, None
        return
    yield Span.of(column, place.value), place.pk
    if descending and place.value is not None:
        yield Span(column=column, upper=place.value), None
        yield nulls, None
    elif not descending:
        yield (values if place.value is None else Span(column=column, lower=place.value, above=True)), None


def pk_beyond(page: Page, pk: int, alias: str) -> Condition:
    """Build the condition for records after the one with this number, among those with its value."""
    return Condition(f"{alias}.pk {'<' if page.descending else '>'} ?", (pk,))


def beyond(page: Page, place: Place | None, alias: str) -> Condition:
    """Build one condition for all records from `place` on."""
    if place is None:
        return Condition("1")
    if page.column is None:
        return pk_beyond(page, place.pk, alias)
    parts = stretches(page, place, (), alias)
    sql = " OR ".join(part.sql for part in parts)  # AND has precedence
    return Condition(f"({sql})", tuple(value for part in parts for value in part.parameters))


def every(conditions: Iterable[Condition]) -> Condition:
    """Combine conditions that must all hold."""
    all_ = list(conditions)
    return Condition(
        " AND ".join(condition.sql for condition in all_) or "1",
        tuple(value for condition in all_ for value in condition.parameters),
    )


def in_order(page: Page, alias: str) -> str:
    """Build the ORDER BY of `page` over the table `alias`."""
    direction = "DESC" if page.descending else "ASC"
    column = f"{compared(alias, page.column)} {direction}, " if page.column else ""
    return f" ORDER BY {column}{alias}.pk {direction}"


def compared(alias: str, column: str) -> str:
    """Build the SQL of a column as it is compared and sorted."""
    if column in _COMPUTED:
        return _COMPUTED[column].format(alias)
    return f"{alias}.{column}" + (" COLLATE NOCASE" if column in _NO_CASE else "")


class Match(NamedTuple):
    """The id of a record, and whether the record is deleted."""

    id: str
    is_deleted: bool


def begin_with(table: str, prefixes: Iterable[str], limit: int) -> Question[dict[str, list[Match]]]:
    """Return the query for up to `limit` records in `table` whose ids begin with each of the prefixes, sorted by id."""
    deleted = "found.deleted_at IS NOT NULL" if table in ("visitors", "contacts") else "0"
    sql = f"""
        SELECT wanted.value, found.id, {deleted} FROM json_each(?) AS wanted
        CROSS JOIN {table} AS found ON found.pk IN (
            SELECT pk FROM {table} WHERE id >= wanted.value AND id < wanted.value || char(0x10ffff)
            ORDER BY id LIMIT {limit:d}
        ) ORDER BY wanted.key, found.id
    """
    wanted = list(dict.fromkeys(prefixes))

    def read(found: list[Row]) -> dict[str, list[Match]]:
        by_prefix: dict[str, list[Match]] = {prefix: [] for prefix in wanted}
        for prefix, record_id, is_deleted in found:
            by_prefix[prefix].append(Match(record_id, bool(is_deleted)))
        return by_prefix

    return Question(sql, (rows(wanted),), read)
