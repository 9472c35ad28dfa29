"""What the store knows about one person, and which visitors were theirs at what time.

A browser may have been used by several people. What was recorded of it belongs to the contact that it was linked to at
that time, as conversations do:

- Anonymous time belongs to the next contact: once identified, all data belong to it. What follows the last unlink is
  nobody's.
- `merge` says that two contacts are one person, `split` that a visitor never was that contact's: time before either
  belongs to the contact that it gave the visitor to.
- A link that was undone does not count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
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
"""Replaces the id of another person's contact."""
ANOTHER_TIME = "[from another contact's time]"
"""Replaces a value that was set while the visitor was another person's."""

_CONTACT_IDS = ("contactId", "mergedInto")
_OF_DEVICE = {field.name for field in VISITOR if field.of_device}
"""Fields that describe the device; all others describe the person using it."""
_DOCUMENTS = of_type((*VISITOR, *CONTACT), "document")
_REASSIGNING = ("split", "merged")
"""The causes of links that also cover the time before."""


class FormerVisitor(msgspec.Struct, frozen=True, rename="camel"):
    """A visitor that was the person's for a time; its current state is not theirs, or it was removed."""

    id: str
    since: Instant
    until: Instant


class SubjectConversation(Conversation, frozen=True, rename="camel"):
    """A conversation with its messages."""

    messages: list[Message]


class SubjectLink(msgspec.Struct, frozen=True, rename="camel"):
    """A change of the link of one of the visitors, and its rule."""

    visitor_id: str
    at: Instant
    actor: str
    command: str
    operation_id: str
    from_contact_id: str | None
    to_contact_id: str | None
    cause: str | None


class OfOthers(msgspec.Struct, frozen=True, rename="camel"):
    """Records of the person's time with visitors that are or were also somebody else's. An erasure of the person keeps
    them.
    """

    visitors: list[FormerVisitor]
    blocks: list[dict[str, Any]]
    links: list[SubjectLink]
    history: list[Change]


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """What the document is, whom it is about, and when it was made."""

    what: str
    format: int
    contact_id: str
    exported_at: Instant
    schema_version: int
    counts: dict[str, int]
    notes: list[str]


class Subject(msgspec.Struct, frozen=True, rename="camel"):
    """Everything that the store knows about one person; `contact` is None if they exist only in the history.

    `visitors` come without their contact and blocks, which are listed separately; `blocks` have a `state`: `live`,
    `expired` or `lifted`. An erasure of the person removes everything except `devices_of_others`.
    """

    subject_export: Header
    contact: Contact | None
    aliases: list[Alias]
    visitors: list[dict[str, Any]]
    former_visitors: list[FormerVisitor]
    conversations: list[SubjectConversation]
    blocks: list[dict[str, Any]]
    links: list[SubjectLink]
    history: list[Change]
    devices_of_others: OfOthers


class Spell(msgspec.Struct, frozen=True):
    """The start, as an operation number, of a visitor's link to a contact (None: to none); `void` if that operation was
    undone.
    """

    operation: int
    contact: str | None
    cause: str | None = None
    void: bool = False


Owners = AbstractSet[str | None]
"""Ids of contacts, and None for anonymous time."""


class Ownership:
    """The owner of one visitor after each operation, by the rules above."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        """`spells` are in order of operation; of several in one operation the last counts."""
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
        """Return the contact that the visitor belonged to after the operation."""
        place = bisect_right(self._owners, operation, key=itemgetter(0))
        return self._owners[max(place - 1, 0)][1] if self._owners else None

    def first(self, contacts: Owners) -> int | None:
        """Return the operation with which it first belonged to one of these contacts; None if it never did."""
        return next((operation for operation, owner in self._owners if owner in contacts), None)

    def end(self, contacts: Owners) -> int | None:
        """Return the operation with which it last left these contacts; None if it is still theirs."""
        ends = None
        for operation, owner in reversed(self._owners):
            if owner in contacts:
                return ends
            ends = operation
        return ends


class OwnTime:
    """What was recorded of one visitor while it belonged to these contacts."""

    def __init__(self, changes: Iterable[tuple[Change, int]], ownership: Ownership, contacts: Owners) -> None:
        """`changes` are all changes of the visitor, oldest first, each with its operation."""
        self.changes: list[tuple[Change, int]] = []
        """Changes of that time; previous values from another contact's time are masked."""
        self._others: set[str] = set()
        for change, operation in changes:
            columns = (change.after or {}).keys()
            if ownership.at(operation) in contacts:
                self.changes.append((msgspec.structs.replace(change, before=self._own_before(change)), operation))
                self._others -= columns
            else:
                self._others |= columns - {"id", "createdAt", *_CONTACT_IDS}

    def record(self, visitor: dict[str, Any]) -> dict[str, Any]:
        """Return the visitor's current record without location and pages from another contact's time."""
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
    """Return the change with the ids of other contacts masked, and documents as JSON values."""
    return msgspec.structs.replace(
        change, before=_columns(change.before, contacts), after=_columns(change.after, contacts)
    )


def without_reason(change: Change) -> Change:
    """Return the change of a block with its reason masked, which concerns somebody else."""

    def hidden(side: dict[str, Any] | None) -> dict[str, Any] | None:
        return side and {name: ANOTHER_TIME if name == "reason" and value else value for name, value in side.items()}

    return msgspec.structs.replace(change, before=hidden(change.before), after=hidden(change.after))


def masked(contact_id: str | None, contacts: set[str]) -> str | None:
    """Return the id, masked if it is another person's contact."""
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
