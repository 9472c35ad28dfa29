"""Start, reply to and update conversations, enforcing who may write."""

from __future__ import annotations

from visitors.domain.conversation import Conversation, Priority
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, UsageProblem
from visitors.operations import references
from visitors.store.records import conversations, visitors
from visitors.store.store import OpenOperation, Store


def start(
    store: Store,
    operation: OpenOperation,
    visitor_reference: str,
    *,
    title: str | None = None,
    message: str | None = None,
    priority: Priority = "normal",
) -> str:
    """Start a conversation; return its id. Raises NotFound, and Conflict for a deleted or blocked visitor."""
    visitor = references.live_visitor(store, visitor_reference, operation.at)
    _refuse_blocked(visitor)
    return conversations.start(store, operation, visitor.id, title=title, message=message, priority=priority)


def check_author(visitor: str | None, agent: str | None) -> None:
    """Raise UsageProblem unless a message has exactly one author, a visitor or an agent."""
    if visitor is None and agent is None:
        raise UsageProblem("no author given", hint="use --as-visitor VISITOR or --as-agent NAME")
    if visitor is not None and agent is not None:
        raise UsageProblem("--as-visitor and --as-agent cannot be combined", hint="leave out one of them")


def reply(
    store: Store,
    operation: OpenOperation,
    conversation_id: str,
    body: str,
    *,
    visitor: str | None = None,
    agent: str | None = None,
) -> bool:
    """Add a message by a visitor who sees the conversation, or by an agent. Reopens a resolved one: returns whether it
    did.

    Raises what `check_author`, `reply_as_visitor` and `reply_as_agent` raise.
    """
    check_author(visitor, agent)
    found = conversations.find(store, conversation_id)
    assert found is not None
    if agent is not None:
        reply_as_agent(store, operation, found, agent, body)
    else:
        reply_as_visitor(store, operation, found, visitor or "", body)
    after = conversations.find(store, conversation_id)
    return after is not None and after.status != found.status


def reply_as_visitor(
    store: Store, operation: OpenOperation, conversation: Conversation, visitor_reference: str, body: str
) -> str:
    """Add a message by a visitor who sees the conversation; return its id. Reopens a resolved one.

    Raises NotFound, and Conflict for a visitor who is deleted, blocked, or does not see it.
    """
    visitor = references.live_visitor(store, visitor_reference, operation.at)
    _refuse_blocked(visitor)
    contact_id = visitor.contact.id if visitor.contact else None
    sees = conversation.contact_id == contact_id if contact_id else conversation.visitor_id == visitor.id
    if not sees or (contact_id is None and conversation.contact_id is not None):
        raise Conflict(
            f"conversation {conversation.id} does not belong to visitor {visitor.id}",
            code="not_of_visitor",
            hint=f"visitors conversations list --contact {conversation.contact_id}"
            if conversation.contact_id
            else f"visitors conversations list --visitor {conversation.visitor_id}",
        )
    return _add(store, operation, conversation, body, visitor_id=visitor.id)


def reply_as_agent(store: Store, operation: OpenOperation, conversation: Conversation, agent: str, body: str) -> str:
    """Add a message by an agent; return its id. Reopens a resolved conversation.

    Raises Conflict if it belongs only to a visitor who is deleted.
    """
    starter = visitors.find(store, conversation.visitor_id, operation.at)
    if conversation.contact_id is None and starter is not None and starter.deleted_at is not None:
        raise Conflict(
            f"conversation {conversation.id} belongs to visitor {starter.id}, which is deleted",
            code="visitor_deleted",
            hint=f"visitors restore {starter.id}",
        )
    return _add(store, operation, conversation, body, agent=agent)


def _add(
    store: Store,
    operation: OpenOperation,
    conversation: Conversation,
    body: str,
    *,
    visitor_id: str | None = None,
    agent: str | None = None,
) -> str:
    message_id = conversations.add_message(
        store, operation, conversation.id, body=body, visitor_id=visitor_id, agent=agent
    )
    if conversation.status == "resolved":
        conversations.set_status(store, operation, [conversation.id], "open")
    else:
        conversations.touch(store, operation, conversation.id)
    return message_id


def _refuse_blocked(visitor: Visitor) -> None:
    if not visitor.is_blocked:
        return
    if visitor.contact is not None and visitor.contact.is_blocked:
        through, target = f" through its contact {visitor.contact.id}", f"--contact {visitor.contact.id}"
    else:
        through, target = "", visitor.id
    raise Conflict(
        f"visitor {visitor.id} is blocked{through}", code="visitor_blocked", hint=f"visitors unblock {target}"
    )
