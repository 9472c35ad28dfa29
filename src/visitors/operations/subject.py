"""Collect everything that the store knows about one person, and nothing about anybody else; `domain.subject` has the
rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from visitors.domain import email_rules
from visitors.domain.contact import Alias, Contact
from visitors.domain.operation import Change
from visitors.domain.subject import (
    ANOTHER_CONTACT,
    ANOTHER_TIME,
    FORMAT_VERSION,
    FormerVisitor,
    Header,
    Ownership,
    OwnTime,
    Spell,
    Subject,
    SubjectConversation,
    SubjectLink,
    masked,
    without_others,
)
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, NotFound
from visitors.operations import references
from visitors.store.history import belonging, changes, operations
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


def subject(store: Store, reference: str, current: Instant) -> Contact:
    """Return the contact that `reference` identifies, also a deleted one by email. Raises NotFound, Conflict,
    InvalidData.
    """
    try:
        return references.contact(store, reference, current)
    except NotFound:
        if "@" not in reference or reference.strip().startswith("ext:"):
            raise
        deleted = contacts.deleted_with_email(store, email_rules.email(reference, "contact"))
        if not deleted:
            raise
        if len(deleted) > 1:
            raise Conflict(
                f"{reference.strip()!r} is ambiguous: it matches the deleted contacts {', '.join(deleted)}",
                code="ambiguous",
                hint="use one of these ids",
            ) from None
        return references.contact(store, deleted[0], current)


def subject_export(store: Store, contact: Contact, current: Instant) -> Subject:
    """Return the document about `contact`, which is not a tombstone."""
    aliases = _aliases(store, contact, current)
    theirs = belonging.of_person(store, {contact.id, *(alias.id for alias in aliases)})
    history = _History(store, theirs.contacts, theirs.visitors)
    own_blocks, kept = _blocks(store, history, current)
    talks = conversations.of_person(store, sorted(history.contacts), history.linked)
    messages = conversations.messages_of(store, [talk.id for talk in talks])
    talk_ids = [*messages, *history.removed("conversation")]
    message_ids = [message.id for of_talk in messages.values() for message in of_talk]
    removed_messages = [one[0] for one in changes.removed_of(store, "message", {"conversation_id": talk_ids})]
    records = [*history.contacts, *kept, *talk_ids, *message_ids, *removed_messages]
    found = Subject(
        Header(_WHAT, FORMAT_VERSION, contact.id, current, SCHEMA_VERSION, {}, [_OF_HISTORY, _OF_OTHERS]),
        contact,
        [msgspec.structs.replace(one, merged_into=masked(one.merged_into, history.contacts)) for one in aliases],
        history.records(current),
        list(history.former()),
        [SubjectConversation(*(*msgspec.structs.astuple(talk), messages[talk.id])) for talk in talks],
        own_blocks,
        list(history.links()),
        history.changes(records),
    )
    found.subject_export.counts.update(
        aliases=len(found.aliases),
        visitors=len(found.visitors),
        formerVisitors=len(found.former_visitors),
        conversations=len(found.conversations),
        messages=len(message_ids),
        blocks=len(found.blocks),
        links=len(found.links),
        history=len(found.history),
    )
    return found


class _History:
    """The history of a person's visitors, by owner at each time."""

    def __init__(self, store: Store, own: set[str], devices: set[str]) -> None:
        self._store = store
        self.contacts = own
        self.linked = visitors.linked_to(store, sorted(own))
        """The ids of the person's current visitors."""
        self._all = list(dict.fromkeys([*self.linked, *changes.once_linked(store, sorted(own)), *sorted(devices)]))
        self._causes = changes.causes_of(store, self._all)
        self._changes: dict[str, list[tuple[Change, int]]] = {visitor_id: [] for visitor_id in self._all}
        for change, operation in changes.timeline(store, self._all):
            if change.kind == "visitor":
                self._changes[change.record_id].append((change, operation))
        void = set(operations.undos(store).standing)
        self._ownership = {
            visitor_id: Ownership(self._spells(visitor_id, changes, void))
            for visitor_id, changes in self._changes.items()
        }
        self._own_times = {
            visitor_id: OwnTime(changes, self._ownership[visitor_id], own)
            for visitor_id, changes in self._changes.items()
        }

    def _spells(self, visitor_id: str, changes: Sequence[tuple[Change, int]], void: set[int]) -> Iterator[Spell]:
        for position, (change, operation) in enumerate(changes):
            after, before = change.after or {}, change.before or {}
            if position == 0 and "contactId" in before:
                yield Spell(0, before["contactId"])
            if "contactId" in after:
                cause = self._causes.get((operation, visitor_id))
                yield Spell(operation, after["contactId"], cause, operation in void)

    def owns(self, visitor_id: str, operation: int) -> bool:
        """Return whether the visitor was the person's after the operation."""
        return visitor_id in self._ownership and self._ownership[visitor_id].at(operation) in self.contacts

    @property
    def known(self) -> list[str]:
        """The ids of all visitors that are or were the person's."""
        return self._all

    def records(self, current: Instant) -> list[dict[str, Any]]:
        """Return the current records of the person's visitors."""
        found = visitors.find_many(self._store, self.linked, current)
        return [self._own_times[one.id].record({name: getattr(one, field) for field, name in _FIELDS}) for one in found]

    def former(self) -> Iterator[FormerVisitor]:
        """Yield the visitors that were the person's and no longer are, or no longer exist."""
        linked = set(self.linked)
        for visitor_id, ownership in self._ownership.items():
            first = ownership.first(self.contacts)
            if visitor_id in linked or first is None:
                continue
            changes = self._changes[visitor_id]
            times = {operation: change.at for change, operation in changes}
            end = ownership.end(self.contacts)
            since, until = times.get(first, changes[0][0].at), changes[-1][0].at if end is None else times[end]
            yield FormerVisitor(visitor_id, since, until)

    def links(self) -> Iterator[SubjectLink]:
        """Return every link and unlink between visitors and the person, oldest first."""
        found = []
        for visitor_id, of_visitor in self._changes.items():
            for change, operation in of_visitor:
                ends = ((change.before or {}).get("contactId"), (change.after or {}).get("contactId"))
                own = self.owns(visitor_id, operation) or (
                    ends[0] in self.contacts and self.owns(visitor_id, operation - 1)
                )
                if ends[0] != ends[1] and own:
                    who = (change.at, change.actor, change.command, change.operation_id)
                    before, after = (masked(end, self.contacts) for end in ends)
                    cause = self._causes.get((operation, visitor_id))
                    link = SubjectLink(visitor_id, *who, before, after, cause)
                    found.append((operation, link))
        found.sort(key=lambda pair: pair[0])
        return (link for _, link in found)

    def removed(self, kind: str) -> list[str]:
        """Return the ids of the person's blocks or conversations that no longer exist."""
        owners = {"contact_id": sorted(self.contacts), "visitor_id": self._all}
        return [
            record
            for record, operation, contact_id, visitor_id in changes.removed_of(self._store, kind, owners)
            if contact_id in self.contacts or (contact_id is None and self.owns(visitor_id or "", operation))
        ]

    def changes(self, records: Sequence[str]) -> list[Change]:
        """Return the changes of all visitors while they were the person's, and all changes of the other `records`,
        oldest first.
        """
        found = [pair for pair in changes.timeline(self._store, records) if pair[0].kind != "visitor"]
        for own_time in self._own_times.values():
            found += own_time.changes
        found.sort(key=lambda pair: pair[1])
        return [without_others(change, self.contacts) for change, _ in found]


