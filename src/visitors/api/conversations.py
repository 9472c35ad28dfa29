"""`store.conversations`: what visitors write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, Unpack

from visitors.api.arguments import conversation_selection, public
from visitors.api.session import Session
from visitors.domain import normalise
from visitors.domain.conversation import Conversation, Priority, Status
from visitors.domain.conversation_selection import ChosenConversations
from visitors.domain.page import ConversationPage
from visitors.errors import UsageProblem
from visitors.operations import converse, references
from visitors.operations.investigate import conversation_page
from visitors.store.query.conversations import SORTABLE
from visitors.store.query.listing import Page
from visitors.store.records import conversations
from visitors.store.store import Store

_Conversations: TypeAlias = list[Conversation]


class Conversations:
    """A conversation is named by its id or a unique prefix of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self, visitor: str, *, title: str | None = None, message: str | None = None, priority: Priority = "normal"
    ) -> Conversation:
        """A new one. Raises NotFound, and Conflict for a visitor who is blocked or deleted."""
        about = normalise.text(title, "title") if title is not None else None
        body = normalise.text(message, "message", normalise.MESSAGE_LIMIT) if message is not None else None
        with self._session.operation("conversations start") as operation:
            store = self._session.store
            started = converse.start(store, operation, visitor, title=about, message=body, priority=priority)
            return _found(store, started)

    def reply(
        self, conversation: str, message: str, *, visitor: str | None = None, agent: str | None = None
    ) -> Conversation:
        """Write in it, as a visitor who sees it or as an agent. A resolved one opens again.

        Raises UsageProblem unless there is one author, NotFound, and Conflict for a visitor who may not.
        """
        converse.check_author(visitor, agent)
        body = normalise.text(message, "message", normalise.MESSAGE_LIMIT)
        name = normalise.text(agent, "agent") if agent is not None else None
        with self._session.operation("conversations reply") as operation:
            store = self._session.store
            conversation_id = references.conversation_ids(store, [conversation])[0]
            converse.reply(store, operation, conversation_id, body, visitor=visitor, agent=name)
            return _found(store, conversation_id)

    def resolve(self, *conversation: str) -> _Conversations:
        """Mark them as resolved."""
        return self._set_status("conversations resolve", conversation, "resolved")

    def reopen(self, *conversation: str) -> _Conversations:
        """Open them again."""
        return self._set_status("conversations reopen", conversation, "open")

    def spam(self, *conversation: str) -> _Conversations:
        """Mark them as spam."""
        return self._set_status("conversations spam", conversation, "spam")

    def show(self, conversation: str) -> ConversationPage:
        """It, with its messages. Raises NotFound."""
        with self._session.reading() as store:
            return conversation_page(store, references.conversation_ids(store, [conversation])[0])

    def list(
        self,
        *,
        sort: str | None = None,
        reverse: bool = False,
        limit: int = 0,
        after: str | None = None,
        **chosen: Unpack[ChosenConversations],
    ) -> Iterator[Conversation]:
        """Conversations that `chosen` chooses, newest first, read some at a time. Raises NotFound for an unknown
        visitor or contact.
        """
        field = public(sort) if sort is not None else None
        page = Page.sorted_by(SORTABLE, field, reverse=reverse, limit=limit, after=after)
        current = self._session.clock()
        named = conversation_selection(chosen, current)
        with self._session.reading() as store:
            wanted = references.conversation_selection(store, named, current)
        return self._session.pages(page, lambda store, some: conversations.select(store, wanted, some, current))

    def _set_status(self, command: str, typed: tuple[str, ...], status: Status) -> _Conversations:
        if not typed:
            raise UsageProblem("which? give conversation ids")
        with self._session.operation(command) as operation:
            store = self._session.store
            ids = references.conversation_ids(store, typed)
            conversations.set_status(store, operation, ids, status)
            return [_found(store, conversation_id) for conversation_id in ids]


def _found(store: Store, conversation_id: str) -> Conversation:
    conversation = conversations.find(store, conversation_id)
    assert conversation is not None
    return conversation
