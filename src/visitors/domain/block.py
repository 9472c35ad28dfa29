"""Blocks: who may not write, why, since when, until when, and who lifted the block."""

from __future__ import annotations

import msgspec

from visitors.domain.times import Instant


class Block(msgspec.Struct, frozen=True, rename="camel"):
    """A block of either a visitor or a contact: exactly one of the two ids is set."""

    id: str
    visitor_id: str | None
    contact_id: str | None
    reason: str | None
    blocked_at: Instant
    blocked_by: str | None
    expires_at: Instant | None
    lifted_at: Instant | None
    lifted_by: str | None

    def has_terms(self, reason: str | None, expires_at: Instant | None) -> bool:
        """Return whether the block has this expiry (None: never) and this reason; None matches any reason."""
        return self.expires_at == expires_at and reason in (None, self.reason)

    @property
    def terms(self) -> str:
        """The block's end and reason for display: `until 2026-03-08T12:00:00.000Z (spam)`."""
        return terms(self.reason, self.expires_at)

    def state(self, current: Instant) -> str:
        """Return `live`, `lifted` or `expired`, as of `current`."""
        if self.lifted_at is not None:
            return "lifted"
        if self.expires_at is not None and self.expires_at <= current:
            return "expired"
        return "live"


def terms(reason: str | None, expires_at: Instant | None) -> str:
    """Format a block's end and reason for display: `permanently (spam)`."""
    end = f"until {expires_at}" if expires_at is not None else "permanently"
    return f"{end} ({reason})" if reason is not None else end
