"""Collect everything that the store knows about one person, and nothing about anybody else; `domain.subject` has the
rules.

The records are those that an erasure would remove, so that everything listed is gone afterwards. Devices of others,
which an erasure keeps, are listed separately.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from visitors.domain.block import Block
from visitors.domain.operation import Change
from visitors.domain.subject import (
    ANOTHER_CONTACT,
    ANOTHER_TIME,
    FORMAT_VERSION,
    FormerVisitor,
    Header,
    OfOthers,
    Owners,
    Ownership,
    OwnTime,
    Spell,
    Subject,
    SubjectConversation,
    SubjectLink,
    masked,
    without_others,
    without_reason,
)
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.operations.erase import resolve
from visitors.store.history import changes, erasing, operations
from visitors.store.history.values import removed_with
from visitors.store.records import blocks, contacts, conversations, visitors
from visitors.store.schema.version import SCHEMA_VERSION
from visitors.store.store import Store

_FIELDS = [
    (field, name)
    for field, name in zip(Visitor.__struct_fields__, Visitor.__struct_encode_fields__, strict=True)
    # separate in the document
    if field not in ("contact", "blocked_at", "blocked_by", "block_reason", "block_expires_at")
]
_WHAT = "Everything that a visitors store knows about one person"
_OF_HISTORY = (
    "history has every recorded change, oldest first, with the changed fields before and "
    "after. The first change of a record has all its fields."
)
_OF_OTHERS = (
    "If several people used a browser, only the time of this person is included. "
    f"{ANOTHER_CONTACT!r} replaces the id of someone else, {ANOTHER_TIME!r} a value that was "
    "set while they used the browser."
)
_ERASURE = (
    "An erasure of this person removes every record listed here, but none in devicesOfOthers: browsers that are or were"
    " somebody else's, too."
)


def subject_export(store: Store, reference: str, current: Instant) -> Subject:
    """Return the document about the person that `reference` identifies, as for an erasure: usually one contact, which
    may be deleted or removed. Raises NotFound, Conflict, InvalidData.
    """
    contact_ids = resolve(store, "contact", [reference], current)
    scope = erasing.scope(store, "contact", contact_ids)
    ids = {kind: sorted(of_kind) for kind, of_kind in scope.ids.items()}
    own = _Devices(store, ids["visitor"], {*ids["contact"], None})
    shared = _Devices(store, sorted(scope.belongings.shared), {*ids["contact"]})
    talks = conversations.with_ids(store, ids["conversation"])
    messages = conversations.messages_of(store, [talk.id for talk in talks])
    hidden = own.blocks_of_others(ids["block"])
    found = Subject(
        Header(_WHAT, FORMAT_VERSION, contact_ids[0], current, SCHEMA_VERSION, {}, [_OF_HISTORY, _OF_OTHERS, _ERASURE]),
        contacts.find(store, contact_ids[0], current),
        [
            msgspec.structs.replace(one, merged_into=masked(one.merged_into, scope.ids["contact"]))
            for one in contacts.tombstones(store, ids["contact"])
        ],
        own.records(current),
        list(own.former()),
        [SubjectConversation(*(*msgspec.structs.astuple(talk), messages[talk.id])) for talk in talks],
        [_block(one, current, hidden) for one in blocks.of_any(store, ids["contact"], ids["visitor"])],
        own.links(),
        own.history([change for change in changes.timeline(store, ids) if change[0].kind != "visitor"], hidden),
        _of_others(store, shared, current),
    )
    found.subject_export.counts.update(
        aliases=len(found.aliases),
        visitors=len(found.visitors),
        formerVisitors=len(found.former_visitors),
        conversations=len(found.conversations),
        messages=sum(map(len, messages.values())),
        blocks=len(found.blocks),
        links=len(found.links),
        history=len(found.history),
        devicesOfOthers=len(found.devices_of_others.visitors),
    )
    return found


def _of_others(store: Store, shared: _Devices, current: Instant) -> OfOthers:
    there = blocks.of_any(store, [], shared.ids)
    ids = {*removed_with(store, "block", "visitor_id", shared.ids), *(block.id for block in there)}
    own = ids - shared.blocks_of_others(sorted(ids))
    return OfOthers(
        list(shared.former()),
        [_block(block, current) for block in there if block.id in own],
        shared.links(),
        shared.history(changes.timeline(store, {"block": sorted(own)})),
    )


def _block(block: Block, current: Instant, hidden: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """Return the block with its state, and its reason masked if it is `hidden`."""
    reason = block.reason and ANOTHER_TIME if block.id in hidden else block.reason
    return {**msgspec.to_builtins(block), "reason": reason, "state": block.state(current)}


class _Devices:
    """Visitors and the part of their history that belongs to these `owners`."""

    def __init__(self, store: Store, ids: Sequence[str], owners: Owners) -> None:
        self.ids = ids
        self._store, self._owners = store, owners
        self._contacts = {one for one in owners if one is not None}
        self._causes = store.ask(changes.causes_of(ids))
        self._changes: dict[str, list[tuple[Change, int]]] = {one: [] for one in ids}
        for change, operation in changes.timeline(store, {"visitor": ids}):
            self._changes[change.record_id].append((change, operation))
        void = set(store.ask(operations.ALL_UNDOS).standing)
        self._ownership = {one: Ownership(self._spells(one, found, void)) for one, found in self._changes.items()}
        self._own_times = {one: OwnTime(found, self._ownership[one], owners) for one, found in self._changes.items()}

    def _spells(self, visitor_id: str, changes: Sequence[tuple[Change, int]], void: set[int]) -> Iterator[Spell]:
        for position, (change, operation) in enumerate(changes):
            after, before = change.after or {}, change.before or {}
            if position == 0 and "contactId" in before:
                yield Spell(0, before["contactId"])
            if "contactId" in after:
                cause = self._causes.get((operation, visitor_id))
                yield Spell(operation, after["contactId"], cause, operation in void)

    def _owns(self, visitor_id: str, operation: int) -> bool:
        """Return whether the visitor was theirs after the operation."""
        return visitor_id in self._ownership and self._ownership[visitor_id].at(operation) in self._owners

    def records(self, current: Instant) -> list[dict[str, Any]]:
        """Return the existing visitors in their current state, oldest first."""
        found = visitors.find_many(self._store, self.ids, current)
        found.sort(key=lambda one: one.created_at)
        return [self._own_times[one.id].record({name: getattr(one, field) for field, name in _FIELDS}) for one in found]

    def former(self) -> Iterator[FormerVisitor]:
        """Yield the visitors that were removed, or are or were also somebody else's, with the time that was theirs."""
        there = visitors.existing(self._store, self.ids) if None in self._owners else set()
        for visitor_id, ownership in self._ownership.items():
            found = self._changes[visitor_id]
            first = ownership.first(self._owners)
            if visitor_id in there or (first is None and None not in self._owners):
                continue
            times = {operation: change.at for change, operation in found}
            end = ownership.end(self._owners)
            since, until = times.get(first or 0, found[0][0].at), found[-1][0].at if end is None else times[end]
            yield FormerVisitor(visitor_id, since, until)

    def links(self) -> list[SubjectLink]:
        """Return how the visitors were linked to the person and unlinked, oldest first."""
        found = []
        for visitor_id, of_visitor in self._changes.items():
            for change, operation in of_visitor:
                ends = ((change.before or {}).get("contactId"), (change.after or {}).get("contactId"))
                own = self._owns(visitor_id, operation) or (
                    ends[0] in self._contacts and self._owns(visitor_id, operation - 1)
                )
                if ends[0] != ends[1] and own:
                    who = (change.at, change.actor, change.command, change.operation_id)
                    before, after = (masked(end, self._contacts) for end in ends)
                    cause = self._causes.get((operation, visitor_id))
                    found.append((operation, SubjectLink(visitor_id, *who, before, after, cause)))
        found.sort(key=lambda pair: pair[0])
        return [link for _, link in found]

    def blocks_of_others(self, block_ids: Sequence[str]) -> set[str]:
        """Return those of the blocks that were created while the visitor was somebody else's."""
        created: dict[str, tuple[Change, int]] = {}
        for change, operation in changes.timeline(self._store, {"block": block_ids}):
            created.setdefault(change.record_id, (change, operation))
        targets = {one: ((change.after or {}).get("visitorId"), at) for one, (change, at) in created.items()}
        return {one for one, (target, at) in targets.items() if target is not None and not self._owns(target, at)}

    def history(self, others: Iterable[tuple[Change, int]], hidden: AbstractSet[str] = frozenset()) -> list[Change]:
        """Return the visitors' changes in the time of the owners, and the changes of `others`, oldest first; the
        reasons of `hidden` blocks are masked.
        """
        found = list(others)
        for own_time in self._own_times.values():
            found += own_time.changes
        found.sort(key=lambda pair: pair[1])
        return [
            without_others(without_reason(change) if change.record_id in hidden else change, self._contacts)
            for change, _ in found
        ]
