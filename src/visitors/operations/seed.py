"""Write made-up people to the store, in one operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from visitors.domain.conversation import Conversation, Message
from visitors.domain.made_up.people import MadeUp, made_up
from visitors.domain.made_up.plan import Plan
from visitors.errors import Conflict
from visitors.input.readers import Place
from visitors.input.rows import ReadRow
from visitors.operations.batches import BATCH
from visitors.operations.bulk_import import take_all
from visitors.operations.import_ import Policy
from visitors.store.records import conversations, visitors
from visitors.store.store import OpenOperation, Store

_LOOKED_AT = 20


class Planted(msgspec.Struct):
    """How many were written."""

    visitors: int = 0
    identified: int = 0
    blocked: int = 0
    conversations: int = 0


def refuse_again(store: Store, plan: Plan) -> None:
    """Raise Conflict if people of this seed are already in the store, since the same browsers would be there twice.

    They are recognised by fingerprint, since ids and times depend on `plan.now`.
    """
    first = [str(one.row.browser_data()["fingerprint"]) for one in islice(made_up(plan), _LOOKED_AT)]
    found = visitors.with_any_fingerprint(store, first)
    if found is not None:
        raise Conflict(
            f"the store already has people of seed {plan.seed}, such as visitor {found}",
            code="seeded_already",
            hint="use another --seed for other people, or --db NEW.db for a new store",
        )


def plant(store: Store, operation: OpenOperation, people: Iterable[MadeUp]) -> Planted:
    """Write everybody, in constant memory. Raises Conflict for an id that exists."""
    planted = Planted()
    waiting: list[tuple[Conversation, Sequence[Message]]] = []  # held back until their visitors are written

    def rows() -> Iterator[ReadRow]:
        remaining = iter(people)
        while some := list(islice(remaining, BATCH)):
            conversations.insert_many(store, waiting)
            waiting.clear()
            for number, one in enumerate(some, planted.visitors + 1):
                planted.identified += one.row.identity is not None
                planted.blocked += bool(one.row.is_blocked)
                waiting.extend(one.conversations)
                yield ReadRow(Place("seed", number, "visitor"), one.row)
            planted.visitors += len(some)
            planted.conversations += sum(len(one.conversations) for one in some)

    take_all(store, operation, rows(), Policy())
    conversations.insert_many(store, waiting)
    return planted
