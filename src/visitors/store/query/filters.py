"""Filters of a listing, and how they combine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from visitors.domain.times import Instant
from visitors.store.query.listing import Condition, Span, Table, every

if TYPE_CHECKING:
    from visitors.domain.selection import Filters

LIVE = "lifted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
"""The condition of a live block; takes the current instant."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of a listing: a `span` of a column, or a `test` of a row; if both are given, both must hold.

    If an index can serve it some other way, `members` selects the pks of the matches; if most records match and an
    index has the others, `exceptions` selects the pks of these.
    """

    span: Span | None = None
    test: Condition | None = None
    members: Condition | None = None
    exceptions: Condition | None = None

    def on_row(self, alias: str) -> Condition:
        """Build the condition that a row matches."""
        of_span = [self.span.condition(alias)] if self.span is not None else []
        return every([*of_span, *([self.test] if self.test is not None else [])])

    def matching(self, table: Table, alias: str) -> Condition | None:
        """Build the statement that gets the pks of all matches from an index; None if none can."""
        if self.members is not None or self.span is None:
            return self.members
        condition = self.on_row(alias)
        return Condition(f"SELECT {alias}.pk FROM {table} AS {alias} WHERE {condition.sql}", condition.parameters)


Chosen = TypeVar("Chosen", bound="Filters")
Serve = Callable[[Any, Instant], Iterator[Filter]]
"""Builds the SQL of a filter, given the whole selection and the current instant."""


def filters_of(wanted: Chosen, current: Instant, served: Mapping[str, Serve]) -> Iterator[Filter]:
    """Yield the filters that are set; both ends of a range share one function. Raises NotImplementedError for a filter
    without SQL, since ignoring it would choose too much.
    """
    unserved = [name for name in wanted.given if name not in served]
    if unserved:
        raise NotImplementedError(f"no SQL serves the filter {unserved[0]}")
    for serve in dict.fromkeys(served[name] for name in wanted.given):
        yield from serve(wanted, current)


def of_deletion(table: Table, alias: str, *, deleted: bool) -> Filter:
    """Return the filter for deleted records, or for the others."""
    condition = f"{alias}.deleted_at IS NOT NULL"
    members = Condition(f"SELECT {alias}.pk FROM {table} AS {alias} WHERE {condition}")
    if not deleted:
        return Filter(test=Condition(f"{alias}.deleted_at IS NULL"), exceptions=members)
    return Filter(test=Condition(condition), members=members)


def any_of(filters: Sequence[Filter], table: Table, alias: str) -> Filter:
    """Return one filter that matches if any of them does; it uses indexes if each of them can."""
    if len(filters) == 1:
        return filters[0]
    tests = [one.on_row(alias) for one in filters]
    served = [one for one in (each.matching(table, alias) for each in filters) if one is not None]
    return Filter(
        # the + makes SQLite test each row instead of leaving the sort index for several others
        test=joined(" OR ", [Condition(f"({one.sql})", one.parameters) for one in tests], "+({})"),
        members=joined(" UNION ALL ", served) if len(served) == len(filters) else None,
    )


def none_of(filter_: Filter, alias: str) -> Filter:
    """Return the filter for the records that do not match."""
    test = filter_.on_row(alias)
    return Filter(test=Condition(f"NOT ({test.sql})", test.parameters))


def joined(operator: str, conditions: Sequence[Condition], shape: str = "{}") -> Condition:
    """Join the conditions with the operator, each in a template such as `({})`."""
    sql = operator.join(one.sql for one in conditions)
    return Condition(shape.format(sql), tuple(value for one in conditions for value in one.parameters))
