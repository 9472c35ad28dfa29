"""What `stats` groups by, fields or periods, and its result rows.

Days, weeks and months are in UTC, and weeks begin on Monday. A period is labelled with its first day, a month with its
year and number, so labels sort as text.
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
    """A field by which conversations can be grouped."""

    STATUS = "status"
    PRIORITY = "priority"


MOST_FIELDS = 2
MOST_PERIODS = 10_000
"""27 years of days: a mistyped year must not flood the screen or the memory."""
RECENT_DAYS = 30
"""The number of days that an overview lists, and compares with as many before."""

GROUPABLE: Mapping[str, Field] = {
    path: field
    for path, field in FLAT.items()
    if path in ("contact.id", "contact.email")
    or (field.table != "contacts" and field.type in ("text", "boolean") and path != "id")
}
"""The fields to group by: of a contact its id, metadata and email domain, since other identifying values are mostly
unique.
"""

DOCUMENTS = tuple(sorted(of_type(FLAT, "document"), key=list(FLAT).index))
"""The fields whose keys can be grouped by."""

OVERVIEW = ("language", "timezone", "countryCode", "browser", "os", "deviceType")
"""The fields in an overview; each is indexed."""

SEEN = ("1d", "7d", "30d")
"""The ages for which an overview counts visitors seen since."""


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """The count of one value (None: no value), and its share of the total."""

    value: Value
    count: int
    share: float


class Pair(msgspec.Struct, frozen=True, rename="camel"):
    """The count of a combination of two values."""

    value: Value
    value2: Value
    count: int
    share: float


class Period(msgspec.Struct, frozen=True, rename="camel"):
    """The count of a period, that of the previous one (None for the first), and the relative change (None if that was
    zero).
    """

    value: str
    count: int
    share: float
    previous: int | None
    change: float | None


class Figure(msgspec.Struct, frozen=True, rename="camel"):
    """One row of an overview: a count, by name and optional value."""

    name: str
    value: Value
    count: int
    share: float
    previous: int | None = None
    change: float | None = None


class ConversationFigure(msgspec.Struct, frozen=True, rename="camel"):
    """Like `Figure` for conversations; durations are in seconds."""

    name: str
    value: Value
    count: int
    share: float
    previous: int | None = None
    change: float | None = None
    seconds: float | None = None


Counted: TypeAlias = Group | Pair | Period | Figure | ConversationFigure
"""Any result row."""


class Grouping(msgspec.Struct, frozen=True):
    """A field to group by, or one key of a field that holds keys."""

    path: str
    key: str | None = None

    @property
    def field(self) -> Field:
        """The field's definition."""
        return FLAT[self.path]

    @property
    def name(self) -> str:
        """The name in `--fields`."""
        return self.path if self.key is None else f"{self.path}.{self.key}"

    @property
    def title(self) -> str:
        """The column title for people."""
        return "domain of contact.email" if self.path == "contact.email" else self.name


def parse_groupings(names: Sequence[str]) -> tuple[Grouping, ...]:
    """Parse the fields to group by. Raises UsageProblem for an unknown one, and for too many."""
    found = tuple(dict.fromkeys(map(_grouping, names)))
    if len(found) < len(names):
        raise _twice()
    if len(found) > MOST_FIELDS:
        raise UsageProblem(f"--by has {len(found)} fields", hint=f"use at most {MOST_FIELDS}")
    return found


def parse_conversation_fields(names: Sequence[str]) -> list[str]:
    """Parse the fields to group conversations by. Raises UsageProblem for an unknown or repeated one."""
    known = list(ConversationField)
    for name in names:
        if name not in known:
            hint = one_of(name, known, "count by one of")
            raise UsageProblem(f"cannot count by {name!r}", code="unknown_field", hint=hint)
    if len(set(names)) < len(names):
        raise _twice()
    return [str(name) for name in names]


def _twice() -> UsageProblem:
    return UsageProblem("--by has the same field twice", hint="use one field, or two different ones")


def _grouping(name: str) -> Grouping:
    name = name.strip()
    if name in GROUPABLE:
        return Grouping(name)
    for path in DOCUMENTS:
        if name.startswith(f"{path}.") and len(name) > len(path) + 1:
            return Grouping(path, name[len(path) + 1 :])
    if FLAT.get(name) is not None and FLAT[name].type == "time":
        raise UsageProblem(f"cannot count by {name}, which is a time", hint=f"use --per day --time {name}")
    known = [*GROUPABLE, *(f"{path}.KEY" for path in DOCUMENTS)]
    hint = one_of(name, known, "count by one of")
    raise UsageProblem(f"cannot count by {name!r}", code="unknown_field", hint=hint)


def share(count: int, total: int) -> float:
    """Return `count` as a share of `total`, rounded to four digits; 0 if the total is 0."""
    return round(count / total, 4) if total else 0.0


def change(count: int, previous: int | None) -> float | None:
    """Return the relative change from `previous`; None if that is 0."""
    return round((count - previous) / previous, 4) if previous else None


def first_day(day: date, per: Per) -> date:
    """Return the first day of the period that contains a day."""
    if per == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if per == "week" else day


def label(first: date, per: Per) -> str:
    """Return the label of the period that begins on this day."""
    return first.isoformat()[:7] if per == "month" else first.isoformat()


def current_period(per: Per, current: Instant) -> str:
    """Return the label of the current period."""
    return label(first_day(date.fromisoformat(current[:10]), per), per)


def periods(days: Mapping[str, int], per: Per) -> list[Period]:
    """Return the periods from the first day with data to the last, including empty ones. Raises UsageProblem if there
    are too many.
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
    """Yield the first days of all periods from one to another."""
    days = (last - first).days
    many = days // {"day": 1, "week": 7, "month": 31}[per] + 1
    if many > MOST_PERIODS:
        longer = "--per month" if per != "month" else "a later --created-since"
        raise UsageProblem(
            f"{first} to {last} spans more than {MOST_PERIODS:,} {per}s",
            hint=f"use {longer}, or select a shorter time",
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
    """Build the rows of an overview. `figures` are counts by name, or by `name:value`."""
    yield Figure("visitors", None, total, share(total, total))
    for name, count in figures.items():
        what, _, value = name.partition(":")
        yield Figure(what, value or None, count, share(count, total))
    yield from _recent(days, total, current)
    for name, counts in groups.items():
        yield from (Figure(name, value, count, share(count, total)) for value, count in counts)


def _recent(days: Mapping[str, int], total: int, current: Instant) -> Iterator[Figure]:
    """Return the new records of the last days, the number in as many days before, and each day's; today is the last."""
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
    """Build the rows of an overview of conversations; `waited` are the milliseconds to each first reply, sorted."""
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
