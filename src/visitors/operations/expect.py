"""Check that a selection chooses as many visitors as are expected."""

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
"""How far to count for the message, when it is not as expected anyway."""


def expect(store: Store, selection: Selection, expected: Expectation, current: Instant) -> None:
    """Raises CheckFailed, which says how many there are instead, and the first few; counts no further than
    it must.
    """
    if expected.holds(visitors.count(store, selection, current, expected.enough)):
        return
    tell = max(expected.enough, _COUNTED)
    found = visitors.count(store, selection, current, tell)
    first = [one.id for one in visitors.select(store, selection, Page(limit=_SHOWN), current)]
    more = " or more" if found == tell else ""
    which = f": {', '.join(first)}{', …' if found > len(first) else ''}" if first else ""
    raise CheckFailed(f"expected {expected}, found {found:,}{more}{which}", code="assertion_failed")
