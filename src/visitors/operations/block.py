"""Block and unblock visitors, or the people behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from visitors.domain.block import Block, terms
from visitors.domain.times import Instant, parse_expiry, parse_instant
from visitors.errors import Conflict, InvalidData, UsageProblem
from visitors.store.records import blocks
from visitors.store.records.blocks import Target
from visitors.store.records.states import touch
from visitors.store.store import OpenOperation, Store


def expiry(for_: str | None, until: str | None, current: Instant) -> Instant | None:
    """Return when a block that begins at `current` ends: after a duration (`7d`), at a time, or never (None).

    Raises InvalidData, and UsageProblem if both are given.
    """
    if for_ is not None and until is not None:
        raise UsageProblem("--for and --until cannot be combined")
    if for_ is not None:
        return parse_expiry(for_, current)
    return parse_instant(until, "until") if until is not None else None


class Replaced(msgspec.Struct, frozen=True):
    """A target whose blocks were lifted in favour of one with other terms: the old blocks, and the new terms."""

    target_id: str
    old: list[Block]
    reason: str | None
    expires_at: Instant | None

    def __str__(self) -> str:
        was = " and ".join(one.terms for one in self.old)
        return f"{self.target_id}: blocked {terms(self.reason, self.expires_at)}; before that: {was}"


class Blocked(msgspec.Struct, frozen=True):
    """Newly blocked targets, and those whose blocks were replaced."""

    new: set[str]
    replaced: list[Replaced]


def block(
    store: Store,
    operation: OpenOperation,
    target: Target,
    ids: Sequence[str],
    *,
    reason: str | None = None,
    expires_at: Instant | None = None,
    live: Mapping[str, list[Block]] | None = None,
) -> Blocked:
    """Block `ids`, until `expires_at` or for good. A live block with the same terms is kept; one with other terms is
    lifted and replaced. Without a reason, that of the earlier block is kept. `live` are the live blocks of these and
    possibly others, if they were looked up.

    Raises InvalidData if `expires_at` is not in the future.
    """
    if expires_at is not None and expires_at <= operation.at:
        raise InvalidData(
            f"the end of the block, {expires_at}, is in the past", field="until", code="expiry_in_the_past"
        )
    if live is None:
        live = blocks.live(store, target, ids, operation.at)
    replaced = []
    again: dict[str | None, list[str]] = {}
    for target_id in ids:
        there = live.get(target_id, [])
        old = [one for one in there if not one.has_terms(reason, expires_at)]
        if not old:
            continue
        why = reason if reason is not None else there[-1].reason
        replaced.append(Replaced(target_id, old, why, expires_at))
        if len(old) == len(there):
            again.setdefault(why, []).append(target_id)
    if replaced:
        blocks.lift(store, operation, [one.id for whose in replaced for one in whose.old])
    new = [target_id for target_id in ids if target_id not in live]
    for why, whom in [(reason, new), *again.items()]:
        blocks.add(store, operation, target, whom, reason=why, blocked_by=operation.actor, expires_at=expires_at)
    return Blocked(set(new), replaced)


class Unblocked(msgspec.Struct, frozen=True):
    """Targets whose blocks were lifted, and visitors left alone because their contact is blocked: visitor id -> contact
    id.
    """

    lifted: set[str]
    left: dict[str, str]


def unblock(
    store: Store, operation: OpenOperation, target: Target, ids: Sequence[str], *, selected: bool = False
) -> Unblocked:
    """Lift the live blocks of `ids`, and update their `updatedAt`, so that another store can tell that its data about a
    block is older.

    Lifting a visitor's own block has no effect while its contact is blocked: such a visitor is left alone if it was
    `selected`, and raises Conflict if it was named.
    """
    left = blocks.blocked_contacts_of(store, ids, operation.at) if target == "visitor" else {}
    if not selected:
        for visitor_id, contact_id in left.items():
            raise Conflict(
                f"unblocking visitor {visitor_id} has no effect, because its contact {contact_id} is blocked",
                code="contact_blocked",
                hint=f"visitors unblock --contact {contact_id}",
            )
    live = blocks.live(store, target, [one for one in ids if one not in left], operation.at)
    blocks.lift(store, operation, [block.id for whose in live.values() for block in whose])
    touch(store, operation, target, live)
    return Unblocked(set(live), left)
