"""Combine alternative filters into one."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.store.query.listing import Condition, Table
from visitors.store.query.plans import Filter


def any_of(filters: Sequence[Filter], alias: str, table: Table) -> Filter:
    """Return one filter that matches if any of them does; it uses indexes if each of them can."""
    if len(filters) == 1:
        return filters[0]
    tests = [one.on_row(alias) for one in filters]
    members = [_members(one, alias, table) for one in filters]
    served = [one for one in members if one is not None]
    return Filter(
        # the + makes SQLite test each row instead of leaving the sort index for several others
        test=joined(" OR ", [Condition(f"({one.sql})", one.parameters) for one in tests], "+({})"),
        members=joined(" UNION ALL ", served) if len(served) == len(members) else None,
    )


def joined(operator: str, conditions: Sequence[Condition], shape: str = "{}") -> Condition:
    """Join the conditions with the operator, each in a template such as `({})`."""
    sql = operator.join(one.sql for one in conditions)
    return Condition(shape.format(sql), tuple(value for one in conditions for value in one.parameters))


def _members(one: Filter, alias: str, table: Table) -> Condition | None:
    if one.members is not None or one.span is None:
        return one.members
    condition = one.on_row(alias)
    return Condition(f"SELECT {alias}.pk FROM {table} AS {alias} WHERE {condition.sql}", condition.parameters)
