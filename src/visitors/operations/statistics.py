"""Count visitors or conversations: by fields, by periods, or for an overview."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from visitors.domain.conversation_selection import ConversationSelection
from visitors.domain.selection import Selection
from visitors.domain.statistics import (
    SEEN,
    ConversationFigure,
    ConversationTime,
    Figure,
    Group,
    Grouping,
    Pair,
    Per,
    Period,
    Value,
    VisitorTime,
    of_conversations,
    of_visitors,
    periods,
    share,
)
from visitors.domain.times import Instant
from visitors.store.records import conversation_statistics, conversations, statistics, visitors
from visitors.store.store import Store

Row = TypeVar("Row", bound=msgspec.Struct)


class Answer(msgspec.Struct, Generic[Row], frozen=True):
    """The rows, how many there are, even if not all are included, the number of records, and how many of them are in no
    row.
    """

    rows: Iterable[Row]
    number: int
    total: int
    left_out: int = 0


def by_fields(
    store: Store, selection: Selection, groupings: Sequence[Grouping], current: Instant, top: int = 0
) -> Answer[Group | Pair]:
    """Count the chosen visitors by one or two fields, largest groups first. Consume the result before the transaction
    ends.
    """
    found = statistics.by_fields(store, selection, groupings, current, top)
    return Answer(_groups(found.groups, len(groupings), found.total), found.number, found.total)


def by_period(store: Store, selection: Selection, per: Per, time: VisitorTime, current: Instant) -> Answer[Period]:
    """Count the chosen visitors by the periods of the time field. Raises UsageProblem if there are too many."""
    found = periods(statistics.by_day(store, selection, time, current), per)
    total = sum(one.count for one in found)
    return Answer(found, len(found), total, visitors.count(store, selection, current) - total)


def overview(store: Store, selection: Selection, current: Instant, top: int = 0) -> Answer[Figure]:
    """Return the overview of the chosen visitors, with the `top` largest groups of each field."""
    found = statistics.overview(store, selection, current, top)
    figures = {"identified": found.identified, "blocked": found.blocked}
    figures |= {f"seen:{age}": count for age, count in zip(SEEN, found.seen, strict=True)}
    groups = {name: [(values[0], count) for values, count in counts] for name, counts in found.groups.items()}
    rows = list(of_visitors(found.total, figures, found.days, groups, current))
    return Answer(rows, len(rows), found.total)


def conversations_by_fields(
    store: Store, wanted: ConversationSelection, fields: Sequence[str], current: Instant, top: int = 0
) -> Answer[Group | Pair]:
    """Count conversations by one or two fields, largest groups first."""
    found = conversation_statistics.by_fields(store, wanted, fields, current)
    total = sum(count for _, count in found)
    return Answer(_groups(islice(found, top or None), len(fields), total), len(found), total)


def conversations_by_period(
    store: Store, wanted: ConversationSelection, per: Per, time: ConversationTime, current: Instant
) -> Answer[Period]:
    """Count conversations by the periods of the time field. Raises UsageProblem if there are too many."""
    found = periods(conversation_statistics.by_day(store, wanted, time, current), per)
    total = sum(one.count for one in found)
    return Answer(found, len(found), total, conversations.count(store, wanted, current) - total)


def conversations_overview(store: Store, wanted: ConversationSelection, current: Instant) -> Answer[ConversationFigure]:
    """Return the overview of conversations."""
    states = dict.fromkeys(("open", "resolved", "spam"), 0)
    states |= {
        str(values[0]): count for values, count in conversation_statistics.by_fields(store, wanted, ["status"], current)
    }
    total = sum(states.values())
    days = conversation_statistics.by_day(store, wanted, "createdAt", current)
    rows = list(of_conversations(total, states, conversation_statistics.waited(store, wanted, current), days, current))
    return Answer(rows, len(rows), total)


def _groups(counts: Iterable[tuple[tuple[Value, ...], int]], fields: int, total: int) -> Iterator[Group | Pair]:
    for values, count in counts:
        if fields == 1:
            yield Group(values[0], count, share(count, total))
        else:
            yield Pair(values[0], values[1], count, share(count, total))
