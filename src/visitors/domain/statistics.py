"""What `stats` counts by, fields or periods of time, and the rows that come of it.

A day, a week and a month are those of UTC, and a week begins on Monday. A period goes by its first day, a month by
its year and number: they sort as text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from visitors.domain.fields import FLAT, Field, of_type
from visitors.domain.spelling import one_of
from visitors.domain.times import Instant
from visitors.errors import UsageProblem

Per = Literal["day", "week", "month"]
VisitorTime = Literal["createdAt", "lastSeenAt", "blockedAt"]
ConversationTime = Literal["createdAt", "updatedAt", "resolvedAt"]
Value = str | bool | None


class ConversationField(StrEnum):
    """What conversations are counted by."""

    STATUS = "status"
    PRIORITY = "priority"


MOST_FIELDS = 2
MOST_PERIODS = 10_000
"""27 years of days: a year that was mistyped shall not fill the screen, or the memory."""
RECENT_DAYS = 30
"""How many days an overview shows one by one, and compares with as many before."""

GROUPABLE: Mapping[str, Field] = {
    path: field
    for path, field in FLAT.items()
    if path in ("contact.id", "contact.email")
    or (field.table != "contacts" and field.type in ("text", "boolean") and path != "id")
}
"""The fields to count by: of a contact its id, its metadata, and of its email the domain; for what identifies a person
tells nothing of many.
"""

DOCUMENTS = tuple(sorted(of_type(FLAT, "document"), key=list(FLAT).index))
"""The fields that hold keys of their own, to count by."""

OVERVIEW = ("language", "timezone", "countryCode", "browser", "os", "deviceType")
"""What an overview counts by; each has an index."""

SEEN = ("1d", "7d", "30d")
"""The ages within which an overview counts who was seen."""


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """How many have a value (None: none), and which share of all that were counted."""

    value: Value
    count: int
    share: float


class Pair(msgspec.Struct, frozen=True, rename="camel"):
    """How many have both values."""

    value: Value
    value2: Value
    count: int
    share: float


class Period(msgspec.Struct, frozen=True, rename="camel"):
    """How many fall into a period, how many into the one before it (None: it is the first), and by which share of
    those they are more (None: of none).
    """

    value: str
    count: int
    share: float
    previous: int | None
    change: float | None


class Figure(msgspec.Struct, frozen=True, rename="camel"):
    """One row of an overview: what is counted, by its name and perhaps a value."""

    name: str
    value: Value
    count: int
    share: float
    previous: int | None = None
    change: float | None = None


class ConversationFigure(msgspec.Struct, frozen=True, rename="camel"):
    """As `Figure`; of times, how many seconds they take."""

    name: str
    value: Value
    count: int
    share: float
    previous: int | None = None
    change: float | None = None
    seconds: float | None = None


Counted: TypeAlias = Group | Pair | Period | Figure | ConversationFigure
"""A row of any of these."""


class Grouping(msgspec.Struct, frozen=True):
    """A field to count by; of a field that holds keys, one of these."""

    path: str
    key: str | None = None

    @property
    def field(self) -> Field:
        """The field."""
        return FLAT[self.path]

    @property
    def name(self) -> str:
        """What it is called in `--fields`."""
        return self.path if self.key is None else f"{self.path}.{self.key}"

    @property
    def title(self) -> str:
        """What is told of it, for a person."""
        return "domain of contact.email" if self.path == "contact.email" else self.name


def parse_groupings(names: Sequence[str]) -> tuple[Grouping, ...]:
    """The fields to count by. Raises UsageProblem for one that there is not, and for too many."""
    found = tuple(dict.fromkeys(map(_grouping, names)))
    if len(found) < len(names):
        raise _twice()
    if len(found) > MOST_FIELDS:
        raise UsageProblem(f"--by names {len(found)} fields", hint=f"at most {MOST_FIELDS} at once")
    return found


def parse_conversation_fields(names: Sequence[str]) -> list[str]:
    """The fields to count conversations by. Raises UsageProblem for one that there is not, or that is there twice."""
    known = list(ConversationField)
    for name in names:
        if name not in known:
            hint = one_of(name, known, "count by one of")
            raise UsageProblem(f"cannot count by {name!r}", code="unknown_field", hint=hint)
    if len(set(names)) < len(names):
        raise _twice()
    return [str(name) for name in names]


def _twice() -> UsageProblem:
    return UsageProblem("--by names a field twice", hint="name two fields, or one")


def _grouping(name: str) -> Grouping:
    name = name.strip()
    if name in GROUPABLE:
        return Grouping(name)
    for path in DOCUMENTS:
        if name.startswith(f"{path}.") and len(name) > len(path) + 1:
            return Grouping(path, name[len(path) + 1 :])
    if FLAT.get(name) is not None and FLAT[name].type == "time":
        raise UsageProblem(f"cannot count by {name}, which is a time", hint=f"--per day --time {name}")
    known = [*GROUPABLE, *(f"{path}.KEY" for path in DOCUMENTS)]
    hint = one_of(name, known, "count by one of")
    raise UsageProblem(f"cannot count by {name!r}", code="unknown_field", hint=hint)


def share(count: int, total: int) -> float:
    """The share of `count` in `total`, with four digits; of nothing it is 0."""
    return round(count / total, 4) if total else 0.0


def change(count: int, previous: int | None) -> float | None:
    """By which share of `previous` there are more; None where that was nothing."""
    return round((count - previous) / previous, 4) if previous else None


def first_day(day: date, per: Per) -> date:
    """The first day of the period in which a day lies."""
    if per == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if per == "week" else day


def label(first: date, per: Per) -> str:
    """What the period that begins on this day goes by."""
    return first.isoformat()[:7] if per == "month" else first.isoformat()


def current_period(per: Per, current: Instant) -> str:
    """What the period goes by in which it is now."""
    return label(first_day(date.fromisoformat(current[:10]), per), per)


def periods(days: Mapping[str, int], per: Per) -> list[Period]:
    """The periods from the first day on which there is something to the last, those with nothing among them. Raises
    UsageProblem where these are too many.
    """
    counts: dict[date, int] = {}
    for day, count in days.items():
        first = first_day(date.fromisoformat(day), per)
        counts[first] = counts.get(first, 0) + count
    if not counts:
        return []
    firsts = _every(min(counts), max(counts), per)
    return list(_compared(((label(first, per), counts.get(first, 0)) for first in firsts), sum(counts.values())))


def _every(first: date, last: date, per: Per) -> list[date]:
    """The first days of all periods from one to another."""
    days = (last - first).days
    many = days // {"day": 1, "week": 7, "month": 31}[per] + 1
    if many > MOST_PERIODS:
        longer = "--per month" if per != "month" else "a later --created-since"
        raise UsageProblem(
            f"{first} to {last} is more than {MOST_PERIODS:,} {per}s",
            hint=f"{longer}, or a selection of a shorter time",
        )
    found = [first]
    while found[-1] < last:
        found.append(first_day(found[-1] + timedelta(days={"day": 1, "week": 7, "month": 31}[per]), per))
    return found


def _compared(counts: Iterable[tuple[str, int]], total: int) -> Iterator[Period]:
    previous: int | None = None
    for value, count in counts:
        yield Period(value, count, share(count, total), previous, change(count, previous))
        previous = count


def of_visitors(
    total: int,
    figures: Mapping[str, int],
    days: Mapping[str, int],
    groups: Mapping[str, Iterable[tuple[Value, int]]],
    current: Instant,
) -> Iterator[Figure]:
    """The rows of an overview. `figures` are counts by their names; behind a colon a name has its value."""
    yield Figure("visitors", None, total, share(total, total))
    for name, count in figures.items():
        what, _, value = name.partition(":")
        yield Figure(what, value or None, count, share(count, total))
    yield from _recent(days, total, current)
    for name, counts in groups.items():
        yield from (Figure(name, value, count, share(count, total)) for value, count in counts)


def _recent(days: Mapping[str, int], total: int, current: Instant) -> Iterator[Figure]:
    """How many are new in the last days, beside as many days before, and on each of them; today is the last."""
    today = date.fromisoformat(current[:10])
    names = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(2 * RECENT_DAYS))]
    counts = [days.get(name, 0) for name in names]
    before, new = sum(counts[:RECENT_DAYS]), sum(counts[RECENT_DAYS:])
    yield Figure("new", f"{RECENT_DAYS}d", new, share(new, total), before, change(new, before))
    for number in range(RECENT_DAYS, 2 * RECENT_DAYS):
        count, previous = counts[number], counts[number - 1]
        yield Figure("createdAt", names[number], count, share(count, total), previous, change(count, previous))


def of_conversations(
    total: int, states: Mapping[str, int], waited: Sequence[int], days: Mapping[str, int], current: Instant
) -> Iterator[ConversationFigure]:
    """The rows of an overview of conversations; `waited` are the milliseconds to each first reply, in order."""
    yield ConversationFigure("conversations", None, total, share(total, total))
    for state, count in states.items():
        yield ConversationFigure(state, None, count, share(count, total))
    answered = len(waited)
    yield ConversationFigure("answered", None, answered, share(answered, total))
    for value, part in (("median", 0.5), ("p90", 0.9)):
        seconds = waited[math.ceil(part * answered) - 1] / 1000 if waited else None
        yield ConversationFigure("firstReply", value, answered, share(answered, total), seconds=seconds)
    for new in _recent(days, total, current):
        yield ConversationFigure(*msgspec.structs.astuple(new))
