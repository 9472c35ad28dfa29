"""Conversations and their messages in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from visitors.domain.conversation import Conversation, Message, Priority, Status
from visitors.domain.folding import search_text
from visitors.domain.times import Instant
from visitors.store.database import THESE, Question, Row, rows
from visitors.store.query.conversations import listing
from visitors.store.query.listing import Page
from visitors.store.schema.recorded import COLUMNS, DERIVED
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.domain.conversation_selection import ConversationSelection

_COLUMNS = """
    k.id, k.title, k.status, k.priority, k.visitor_id, k.contact_id,
    (SELECT count(*) FROM messages WHERE conversation_id = k.id),
    k.created_at, k.updated_at, k.resolved_at
"""
SELECT = f"SELECT {_COLUMNS} FROM conversations AS k"
"""Conversations `k`, with the number of their messages."""


_CONVERSATION = COLUMNS["conversation"][1:]
_MESSAGE = COLUMNS["message"][1:]


def start(
    store: Store,
    operation: OpenOperation,
    visitor_id: str,
    *,
    title: str | None = None,
    message: str | None = None,
    priority: Priority = "normal",
) -> str:
    """Insert a conversation of the visitor, and of its contact if it has one. Returns its id."""
    contact_id = store.execute("SELECT contact_id FROM visitors WHERE id = ?", (visitor_id,)).fetchone()[0]
    at, new_id = operation.at, operation.new_id()
    started = Conversation(new_id, title, "open", priority, visitor_id, contact_id, 0, at, at, None)
    insert_many(store, [(started, ())])
    if message is not None:
        add_message(store, operation, new_id, body=message, visitor_id=visitor_id)
    return new_id


def add_message(
    store: Store,
    operation: OpenOperation,
    conversation_id: str,
    *,
    body: str,
    visitor_id: str | None = None,
    agent: str | None = None,
) -> str:
    """Insert a message by a visitor or an agent. Returns its id."""
    message = Message(operation.new_id(), conversation_id, visitor_id, agent, body, operation.at)
    insert_messages(store, [message])
    return message.id


def insert_many(store: Store, whole: Sequence[tuple[Conversation, Sequence[Message]]]) -> None:
    """Insert conversations with their messages unchanged, including ids and times."""
    store.insert(
        "conversation",
        (*_CONVERSATION, DERIVED),
        ((*(getattr(one, name) for name in _CONVERSATION), search_text(one.title)) for one, _ in whole),
    )
    insert_messages(store, (one for _, messages in whole for one in messages))


def insert_messages(store: Store, new: Iterable[Message]) -> None:
    """Insert messages of existing conversations unchanged."""
    store.insert(
        "message", (*_MESSAGE, DERIVED), ((*msgspec.structs.astuple(one), search_text(one.body)) for one in new)
    )


def update(store: Store, conversation: Conversation) -> None:
    """Update the conversation with this id to match `conversation`, except for its owner."""
    store.later(
        "UPDATE conversations SET title = ?, status = ?, priority = ?, created_at = ?, updated_at = ?, resolved_at = ?,"
        f" {DERIVED} = ? WHERE id = ?",
        (
            conversation.title,
            conversation.status,
            conversation.priority,
            conversation.created_at,
            conversation.updated_at,
            conversation.resolved_at,
            search_text(conversation.title),
            conversation.id,
        ),
    )


def of_messages(store: Store, message_ids: Sequence[str]) -> dict[str, str]:
    """Map message ids to conversation ids, for those that exist."""
    sql = f"SELECT id, conversation_id FROM messages WHERE id {THESE}"
    return dict(store.execute(sql, (rows(message_ids),)).fetchall())


def give_to_contact(store: Store, visitor_ids: Sequence[str], contact_id: str) -> None:
    """Make the contact the owner of conversations that the visitors started while anonymous."""
    store.later(
        f"UPDATE conversations SET contact_id = ? WHERE contact_id IS NULL AND visitor_id {THESE}",
        (contact_id, rows(visitor_ids)),
    )


def find(store: Store, conversation_id: str) -> Conversation | None:
    """Return the conversation with exactly this id."""
    return next(iter(with_ids(store, [conversation_id])), None)


def seen_by_visitor(visitor_id: str) -> Question[list[Conversation]]:
    """Return the conversations that the visitor sees, newest first: its contact's, or its own while anonymous."""
    sql = (
        " JOIN visitors AS v ON v.id = ? WHERE iif(v.contact_id IS NULL, k.visitor_id = v.id AND k.contact_id IS NULL,"
        " k.contact_id = v.contact_id) ORDER BY k.pk DESC"
    )
    return Question(SELECT + sql, (visitor_id,), _conversations)


