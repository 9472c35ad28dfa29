"""A block: a record of who may not write, why, since when, until when, and who lifted it."""

from __future__ import annotations

import msgspec

from visitors.domain.times import Instant


class Block(msgspec.Struct, frozen=True, rename="camel"):
    """One block of one visitor or of one contact; exactly one of the two ids is set."""

    id: str
    visitor_id: str | None
    contact_id: str | None
    reason: str | None
    blocked_at: Instant
    blocked_by: str | None
    expires_at: Instant | None
    lifted_at: Instant | None
    lifted_by: str | None

    def state(self, current: Instant) -> str:
        """`live`, `lifted` or `expired`, judged at `current`."""
        if self.lifted_at is not None:
            return "lifted"
        if self.expires_at is not None and self.expires_at <= current:
            return "expired"
        return "live"
