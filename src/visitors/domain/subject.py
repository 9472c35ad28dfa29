"""What the store knows about one person, and whose a visitor was when.

A browser may have had several people. What was recorded of it belongs to the person whom it was linked to at
that time, as conversations do:

- While nobody was known, it is the next person's: once identified, all data belong to the contact. What comes after
  the last person left is nobody's.
- `merge` says that two contacts are one person, `split` that a visitor was never that contact's: before
  either, a visitor is the one's whom it was given to.
- A link that was taken back by `undo` was none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from visitors.domain.contact import Alias, Contact
from visitors.domain.conversation import Conversation, Message
from visitors.domain.fields import CONTACT, VISITOR, of_type
from visitors.domain.operation import Change
from visitors.domain.times import Instant

FORMAT_VERSION = 1
ANOTHER_CONTACT = "[another contact]"
"""Stands for the id of a contact that is somebody else."""
ANOTHER_TIME = "[from another contact's time]"
"""Stands for a value that was set while the visitor was somebody else's."""

_CONTACT_IDS = ("contactId", "mergedInto")
_OF_DEVICE = {field.name for field in VISITOR if field.of_device}
"""What tells of the device. All else tells of the person who had it."""
_DOCUMENTS = of_type((*VISITOR, *CONTACT), "document")
_REASSIGNING = ("split", "merged")
"""The causes of links that also hold for the time before."""


class FormerVisitor(msgspec.Struct, frozen=True, rename="camel"):
    """A visitor that was the person's, from when until when: what it is now is not theirs, or it was removed."""

    id: str
    since: Instant
    until: Instant


class SubjectConversation(Conversation, frozen=True, rename="camel"):
    """A conversation with its messages."""

    messages: list[Message]


class SubjectLink(msgspec.Struct, frozen=True, rename="camel"):
    """A link of one of the visitors as it changed, and by which rule."""

    visitor_id: str
    at: Instant
    actor: str
    command: str
    operation_id: str
    from_contact_id: str | None
    to_contact_id: str | None
    cause: str | None


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """What the document is, of whom, and when it was made."""

    what: str
    format: int
    contact_id: str
    exported_at: Instant
    schema_version: int
    counts: dict[str, int]
    notes: list[str]


class Subject(msgspec.Struct, frozen=True, rename="camel"):
    """All that the store knows about one person.

    `visitors` are records without their contact and blocks, which stand beside them; `blocks` have their `state`:
    `live`, `expired` or `lifted`.
    """

    subject_export: Header
    contact: Contact
    aliases: list[Alias]
    visitors: list[dict[str, Any]]
    former_visitors: list[FormerVisitor]
    conversations: list[SubjectConversation]
    blocks: list[dict[str, Any]]
    links: list[SubjectLink]
    history: list[Change]


class Spell(msgspec.Struct, frozen=True):
    """From an operation (by its number) on a visitor was linked to a contact, or to none; `void` if that
    operation was taken back since.
    """

    operation: int
    contact: str | None
    cause: str | None = None
    void: bool = False


class Ownership:
    """Whose one visitor was after each operation; see above for the rules."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        """`spells` in the order of their operations; of several in one operation the last counts."""
        ordered = list({spell.operation: spell for spell in spells}.values())
        owner: str | None = None
        following: Spell | None = None
        owners: list[tuple[int, str | None]] = []
        for spell in reversed(ordered):
            nobodys = spell.contact is None or spell.void
            if following is None or not (nobodys or following.cause in _REASSIGNING):
                owner = spell.contact
            owners.append((spell.operation, owner))
            following = spell
        self._owners: Sequence[tuple[int, str | None]] = owners[::-1]

    def at(self, operation: int) -> str | None:
        """The contact whose the visitor was when the operation had ended."""
        place = bisect_right(self._owners, operation, key=itemgetter(0))
        return self._owners[max(place - 1, 0)][1] if self._owners else None

    def first(self, contacts: set[str]) -> int | None:
        """The operation from which on it was first one of these contacts'; None if it never was."""
        return next((operation for operation, owner in self._owners if owner in contacts), None)

    def end(self, contacts: set[str]) -> int | None:
        """The operation by which it last ceased to be one of these contacts'; None if it still is one's."""
        ends = None
        for operation, owner in reversed(self._owners):
            if owner in contacts:
                return ends
            ends = operation
        return ends


class OwnTime:
    """What was recorded of one visitor in the time of these contacts."""

    def __init__(self, changes: Iterable[tuple[Change, int]], ownership: Ownership, contacts: set[str]) -> None:
        """`changes` are all of the visitor, oldest first, each with its operation."""
        self.changes: list[tuple[Change, int]] = []
        """Those of that time; a value before one that was set in another contact's time is masked."""
        self._others: set[str] = set()
        for change, operation in changes:
            columns = (change.after or {}).keys()
            if ownership.at(operation) in contacts:
                self.changes.append((msgspec.structs.replace(change, before=self._own_before(change)), operation))
                self._others -= columns
            else:
                self._others |= columns - {"id", "createdAt", *_CONTACT_IDS}

    def record(self, visitor: dict[str, Any]) -> dict[str, Any]:
        """The visitor as it is, without where it was and what it read in another contact's time."""
        hidden = self._others - _OF_DEVICE
        return {
            name: ANOTHER_TIME if name in hidden and value is not None else value for name, value in visitor.items()
        }

    def _own_before(self, change: Change) -> dict[str, Any] | None:
        return change.before and {
            name: ANOTHER_TIME if name in self._others and value is not None else value
            for name, value in change.before.items()
        }


def without_others(change: Change, contacts: set[str]) -> Change:
    """The change with the ids of other contacts masked, and documents as what they say."""
    return msgspec.structs.replace(
        change, before=_columns(change.before, contacts), after=_columns(change.after, contacts)
    )


def masked(contact_id: str | None, contacts: set[str]) -> str | None:
    """The id, unless it is of a contact that is somebody else."""
    return contact_id if contact_id is None or contact_id in contacts else ANOTHER_CONTACT


def _columns(columns: dict[str, Any] | None, contacts: set[str]) -> dict[str, Any] | None:
    if columns is None:
        return None
    return {
        name: masked(value, contacts) if name in _CONTACT_IDS else _readable(name, value)
        for name, value in columns.items()
    }


def _readable(name: str, value: Any) -> Any:
    if name in _DOCUMENTS and isinstance(value, str) and value != ANOTHER_TIME:
        return msgspec.json.decode(value)
    return value