def of_contact(contact_id: str) -> Question[list[Conversation]]:
    """Return the contact's conversations, newest first."""
    sql = " WHERE k.contact_id = ? ORDER BY k.pk DESC"
    return Question(SELECT + sql, (contact_id,), _conversations)


def _conversations(found: list[Row]) -> list[Conversation]:
    return [Conversation(*row) for row in found]


def with_ids(store: Store, conversation_ids: Sequence[str]) -> list[Conversation]:
    """Return the existing conversations with these ids, oldest first."""
    sql = f"{SELECT} WHERE k.id {THESE} ORDER BY k.pk"
    return [Conversation(*row) for row in store.execute(sql, (rows(conversation_ids),))]


def select(store: Store, wanted: ConversationSelection, page: Page, current: Instant) -> Iterator[Conversation]:
    """Return the chosen conversations, in the order of `page`."""
    for row in listing(wanted, current).rows(store, _COLUMNS, "", (), page):
        yield Conversation(*row)


def count(store: Store, wanted: ConversationSelection, current: Instant, limit: int | None = None) -> int:
    """Return the number of chosen conversations, counted up to `limit` if given."""
    return listing(wanted, current).count(store, limit)


def move(
    store: Store,
    operation: OpenOperation,
    contact_id: str,
    to: str,
    *,
    started_by: Sequence[str] | None = None,
) -> int:
    """Move a contact's conversations, or those that the visitors `started_by` started, to another contact.

    Returns how many moved.
    """
    condition, parameters = "", list[str]()
    if started_by is not None:
        condition, parameters = f" AND visitor_id {THESE}", [rows(started_by)]
    moved = store.execute(
        f"UPDATE conversations SET contact_id = ?, updated_at = max(updated_at, ?) WHERE contact_id = ?{condition}",
        [to, operation.at, contact_id, *parameters],
    )
    return moved.rowcount


def messages_of(store: Store, conversation_ids: Sequence[str]) -> dict[str, list[Message]]:
    """Map conversation ids to their messages, in order."""
    sql = f"SELECT {', '.join(_MESSAGE)} FROM messages WHERE conversation_id {THESE} ORDER BY pk"
    found: dict[str, list[Message]] = {conversation_id: [] for conversation_id in conversation_ids}
    for row in store.execute(sql, (rows(conversation_ids),)):
        found[row[1]].append(Message(*row))
    return found


def set_status(store: Store, operation: OpenOperation, conversation_ids: Sequence[str], status: Status) -> set[str]:
    """Set the status of conversations. Returns the ids of those that had another one."""
    resolved_at = operation.at if status == "resolved" else None
    changed = store.execute(
        "UPDATE conversations SET status = ?, resolved_at = ?, updated_at = max(updated_at, ?)"
        f" WHERE id {THESE} AND status <> ? RETURNING id",
        (status, resolved_at, operation.at, rows(conversation_ids), status),
    )
    return {row[0] for row in changed}


def touch(store: Store, operation: OpenOperation, conversation_id: str) -> None:
    """Update the time of the last activity."""
    store.later(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE id = ?", (operation.at, conversation_id)
    )
