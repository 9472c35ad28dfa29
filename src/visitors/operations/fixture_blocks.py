"""Make the blocks of the store match fixture files.

Unlike other records, blocks have no names in the files: one matches by its target and its values. None is changed:
what differs is lifted, and blocked anew.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import count
from typing import Literal

from visitors.domain.fixture import Difference, Fixture, Values, derived_id, differing
from visitors.domain.times import Instant
from visitors.store.records import blocks, fixtures
from visitors.store.store import OpenOperation, Store


def plan_blocks(store: Store, fixture: Fixture, current: Instant) -> list[Difference]:
    """Find the blocks to add and lift: existing ones that match stay, other live ones are lifted, and past ones are
    history.
    """
    there = fixtures.blocks(store, [one.id for one in fixture.visitors], [one.id for one in fixture.contacts])
    names = {record.id: record.name for record in (*fixture.contacts, *fixture.visitors)}
    missing: list[Values] = []
    of: dict[str, list[str]] = {}
    for block_id, values in there.items():
        of.setdefault(_whom(values), []).append(block_id)
    # blocks with a time match that time first; those without then match any
    for wanted in sorted(fixture.blocks, key=lambda values: "blockedAt" not in values):
        theirs = of.get(_whom(wanted), [])
        same = next((one for one in theirs if not differing(wanted, there[one])), None)
        if same is None:
            missing.append(wanted)
        else:
            theirs.remove(same)
            del there[same]

    def difference(action: Literal["create", "remove"], values: Values, block_id: str | None = None) -> Difference:
        whom = _whom(values)
        before, after = (values, None) if action == "remove" else (None, values)
        return Difference(
            kind="block", id=whom, name=names[whom], action=action, before=before, after=after, block_id=block_id
        )

    live = {one: values for one, values in there.items() if _is_live(values, current)}
    new = set(map(id, missing))
    return [
        *(difference("remove", values, block_id) for block_id, values in live.items()),
        *(difference("create", values) for values in fixture.blocks if id(values) in new),
    ]


def _whom(block: Values) -> str:
    """Return the id of a block's target."""
    return str(block["visitor"] or block["contact"])


def _is_live(block: Values, current: Instant) -> bool:
    return block["liftedAt"] is None and (block["expiresAt"] is None or block["expiresAt"] > current)


def make_blocks(store: Store, operation: OpenOperation, _: Fixture, found: list[Difference]) -> None:
    """Lift and add the blocks that `plan_blocks` found."""
    wanted = [(one.id, {"blockedAt": operation.at, **one.after}) for one in found if one.after is not None]
    taken = set(fixtures.read(store, "block", [_block_id(*one, 0) for one in wanted])) if wanted else set()
    new: dict[str, Values] = {}
    for target_id, values in wanted:
        new[_free_block_id(store, target_id, values, taken | new.keys())] = values
    blocks.lift(store, operation, [one.block_id for one in found if one.block_id is not None])
    fixtures.insert(store, "block", new.items())


def _block_id(target_id: str, values: Values, number: int) -> str:
    return derived_id(values["blockedAt"], "block", target_id, number)


def _free_block_id(store: Store, target_id: str, values: Values, taken: AbstractSet[str]) -> str:
    """Return a block id that is not `taken`, as the first one is if it exists: one for the same target and time may
    have moved to another by a merge.
    """
    first = _block_id(target_id, values, 0)
    if first not in taken:
        return first
    others = (_block_id(target_id, values, number) for number in count(1))
    return next(one for one in others if one not in taken and not fixtures.read(store, "block", [one]))
