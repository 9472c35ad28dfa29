"""Explain a visitor's identity: a timeline of plain sentences derived from the recorded changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from visitors.domain.operation import Change
from visitors.domain.times import Instant


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One event: a stable code for programs and a sentence for people.

    For blocks, `at` and `actor` come from the block itself: whoever imported or seeded it is the actor of the
    operation. `actor` is None if the block has none.
    """

    at: Instant
    actor: str | None
    command: str
    operation_id: str
    code: str
    sentence: str


RULES = {
    "contact-id": "the import named that contact",
    "external-id": "the external id is that contact's",
    "email": "the email is that contact's",
    "email-adopts-external-id": "the email is that contact's, which was given the external id",
    "created": "no contact had the external id or the email, so one was created",
    "fixture": "it was set by a fixture",
    "undone": "an operation was undone",
}
"""What each identify rule means, as the end of a sentence."""

_FIRST = {
    "track": "first seen",
    "import": "imported",
    "fixtures apply": "created by a fixture",
    "undo": "restored by an undo",
}
_QUIET = {"updatedAt", "lastSeenAt", "createdAt"}


Names = Mapping[str, str]
"""Display names of contacts by id; contacts that are gone are missing, and shown by their id."""


def timeline(visitor_id: str, changes: Iterable[tuple[Change, str | None]], names: Names) -> Iterator[Event]:
    """Yield the events that concern a visitor: changes of the visitor, its blocks and conversations, and changes of its
    contact while linked. `changes` are oldest first, each with its recorded cause.
    """
    contact_id: str | None = None
    blocks = _Blocks(visitor_id, names)
    recognised: set[str] = set()  # operation ids: one operation can change the visitor twice
    for change, cause in changes:
        if change.kind == "visitor" and change.record_id == visitor_id:
            yield from _of_visitor(change, None if change.operation_id in recognised else cause, names)
            recognised |= {change.operation_id} if cause == "fingerprint" else set()
            if "contactId" in (change.after or {}):
                contact_id = (change.after or {})["contactId"]
                yield from blocks.linked(change, contact_id)
        elif change.kind == "block":
            yield from blocks.changed(change, contact_id)
        elif change.kind == "conversation":
            yield from _of_conversation(change, visitor_id)
        elif change.kind == "contact" and change.record_id == contact_id:
            yield from _of_contact(change, names)


def _of_visitor(change: Change, cause: str | None, names: Names) -> Iterator[Event]:
    before, after = change.before, change.after
    if before is None and after is not None:
        yield _event(change, "created", _FIRST.get(change.command, "created"))
        if after.get("contactId"):
            yield _linked(change, None, after["contactId"], cause, names)
        return
    if before is None or after is None:
        yield _event(change, "removed", "removed by an undo")
        return
    if cause == "fingerprint":
        yield _event(change, "recognised-by-fingerprint", "recognised by its fingerprint, as the stored id was missing")
    if "contactId" in after:
        yield _linked(change, before["contactId"], after["contactId"], cause, names)
    if "deletedAt" in after:
        code = "deleted" if after["deletedAt"] else "restored"
        yield _event(change, code, code)
    fields = [field for field in after if field not in _QUIET | {"contactId", "deletedAt"}]
    if fields:
        told = ", ".join(f"{field} from {_told(before[field])} to {_told(after[field])}" for field in fields)
        yield _event(change, "changed", f"changed {told}")


def _linked(change: Change, before: str | None, after: str | None, cause: str | None, names: Names) -> Event:
    old, new = (_called(contact_id, names) if contact_id else "" for contact_id in (before, after))
    if after is None:
        return _event(change, "unlinked", f"unlinked from {old}; conversations stayed with it")
    if cause == "merged":
        return _event(change, "merged", f"moved to {new} because {old} was merged into it")
    if cause == "split":
        return _event(change, "split", f"split from {old} into {new}")
    reason = f": {RULES[cause]}" if cause in RULES else ""
    if before is None:
        return _event(change, f"identified:{cause}" if cause else "linked", f"identified as {new}{reason}")
    stayed = "; past conversations stayed with the old contact"
    code = f"relinked:{cause}" if cause else "relinked"
    return _event(change, code, f"relinked from {old} to {new}{reason}{stayed}")


class _Blocks:
    """The blocks in a visitor's timeline: which are live, and which have been reported."""

    def __init__(self, visitor_id: str, names: Names) -> None:
        self._visitor_id = visitor_id
        self._names = names
        self._live: dict[str, dict[str, Any]] = {}
        self._told: set[str] = set()

    def changed(self, change: Change, contact_id: str | None) -> Iterator[Event]:
        """Return the event for a change of a block while the visitor is linked to `contact_id`."""
        after = change.after or {}
        if change.before is None:
            self._live[change.record_id] = after
        elif change.record_id in self._live:
            self._live[change.record_id] = {**self._live[change.record_id], **after}
        if after.get("liftedAt"):
            self._live.pop(change.record_id, None)
            if change.record_id in self._told:
                event = _event(change, "unblocked", "a block was lifted")
                yield msgspec.structs.replace(event, at=after["liftedAt"], actor=after.get("liftedBy"))
            return
        yield from self._tell(change, change.record_id, contact_id)

    def linked(self, change: Change, contact_id: str | None) -> Iterator[Event]:
        """Return the events for blocks that take effect through a new link."""
        for block_id in list(self._live):
            yield from self._tell(change, block_id, contact_id)

    def _tell(self, change: Change, block_id: str, contact_id: str | None) -> Iterator[Event]:
        block = self._live.get(block_id)
        if block is None or block_id in self._told:
            return
        target = block.get("contactId")
        if (target is not None and target != contact_id) or (
            target is None and block.get("visitorId") != self._visitor_id
        ):
            return
        self._told.add(block_id)
        is_new = change.kind == "block" and change.before is None
        who = f"its {_contact(target, self._names)} {'was' if is_new else 'is'} blocked" if target else "blocked"
        why = f", {_told(block['reason'])}" if block.get("reason") else ""
        until = f", until {block['expiresAt']}" if block.get("expiresAt") else ""
        event = _event(change, "contact-blocked" if target else "blocked", f"{who}{why}{until}")
        if is_new:
            event = msgspec.structs.replace(event, at=block["blockedAt"], actor=block.get("blockedBy"))
        yield event


def _of_conversation(change: Change, visitor_id: str) -> Iterator[Event]:
    after = change.after or {}
    if change.before is None and after.get("visitorId") == visitor_id:
        title = f", {_told(after['title'])}" if after.get("title") else ""
        yield _event(change, "conversation-started", f"started conversation {change.record_id}{title}")


def _of_contact(change: Change, names: Names) -> Iterator[Event]:
    after = change.after or {}
    if change.before is None:
        return
    if "deletedAt" in after:
        word = "deleted" if after["deletedAt"] else "restored"
        yield _event(change, f"contact-{word}", f"its {_contact(change.record_id, names)} was {word}")
    if "externalId" in after:
        told = f"from {_told(change.before['externalId'])} to {_told(after['externalId'])}"
        yield _event(change, "contact-external-id", f"its contact's external id changed {told}")


def _called(contact_id: str, names: Names) -> str:
    return names.get(contact_id, f"contact {contact_id}")


def _contact(contact_id: str, names: Names) -> str:
    name = _called(contact_id, names)
    return name if name.startswith("contact ") else f"contact {name}"


def _event(change: Change, code: str, sentence: str) -> Event:
    return Event(change.at, change.actor, change.command, change.operation_id, code, sentence)


def _told(value: Any) -> str:
    return "nothing" if value is None else f"“{value}”"
