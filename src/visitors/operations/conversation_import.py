"""Import conversations with their messages, all in one operation; importing a file again changes nothing.

A conversation is identified by its id, a message by its id, or without one by its author, time and text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from visitors.domain.contact import Identity
from visitors.domain.conversation import Conversation, Message, Status
from visitors.domain.conversation_row import ConversationRow, MessageRow
from visitors.domain.times import Instant
from visitors.errors import Conflict, InvalidData
from visitors.input.rows import Read
from visitors.operations.identify import ContactTimes, settle_contact
from visitors.operations.import_ import Taken
from visitors.operations.one_row import Reject, take_one
from visitors.store.records import contacts, conversations, visitors
from visitors.store.store import OpenOperation, Store

_Author = tuple[str | None, str | None]
"""The visitor or the agent."""


def take_conversations(
    store: Store, operation: OpenOperation, rows: Iterable[Read[ConversationRow]], reject: Reject | None = None
) -> Counter[str]:
    """Import every row; return how many were created, updated, unchanged and blank, and the number of new `messages`.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message.
    """
    taken: Counter[str] = Counter()

    def take(row: ConversationRow) -> None:
        outcome, messages = take_conversation(store, operation, row)
        taken[outcome] += 1
        taken["messages"] += messages

    for read in rows:
        take_one(store, read, take, reject)
    return taken


def take_conversation(store: Store, operation: OpenOperation, row: ConversationRow) -> tuple[Taken, int]:
    """Import one row; return the outcome, and the number of new messages.

    A new conversation belongs to the row's visitor, which is created if necessary; else to the latest visitor of the
    row's contact, found by the identity rules; one is created if the contact has none. Without either, the author of
    its message is the contact. An existing conversation keeps its owner, and an older row only adds messages.

    Raises InvalidData for a row without a conversation or owner, Conflict for a deleted visitor or a message that is in
    another conversation, and whatever identify raises.
    """
    if row.says_nothing:
        return "blank", 0
    if row.id is None:
        raise InvalidData(
            "the row has no conversation id",
            field="id",
            code="no_conversation",
            hint="use --map id=COLUMN to name the column with the id",
        )
    existing = conversations.find(store, row.id)
    conversation = _new(store, operation, row.id, row) if existing is None else _updated(operation, existing, row)
    untimed = operation.at if existing is not None else conversation.created_at
    messages = _new_messages(store, operation, conversation, row.messages, untimed)
    times = [message.created_at for message in messages]
    begun, updated = min([conversation.created_at, *times]), max([conversation.updated_at, *times])
    conversation = msgspec.structs.replace(conversation, created_at=begun, updated_at=updated)
    if existing is None:
        conversations.insert_many(store, [(conversation, messages)])
        return "created", len(messages)
    conversations.insert_messages(store, messages)
    if conversation == existing:
        return ("updated" if messages else "unchanged"), len(messages)
    conversations.update(store, conversation)
    return "updated", len(messages)


def _new(store: Store, operation: OpenOperation, conversation_id: str, row: ConversationRow) -> Conversation:
    times = [message.created_at for message in row.messages if message.created_at is not None]
    created_at = row.created_at or min([*times, *([row.updated_at] if row.updated_at else [])], default=operation.at)
    status: Status = row.status or ("resolved" if row.resolved_at else "open")
    updated_at = row.updated_at or max([created_at, *([row.resolved_at] if row.resolved_at else [])])
    visitor_id, contact_id = _whose(store, operation, row, created_at)
    return Conversation(
        id=conversation_id,
        title=row.title,
        status=status,
        priority=row.priority or "normal",
        visitor_id=visitor_id,
        contact_id=contact_id,
        message_count=0,
        created_at=created_at,
        updated_at=updated_at,
        resolved_at=(row.resolved_at or updated_at) if status == "resolved" else None,
    )


def _updated(operation: OpenOperation, existing: Conversation, row: ConversationRow) -> Conversation:
    """Return the conversation updated by a row that is not older, or has no time.

    A row with the same time counts: the last message, imported before it, gave the conversation that time.
    """
    if row.updated_at is not None and row.updated_at < existing.updated_at:
        return existing
    status: Status = row.status or existing.status
    resolved_at = row.resolved_at or existing.resolved_at or row.updated_at or operation.at
    told = msgspec.structs.replace(
        existing,
        title=row.title or existing.title,
        status=status,
        priority=row.priority or existing.priority,
        created_at=min(row.created_at or existing.created_at, existing.created_at),
        resolved_at=resolved_at if status == "resolved" else None,
    )
    if row.updated_at is not None:
        return msgspec.structs.replace(told, updated_at=row.updated_at)
    return told if told == existing else msgspec.structs.replace(told, updated_at=operation.at)


def _whose(store: Store, operation: OpenOperation, row: ConversationRow, at: Instant) -> tuple[str, str | None]:
    """Return the ids of the visitor and contact of a new conversation."""
    said = row.identity
    author = next((message.author_id for message in row.messages if message.author_id is not None), None)
    if said is None and row.visitor_id is None and author is not None:
        said = Identity(contact_id=author)
    rule, contact_id = None, None
    if said is not None:
        times = ContactTimes(created_at=at, updated_at=at, are_its_own=False)
        settled = settle_contact(store, operation, None, said, times=times)
        rule, contact_id = settled.decision.rule, settled.contact_id
    visitor_id = row.visitor_id
    if visitor_id is None and contact_id is not None:
        visitor_id = visitors.newest_of(store, contact_id)
    elif visitor_id is None:
        raise InvalidData(
            "the row has no visitorId and no contact id, externalId or email",
            field="visitorId",
            code="no_visitor",
            hint="use --map visitorId=COLUMN or --map email=COLUMN",
        )
    existing = visitors.find(store, visitor_id, operation.at) if visitor_id is not None else None
    if existing is None:
        visitor_id = _make_visitor(store, operation, visitor_id, contact_id, at)
        if rule is not None:
            operation.record_causes(store, [(visitor_id, rule)])
        return visitor_id, contact_id
    if existing.deleted_at is not None:
        raise Conflict(
            f"visitor {existing.id} is deleted", code="visitor_deleted", hint=f"visitors restore {existing.id}"
        )
    return existing.id, contact_id or (existing.contact.id if existing.contact else None)


def _make_visitor(
    store: Store, operation: OpenOperation, visitor_id: str | None, contact_id: str | None, at: Instant
) -> str:
    """Create a visitor of which nothing is known except that it wrote."""
    new_id = visitor_id or operation.new_id()
    times = (at, operation.at, None, None)
    visitors.insert_many(store, [(new_id, contact_id, *times, *(None for _ in visitors.COLUMNS))])
    return new_id


def _new_messages(
    store: Store, operation: OpenOperation, conversation: Conversation, told: Iterable[MessageRow], untimed: Instant
) -> list[Message]:
    """Return the messages that the conversation does not have yet; a message without a time gets `untimed`."""
    told = list(told)
    if not told:
        return []
    there = conversations.messages_of(store, [conversation.id])[conversation.id]
    of_ids = conversations.of_messages(store, [one.id for one in told if one.id is not None])
    known = Counter(_key(message, at=message.created_at) for message in there)
    known.update(_key(message, at=None) for message in there)  # for messages without a time
    new = []
    for one in told:
        if one.id is not None and one.id in of_ids:
            if of_ids[one.id] != conversation.id:
                raise Conflict(
                    f"message {one.id} belongs to conversation {of_ids[one.id]}, not to {conversation.id}",
                    code="message_elsewhere",
                )
            continue
        visitor_id, agent = _author(store, operation, conversation, one)
        message = Message(
            id=one.id or operation.new_id(),
            conversation_id=conversation.id,
            visitor_id=visitor_id,
            agent=agent,
            body=one.body,
            created_at=one.created_at or untimed,
        )
        key = _key(message, at=one.created_at)
        if one.id is None and known[key]:
            known[key] -= 1
            continue
        if one.id is not None:
            of_ids[one.id] = conversation.id
        new.append(message)
    return new


def _key(message: Message, at: Instant | None) -> tuple[str | None, str | None, str, Instant | None]:
    return message.visitor_id, message.agent, message.body, at


def _author(store: Store, operation: OpenOperation, conversation: Conversation, told: MessageRow) -> _Author:
    """Return the visitor or agent that wrote a message; by default the visitor of the conversation."""
    if told.agent is not None:
        return None, told.agent
    if told.author_id is not None and told.author_id != conversation.visitor_id:
        contact = contacts.find(store, told.author_id, operation.at)
        if contact is None or contact.id != conversation.contact_id:
            return None, told.author_id
    visitor_id = told.visitor_id or conversation.visitor_id
    if visitor_id != conversation.visitor_id and not visitors.existing(store, [visitor_id]):
        _make_visitor(store, operation, visitor_id, conversation.contact_id, told.created_at or conversation.created_at)
    return visitor_id, None
