"""Parse one row of a conversation import: a conversation, or one of its messages.

A JSON row may hold all messages of its conversation in a list. A CSV or TSV row holds at most one, in the columns
prefixed with `message.`; rows with the same conversation id are combined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from visitors.domain import normalise
from visitors.domain.contact import Identity
from visitors.domain.conversation import Priority, Status
from visitors.domain.fields import PERSON
from visitors.domain.metadata import decode_value
from visitors.domain.row import OF_CONTACT, parse_id, parse_instant_or_number, parse_key, parse_person, parse_text
from visitors.domain.times import Instant
from visitors.errors import InvalidData

OF_MESSAGE = "message."
"""The prefix of the message columns."""
MESSAGE_FIELDS = ("id", "visitorId", "agent", "authorId", "body", "createdAt")
FIELDS = (
    "id",
    "title",
    "status",
    "priority",
    "visitorId",
    "contact.id",
    *(f"{OF_CONTACT}{field}" for field in (*PERSON, "metadata")),
    "createdAt",
    "updatedAt",
    "resolvedAt",
    "messages",
    *(f"{OF_MESSAGE}{field}" for field in MESSAGE_FIELDS),
)
"""All fields of a row."""


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a row; None for what the row omits.

    The author is one of: `agent`, an agent's name; `visitor_id`, a visitor; or `author_id`, an id from the other
    system, which is the conversation's contact if it matches and an agent otherwise.
    """

    id: str | None = None
    visitor_id: str | None = None
    agent: str | None = None
    author_id: str | None = None
    body: str
    created_at: Instant | None = None


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed row; None for what it omits."""

    id: str | None = None
    title: str | None = None
    status: Status | None = None
    priority: Priority | None = None
    visitor_id: str | None = None
    identity: Identity | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    resolved_at: Instant | None = None
    messages: tuple[MessageRow, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether every field is blank."""
        return self == _BLANK


_BLANK = ConversationRow()


class ConversationParser:
    """Parse rows whose values come in a fixed order of fields."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple(fields)

    def parse(self, values: Sequence[Any]) -> ConversationRow:
        """Parse a row, ignoring blank values. Raises InvalidData."""
        told: dict[str, Any] = {}
        message: dict[str, Any] = {}
        person: dict[str, Any] = {}
        for field, value in zip(self._fields, values, strict=True):
            if _is_blank(value):
                continue
            if field.startswith(OF_CONTACT):
                person[field.removeprefix(OF_CONTACT)] = value
            elif field.startswith(OF_MESSAGE):
                message[field.removeprefix(OF_MESSAGE)] = value
            elif field == "messages":
                told["messages"] = _messages(value)
            else:
                told[_ATTRIBUTES[field]] = _RULES[field](value, field)
        identity = parse_person(person, is_deleted=False) if person else None
        if message:
            told["messages"] = (*told.get("messages", ()), _message(message, OF_MESSAGE))
        return ConversationRow(identity=identity, **told)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _messages(value: object) -> tuple[MessageRow, ...]:
    """Parse a list of message objects; a table cell holds it as JSON."""
    items = decode_value(value, "messages") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidData("messages is not a list of objects", field="messages", code="invalid_type")
    return tuple(_message(item, f"messages.{number}.") for number, item in enumerate(items))


def _message(told: Mapping[str, Any], prefix: str) -> MessageRow:
    values: dict[str, Any] = {}
    for name, value in told.items():
        field = f"{prefix}{name}"
        if name not in _MESSAGE_RULES and name not in _IGNORED_OF_MESSAGE:
            raise InvalidData(
                f"{field}: messages have no such field",
                field="messages",
                code="unknown_field",
                hint="the fields are " + ", ".join(MESSAGE_FIELDS),
            )
        if name in _MESSAGE_RULES and not _is_blank(value):
            values[_ATTRIBUTES.get(name, name)] = _MESSAGE_RULES[name](value, field)
    if "body" not in values:
        raise InvalidData(f"{prefix}body is blank", field=f"{prefix}body", code="no_body")
    if sum(name in values for name in ("visitor_id", "agent", "author_id")) > 1:
        raise InvalidData(
            f"{prefix[:-1]} has more than one author",
            field="messages",
            code="several_authors",
            hint="use either visitorId or agent",
        )
    return MessageRow(**values)


def _one_of(words: Sequence[str]) -> Callable[[object, str], str]:
    def rule(value: object, field: str) -> str:
        word = parse_text(value, field).lower()
        if word not in words:
            raise InvalidData(
                f"{field} {word[:60]!r} is not valid",
                field=field,
                code="invalid_choice",
                hint="use one of " + ", ".join(words),
            )
        return word

    return rule


def _body(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return normalise.text(value, field, normalise.MESSAGE_LIMIT)


def _agent(value: object, field: str) -> str:
    return normalise.text(parse_key(value, field), field)


_ATTRIBUTES = {
    **{name: name for name in ("id", "title", "status", "priority")},
    "visitorId": "visitor_id",
    "authorId": "author_id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "resolvedAt": "resolved_at",
}
_RULES: dict[str, Callable[[Any, str], Any]] = {
    "id": parse_id,
    "title": parse_text,
    "status": _one_of(get_args(Status)),
    "priority": _one_of(get_args(Priority)),
    "visitorId": parse_id,
    **dict.fromkeys(("createdAt", "updatedAt", "resolvedAt"), parse_instant_or_number),
}
_MESSAGE_RULES: dict[str, Callable[[Any, str], Any]] = {
    "id": parse_id,
    "visitorId": parse_id,
    "agent": _agent,
    "authorId": _agent,
    "body": _body,
    "createdAt": parse_instant_or_number,
}
_IGNORED_OF_MESSAGE = ("conversationId",)
"""Extra fields of an export, redundant here: a message belongs to the conversation that it is in."""
