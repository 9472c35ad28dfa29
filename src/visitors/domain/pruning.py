"""Which visitors are to be pruned: those of whom nothing would be missed."""

from __future__ import annotations

import msgspec

from visitors.domain.selection import Selection
from visitors.domain.times import Instant, parse_time, relative
from visitors.errors import UsageProblem


class Idle(msgspec.Struct, frozen=True):
    """Visitors that would be pruned: how many, how many of them were never seen, and when the first and the last
    of them was last seen, or made where it never was; None if there are none.
    """

    count: int
    never_seen: int
    first: Instant | None
    last: Instant | None

    def preview(self, since: Instant, current: Instant) -> list[str]:
        """What a person should know before saying yes, in lines of less than 80 characters."""
        limit = f"last seen before {since[:16].replace('T', ' ')} UTC"
        if self.first is None or self.last is None:
            return [f"no anonymous visitor without conversations was {limit}"]
        who = "visitor was" if self.count == 1 else "visitors were"
        ends = [f"first {_when(self.first, current)}", f"last {_when(self.last, current)}"]
        never = [f"never {self.never_seen:,}"] if self.never_seen else []
        return [f"{self.count:,} anonymous {who} {limit}:", ", ".join([*ends, *never])]


def _when(instant: Instant, current: Instant) -> str:
    return f"{relative(instant, current)} ({instant[:10]})"


def age_limit(older_than: str, current: Instant) -> Instant:
    """The time since when nobody may have been seen who is pruned. Raises InvalidData, and UsageProblem for one that
    is still to come.
    """
    limit = parse_time(older_than, "older-than", current)
    if limit > current:
        raise UsageProblem(
            f"--older-than {older_than} is still to come", hint="give an age such as 90d, or a time that is past"
        )
    return limit


def prunable(chosen: Selection, since: Instant) -> Selection:
    """Those of the chosen visitors that are anonymous, not blocked, without conversations, and were neither seen
    nor made at or after `since`.

    A time of their making after that protects those whom a wrong clock saw too early. Raises UsageProblem for a
    selection that asks for others.
    """
    for option, asked in (
        ("--identified", chosen.identified is True),
        ("--contact", chosen.contact is not None),
        ("--blocked", chosen.blocked is True),
        ("--deleted", chosen.deleted),
    ):
        if asked:
            raise UsageProblem(
                f"prune takes no {option}: it is for anonymous visitors who are not blocked and not deleted",
                hint="visitors delete takes every selection",
            )
    return msgspec.structs.replace(
        chosen, identified=False, blocked=False, idle_since=since, without_conversations=True
    )
