"""The pages of `show`: a record and everything related to it."""

from __future__ import annotations

import msgspec

from visitors.domain.block import Block
from visitors.domain.contact import ListedContact
from visitors.domain.conversation import Conversation, Message
from visitors.domain.operation import Change, Link
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor


class Device(msgspec.Struct, frozen=True, rename="camel"):
    """A short view of a visitor, among the others of its contact."""

    id: str
    browser: str | None
    os: str | None
    device_type: str | None
    country_code: str | None
    created_at: Instant
    last_seen_at: Instant | None


class Sharing(msgspec.Struct, frozen=True):
    """The other live visitors that share a value with one."""

    ids: list[str]
    """The first few, newest first."""
    count: int | None
    """How many; None for more than were counted."""


class VisitorPage(Visitor, frozen=True, rename="camel"):
    """A visitor, its contact's other devices, the blocks and conversations that concern it, how it was linked, and its
    latest changes.
    """

    devices: list[Device]
    blocks: list[Block]
    conversations: list[Conversation]
    links: list[Link]
    changes: list[Change]


class ContactPage(ListedContact, frozen=True, rename="camel"):
    """A contact with its devices, blocks and conversations, and the ids of contacts merged into it."""

    devices: list[Device]
    blocks: list[Block]
    conversations: list[Conversation]
    merged: list[str]
    changes: list[Change]


class ConversationPage(Conversation, frozen=True, rename="camel"):
    """A conversation with its messages, in order."""

    messages: list[Message]
