"""Check that a selection matches the expected number of visitors."""

from __future__ import annotations

from visitors.domain.expectation import Expectation
from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.errors import CheckFailed
from visitors.store.query.listing import Page
from visitors.store.records import visitors
from visitors.store.store import Store

_SHOWN = 3
_COUNTED = 1_000
"""How far to count for the message of a failed check."""


def expect(store: Store, selection: Selection, expected: Expectation, current: Instant) -> None:
    """Raise CheckFailed with the actual number and the first few visitors. Counts no further than needed."""
    if expected.holds(visitors.count(store, selection, current, expected.enough)):
        return
    tell = max(expected.enough, _COUNTED)
    found = visitors.count(store, selection, current, tell)
    first = [one.id for one in visitors.select(store, selection, Page(limit=_SHOWN), current)]
    more = " or more" if found == tell else ""
    which = f": {', '.join(first)}{', …' if found > len(first) else ''}" if first else ""
    raise CheckFailed(f"expected {expected}, found {found:,}{more}{which}", code="assertion_failed")