def _aliases(store: Store, contact: Contact, current: Instant) -> list[Alias]:
    """Return the tombstones that are the person: they resolve to the contact, and no other contact has their external
    id or email, as one that was split off again would.
    """
    found = {alias.id: alias for alias in contacts.tombstones(store, contact)}
    return [alias for alias in found.values() if _holder(store, alias, found, current) == contact.id]


def _holder(store: Store, alias: Alias, others: Mapping[str, Alias], current: Instant) -> str:
    """Return the id of the contact that the tombstone belongs to."""
    survivor = contacts.find(store, alias.id, current)
    assert survivor is not None
    through: Alias | None = alias
    while through is not None:
        having = _having(store, through, current)
        if having:
            return survivor.id if survivor.id in having else having[0]
        through = others.get(through.merged_into or "")
    return survivor.id


def _having(store: Store, alias: Alias, current: Instant) -> list[str]:
    """Return the ids of contacts, not tombstones, with this one's external id, else of live ones with its email."""
    if alias.external_id is not None:
        one = contacts.find_by_external_id(store, alias.external_id, current)
        if one is not None and one.external_id == alias.external_id:
            return [one.id]
    if alias.email is None:
        return []
    return [one.id for one in contacts.find_by_email(store, alias.email, current) if one.email == alias.email]


def _blocks(store: Store, history: _History, current: Instant) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the blocks of the person, and those of visitors: made while they were the person's, or in force on a
    current visitor, in which case the reason, which concerns somebody else, is masked. Also returns the ids of those
    whose history is the person's, including removed ones.
    """
    found = blocks.of_any(store, sorted(history.contacts), history.known)
    made: dict[str, int] = {}
    for change, operation in changes.timeline(store, [one.id for one in found if one.visitor_id is not None]):
        made.setdefault(change.record_id, operation)
    linked = set(history.linked)
    own, kept = [], history.removed("block")
    for block in found:
        record = {**msgspec.to_builtins(block), "state": block.state(current)}
        if block.visitor_id is None or history.owns(block.visitor_id, made.get(block.id, 0)):
            kept.append(block.id)
            own.append(record)
        elif record["state"] == "live" and block.visitor_id in linked:
            own.append({**record, "reason": block.reason and ANOTHER_TIME})
    return own, kept
