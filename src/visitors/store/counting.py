"""Whether a selection chooses as many visitors as somebody expects."""

from __future__ import annotations

from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.store.connection import Store
from visitors.store.selection import where


def count_up_to(store: Store, selection: Selection, limit: int, current: Instant) -> int:
    """How many visitors are chosen, counted no further than `limit`."""
    condition, parameters = where(selection, current)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM visitors AS v WHERE {condition} LIMIT ?)"
    found: int = store.execute(sql, [*parameters, limit]).fetchone()[0]
    return found
