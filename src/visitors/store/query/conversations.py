"""Which conversations a listing chooses, and how they are found. The table alias is `k` in every statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from visitors.domain.folding import fold
from visitors.domain.selection import each
from visitors.domain.times import Instant
from visitors.store.query.filters import Filter, Serve, any_of, filters_of
from visitors.store.query.listing import Condition, Span
from visitors.store.query.plans import Listing

if TYPE_CHECKING:
    from visitors.domain.conversation_selection import ConversationSelection

SORTABLE = {"id": "id", "status": "status", "createdAt": "created_at", "updatedAt": "updated_at"}
"""Public name -> column, of the sortable fields."""

# Other sorts have no index: sorting for each page takes 0.1 s at 241,000 conversations.
_INDEXES = {"id": "sqlite_autoindex_conversations_1"}  # the index of the UNIQUE constraint

_UNANSWERED = (
    "k.status = 'open' AND (SELECT m.visitor_id FROM messages AS m WHERE m.conversation_id = k.id"
    " ORDER BY m.pk DESC LIMIT 1) IS NOT NULL"
)


def listing(wanted: ConversationSelection, current: Instant) -> Listing:
    """Return the listing of the chosen conversations; visitors and contacts are given by id."""
    filters = tuple(filters_of(wanted, current, _SERVED))
    return Listing(table="conversations", alias="k", indexes=_INDEXES, filters=filters)


def _equal(name: str, column: str, *, indexed: bool) -> Serve:
    def serve(wanted: ConversationSelection, _: Instant) -> Iterator[Filter]:
        spans = [Span.of(column, value) for value in each(getattr(wanted, name))]
        filters = [Filter(span=span) if indexed else Filter(test=span.condition("k")) for span in spans]
        yield any_of(filters, "conversations", "k")

    return serve


def _started(wanted: ConversationSelection, _: Instant) -> Iterator[Filter]:
    # without an index: scanning 241,000 conversations takes 0.05 s
    yield Filter(test=Span(column="created_at", lower=wanted.since, upper=wanted.until).condition("k"))


def _unanswered(_: ConversationSelection, __: Instant) -> Iterator[Filter]:
    yield Filter(test=Condition(_UNANSWERED))


def _searched(wanted: ConversationSelection, _: Instant) -> Iterator[Filter]:
    yield any_of([_search(text) for text in each(wanted.search)], "conversations", "k")


def _search(wanted: str) -> Filter:
    # Titles and messages are scanned until the page is full: 0.12 s at 241,000 conversations with 468,000 messages,
    # twice the time of a listing. A full-text index would need a trigger for every message, and be larger than the
    # texts.
    text = fold(wanted)
    of_title, of_message = "instr(k.search_text, ?) > 0", "instr(m.search_text, ?) > 0"
    return Filter(
        test=Condition(
            f"({of_title} OR EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = k.id AND {of_message}))",
            (text, text),
        ),
        members=Condition(
            f"SELECT k.pk FROM conversations AS k WHERE {of_title} UNION ALL SELECT k.pk FROM messages AS m"
            f" CROSS JOIN conversations AS k ON k.id = m.conversation_id WHERE {of_message}",
            (text, text),
        ),
    )


_SERVED: dict[str, Serve] = {
    "visitor": _equal("visitor", "visitor_id", indexed=True),
    "contact": _equal("contact", "contact_id", indexed=True),
    "status": _equal("status", "status", indexed=False),
    "priority": _equal("priority", "priority", indexed=False),
    "search": _searched,
    "since": _started,
    "until": _started,
    "unanswered": _unanswered,
}
"""Filter -> the function that builds its SQL."""
