"""Block and unblock visitors, or the people behind them."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.domain.times import Instant, parse_expiry, parse_instant
from visitors.errors import Conflict, InvalidData, UsageProblem
from visitors.store.records import blocks
from visitors.store.records.blocks import Target
from visitors.store.store import OpenOperation, Store


def expiry(for_: str | None, until: str | None, current: Instant) -> Instant | None:
    """When a block ends that begins now: after a duration (`7d`), at a time, or never.

    Raises InvalidData, and UsageProblem when both are given.
    """
    if for_ is not None and until is not None:
        raise UsageProblem("give --for or --until, not both")
    if for_ is not None:
        return parse_expiry(for_, current)
    return parse_instant(until, "until") if until is not None else None


def block(
    store: Store,
    operation: OpenOperation,
    target: Target,
    ids: Sequence[str],
    *,
    reason: str | None = None,
    expires_at: Instant | None = None,
) -> set[str]:
    """Block those of `ids` that have no live block of their own; returns which these were.

    Raises InvalidData when `expires_at` is not in the future.
    """
    if expires_at is not None and expires_at <= operation.at:
        raise InvalidData(f"a block until {expires_at} would be over already", field="until", code="expiry_in_the_past")
    already = blocks.blocked(store, target, ids, operation.at)
    new = [target_id for target_id in ids if target_id not in already]
    blocks.add(store, operation, target, new, reason=reason, blocked_by=operation.actor, expires_at=expires_at)
    return set(new)


def unblock(store: Store, operation: OpenOperation, target: Target, ids: Sequence[str]) -> set[str]:
    """Lift the live blocks of `ids`; returns which had one.

    Raises Conflict for a visitor whose contact is blocked: lifting its own block would not let it in.
    """
    if target == "visitor":
        through_contact = blocks.blocked_contacts_of(store, ids, operation.at)
        for visitor_id, contact_id in through_contact.items():
            raise Conflict(
                f"unblocking visitor {visitor_id} has no effect: its contact {contact_id} is blocked",
                code="contact_blocked",
                hint=f"visitors unblock --contact {contact_id}",
            )
    lifted = blocks.blocked(store, target, ids, operation.at)
    blocks.lift(store, operation, target, sorted(lifted))
    return lifted
