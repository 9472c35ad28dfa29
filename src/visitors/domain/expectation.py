"""How many visitors are expected, and how far one has to count to tell."""

from __future__ import annotations

import msgspec

LARGEST = 10**18
"""The largest number of records that one may speak of: there are not that many, and no database counts much further."""


class Expectation(msgspec.Struct, frozen=True):
    """At least `least`, and at most `most` (None: any number)."""

    least: int
    most: int | None

    @property
    def enough(self) -> int:
        """How far to count: one more than may be, or as many as must be."""
        return self.least if self.most is None else self.most + 1

    def holds(self, found: int) -> bool:
        """Whether `found`, counted up to `enough`, is what is expected."""
        return found >= self.least and (self.most is None or found <= self.most)

    def __str__(self) -> str:
        if self.most == 0:
            return "none"
        if self.most is None:
            return f"{self.least:,} or more" if self.least else "any number"
        if self.least == self.most:
            return f"{self.least:,}"
        return f"{self.least:,} to {self.most:,}" if self.least else f"{self.most:,} or fewer"
