"""Put made-up people into the store, in one operation."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from visitors.domain.made_up.people import MadeUp, made_up
from visitors.domain.made_up.plan import Plan
from visitors.errors import Conflict
from visitors.operations.import_ import Policy, take
from visitors.store import conversations, visitors
from visitors.store.connection import OpenOperation, Store

_AT_ONCE = 500
_LOOKED_AT = 20


class Planted(msgspec.Struct):
    """How many there were."""

    visitors: int = 0
    identified: int = 0
    blocked: int = 0
    conversations: int = 0


def refuse_again(store: Store, plan: Plan) -> None:
    """Raises Conflict when people of this seed are here already: they would be twice the same browsers.

    Their fingerprints tell, since ids and times move with `plan.now`.
    """
    first = [str(one.row.data["fingerprint"]) for one in islice(made_up(plan), _LOOKED_AT)]
    found = visitors.with_any_fingerprint(store, first)
    if found is not None:
        raise Conflict(
            f"the people of seed {plan.seed} are in the store already, such as visitor {found}",
            code="seeded_already",
            hint="another --seed makes other people; a new store: --db NEW.db",
        )


def plant(store: Store, operation: OpenOperation, people: Iterable[MadeUp]) -> Planted:
    """Write everybody, in constant memory. Raises Conflict for an id that exists."""
    planted = Planted()
    remaining = iter(people)
    while some := list(islice(remaining, _AT_ONCE)):
        for one in some:
            take(store, operation, one.row, Policy())
            planted.identified += one.row.identity is not None
            planted.blocked += one.row.is_blocked
        written = [conversation for one in some for conversation in one.conversations]
        conversations.insert_many(store, written)
        planted.visitors += len(some)
        planted.conversations += len(written)
    return planted
