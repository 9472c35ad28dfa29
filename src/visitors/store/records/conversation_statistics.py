"""Count conversations by state and day, and measure how long they waited for a reply."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.domain.conversation_selection import ConversationSelection
from visitors.domain.statistics import ConversationTime, Value
from visitors.domain.times import Instant
from visitors.store.query.conversations import listing
from visitors.store.query.listing import Condition, every
from visitors.store.store import Store

_COLUMNS = {"createdAt": "created_at", "updatedAt": "updated_at", "resolvedAt": "resolved_at"}


def by_fields(
    store: Store, wanted: ConversationSelection, fields: Sequence[str], current: Instant
) -> list[tuple[tuple[Value, ...], int]]:
    """Count conversations by status, priority or both, largest groups first."""
    chosen = _chosen(wanted, current)
    names = ", ".join(f"k.{field}" for field in fields)
    sql = (
        f"SELECT count(*) AS n, {names} FROM conversations AS k WHERE {chosen.sql}"
        f" GROUP BY {names} ORDER BY n DESC, {names}"
    )
    return [(row[1:], row[0]) for row in store.execute(sql, chosen.parameters)]


def by_day(store: Store, wanted: ConversationSelection, time: ConversationTime, current: Instant) -> dict[str, int]:
    """Count conversations by the day of the time field; days without any are omitted."""
    chosen = _chosen(wanted, current)
    sql = (
        f"SELECT substr(k.{_COLUMNS[time]}, 1, 10) AS day, count(*) FROM conversations AS k"
        f" WHERE {chosen.sql} AND day IS NOT NULL GROUP BY day"
    )
    return dict(store.execute(sql, chosen.parameters))


def waited(store: Store, wanted: ConversationSelection, current: Instant) -> list[int]:
    """Return the milliseconds from the start of each conversation to the first message of an agent, sorted."""
    chosen = _chosen(wanted, current)
    sql = (
        "SELECT CAST(round((julianday(min(m.created_at)) - julianday(k.created_at)) * 86400000) AS INTEGER) AS waited"
        " FROM conversations AS k JOIN messages AS m ON m.conversation_id = k.id AND m.agent IS NOT NULL"
        f" WHERE {chosen.sql} GROUP BY k.pk ORDER BY waited"
    )
    return [max(0, row[0]) for row in store.execute(sql, chosen.parameters)]


def _chosen(wanted: ConversationSelection, current: Instant) -> Condition:
    """Build the condition on the chosen conversations `k`."""
    return every(one.on_row("k") for one in listing(wanted, current).filters)
