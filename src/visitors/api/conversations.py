"""`store.conversations`: conversations and their messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, Unpack, overload

from visitors.api.arguments import conversation_selection, public, refuse_contradictions, refuse_unlisted
from visitors.api.importing import Reject, Rows, SetAside, reading
from visitors.api.results import ImportedConversations
from visitors.api.session import Session
from visitors.domain import normalise
from visitors.domain.conversation import PRIORITIES, Conversation, Priority, Status
from visitors.domain.conversation_selection import ChosenConversations
from visitors.domain.page import ConversationPage
from visitors.domain.statistics import (
    ConversationFigure,
    ConversationTime,
    Counted,
    Group,
    Pair,
    Per,
    Period,
    parse_conversation_fields,
)
from visitors.errors import UsageProblem
from visitors.input.formats import Format
from visitors.input.kinds import CONVERSATIONS
from visitors.operations import converse, references, statistics
from visitors.operations.conversation_import import take_conversations
from visitors.operations.investigate import conversation_page
from visitors.store.query.conversations import SORTABLE
from visitors.store.query.listing import Page
from visitors.store.records import conversations
from visitors.store.store import Store

_Field: TypeAlias = Literal["status", "priority"]
_Time: TypeAlias = Literal["created_at", "updated_at", "resolved_at"]
_TIMES: dict[str, ConversationTime] = {
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "resolved_at": "resolvedAt",
}


class Conversations:
    """The conversations of a store, as `store.conversations`. Name one by its id or a unique prefix of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self, visitor: str, *, title: str | None = None, message: str | None = None, priority: Priority = "normal"
    ) -> Conversation:
        """Start a conversation as a visitor, with a first message if one is given.

        Raises NotFound, InvalidData, Conflict if the visitor is blocked or deleted, and UsageProblem for an unknown
        priority.
        """
        refuse_unlisted(priority, PRIORITIES, "priority")
        about = normalise.text(title, "title") if title is not None else None
        body = normalise.text(message, "message", normalise.MESSAGE_LIMIT) if message is not None else None
        with self._session.operation("conversations start") as operation:
            store = self._session.store
            started = converse.start(store, operation, visitor, title=about, message=body, priority=priority)
            return _found(store, started)

    def reply(
        self, conversation: str, message: str, *, visitor: str | None = None, agent: str | None = None
    ) -> Conversation:
        """Add a message, either as a visitor of this conversation or as an agent. A resolved conversation opens
        again.

        Raises NotFound, InvalidData, UsageProblem unless there is exactly one author, and Conflict if the visitor
        is blocked, deleted or not part of the conversation.
        """
        converse.check_author(visitor, agent)
        body = normalise.text(message, "message", normalise.MESSAGE_LIMIT)
        name = normalise.text(agent, "agent") if agent is not None else None
        with self._session.operation("conversations reply") as operation:
            store = self._session.store
            conversation_id = references.conversation_ids(store, [conversation])[0]
            converse.reply(store, operation, conversation_id, body, visitor=visitor, agent=name)
            return _found(store, conversation_id)

    def resolve(self, *conversation: str) -> Sequence[Conversation]:
        """Mark conversations as resolved. Returns them.

        Raises NotFound, Conflict if several conversations match, and UsageProblem without names.
        """
        return self._set_status("conversations resolve", conversation, "resolved")

    def reopen(self, *conversation: str) -> Sequence[Conversation]:
        """Open conversations again. Returns them.

        Raises NotFound, Conflict if several conversations match, and UsageProblem without names.
        """
        return self._set_status("conversations reopen", conversation, "open")

    def spam(self, *conversation: str) -> Sequence[Conversation]:
        """Mark conversations as spam. Returns them.

        Raises NotFound, Conflict if several conversations match, and UsageProblem without names.
        """
        return self._set_status("conversations spam", conversation, "spam")

    def import_(
        self,
        rows: Rows,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: str | Path | None = None,
        input_format: Format | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        nulls: Sequence[str] = (),
        ignore_unknown: bool = False,
        reject: Reject | None = None,
    ) -> ImportedConversations:
        """Import conversations with their messages from a file, or from objects such as `show` returns. Nothing is
        written if a row is bad.

        The arguments are those of `VisitorStore.import_`.

        Raises UsageProblem for arguments that make no sense, NotFound if the file is missing, and the error of the
        first bad row: InvalidData, or Conflict if its visitor is deleted or it contradicts the store.
        """
        aside = SetAside(reject) if reject is not None else None
        with (
            reading(
                rows,
                CONVERSATIONS,
                columns=columns,
                mapping=mapping,
                input_format=input_format,
                delimiter=delimiter,
                encoding=encoding,
                nulls=nulls,
                ignore_unknown=ignore_unknown,
                keep_values=aside is not None,
            ) as (checked, _),
            self._session.operation("conversations import") as operation,
        ):
            taken = take_conversations(self._session.store, operation, checked, aside)
        counts = {what: taken[what] for what in ("created", "updated", "unchanged", "blank", "messages")}
        return ImportedConversations(**counts, rejected=aside.count if aside else 0)

    def show(self, conversation: str) -> ConversationPage:
        """Return a conversation with its messages.

        Raises NotFound, and Conflict if several conversations match.
        """
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
        """Iterate over the conversations that a selection chooses, the newest first, or sorted by the field `sort`.

        `limit` is the number of conversations (0: all), and `after` the id of the last one of the page before.
        Records are read in batches, so the store may be changed during the iteration.

        Raises UsageProblem for a field that cannot be sorted by and for filters that contradict each other,
        InvalidData for an invalid filter, NotFound if `after` or a visitor or contact to filter by does not exist,
        and Conflict if several match.
        """
        field = public(sort) if sort is not None else None
        page = Page.sorted_by(SORTABLE, field, reverse=reverse, limit=limit, after=after)
        current = self._session.clock()
        named = conversation_selection(chosen, current)
        with self._session.reading() as store:
            wanted = references.conversation_selection(store, named, current)
        return self._session.pages(
            "conversations", page, lambda store, some: conversations.select(store, wanted, some, current)
        )

    @overload
    def stats(
        self,
        *,
        per: None = None,
        time: _Time = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[ConversationFigure]: ...

    @overload
    def stats(
        self,
        by: _Field,
        /,
        *,
        per: None = None,
        time: _Time = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[Group]: ...

    @overload
    def stats(
        self,
        by: _Field,
        second: _Field,
        /,
        *,
        per: None = None,
        time: _Time = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[Pair]: ...

    @overload
    def stats(
        self,
        *,
        per: Per,
        time: _Time = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[Period]: ...

    @overload
    def stats(
        self,
        *by: _Field,
        per: Per | None = None,
        time: _Time = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[Counted]: ...

    def stats(
        self,
        *by: Literal["status", "priority"],
        per: Per | None = None,
        time: Literal["created_at", "updated_at", "resolved_at"] = "created_at",
        **chosen: Unpack[ChosenConversations],
    ) -> Sequence[Counted]:
        """Count conversations: by one field (`Group` rows) or two (`Pair` rows), per period of a time (`Period`
        rows), or as an overview (`ConversationFigure` rows).

        `time` says which time `per` is about.

        Raises UsageProblem for arguments that contradict each other, and UsageProblem, InvalidData, NotFound and
        Conflict for the selection, as `list` does.
        """
        fields = parse_conversation_fields(by)
        refuse_contradictions(fields, per, time, list(_TIMES))
        current = self._session.clock()
        named = conversation_selection(chosen, current)
        with self._session.reading() as store:
            wanted = references.conversation_selection(store, named, current)
            if per is not None:
                return list(statistics.conversations_by_period(store, wanted, per, _TIMES[time], current).rows)
            if fields:
                return list(statistics.conversations_by_fields(store, wanted, fields, current).rows)
            return list(statistics.conversations_overview(store, wanted, current).rows)

    def _set_status(self, command: str, typed: tuple[str, ...], status: Status) -> Sequence[Conversation]:
        if not typed:
            raise UsageProblem("no conversations given: pass ids")
        with self._session.operation(command) as operation:
            store = self._session.store
            ids = references.conversation_ids(store, typed)
            conversations.set_status(store, operation, ids, status)
            return [_found(store, conversation_id) for conversation_id in ids]


def _found(store: Store, conversation_id: str) -> Conversation:
    conversation = conversations.find(store, conversation_id)
    assert conversation is not None
    return conversation
