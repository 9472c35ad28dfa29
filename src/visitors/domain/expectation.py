"""An expected number of visitors, and how far to count in order to check it."""

from __future__ import annotations

import msgspec

LARGEST = 10**18
"""The largest count that can be expected: far more than any store holds, and within a database's integer range."""


class Expectation(msgspec.Struct, frozen=True):
    """At least `least` and at most `most` (None: unbounded)."""

    least: int
    most: int | None

    @property
    def enough(self) -> int:
        """How far to count: one past the maximum, or up to the minimum."""
        return self.least if self.most is None else self.most + 1

    def holds(self, found: int) -> bool:
        """Return whether `found`, counted up to `enough`, meets the expectation."""
        return found >= self.least and (self.most is None or found <= self.most)

    def __str__(self) -> str:
        if self.most == 0:
            return "none"
        if self.most is None:
            return f"{self.least:,} or more" if self.least else "any number"
        if self.least == self.most:
            return f"{self.least:,}"
        return f"{self.least:,} to {self.most:,}" if self.least else f"{self.most:,} or fewer"
