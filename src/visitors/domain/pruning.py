"""Which visitors `prune` deletes: stale anonymous ones."""

from __future__ import annotations

import msgspec

from visitors.domain.selection import Selection
from visitors.domain.times import Instant, parse_time, relative
from visitors.errors import UsageProblem


class Idle(msgspec.Struct, frozen=True):
    """A summary of the visitors to prune. `first` and `last` are the earliest and latest times at which any was last
    seen, or created if it never was; None if there are no visitors.
    """

    count: int
    never_seen: int
    first: Instant | None
    last: Instant | None

    def preview(self, since: Instant, current: Instant) -> list[str]:
        """Return the summary shown before the confirmation, in lines of less than 80 characters."""
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
    """Parse the age limit. Raises InvalidData, and UsageProblem for a time in the future."""
    limit = parse_time(older_than, "older-than", current)
    if limit > current:
        raise UsageProblem(
            f"--older-than {older_than} is in the future", hint="use an age such as 90d, or a time in the past"
        )
    return limit


def prunable(chosen: Selection, since: Instant) -> Selection:
    """Narrow a selection to visitors that are anonymous, not blocked, without conversations, and were neither seen nor
    created at or after `since`.

    The creation time protects visitors whose last visit was recorded with a wrong clock. Raises UsageProblem if the
    selection contradicts this.
    """
    for option, asked in (
        ("--identified", chosen.identified is True),
        ("--contact", chosen.contact is not None),
        ("--blocked", chosen.blocked is True),
        ("--deleted", chosen.deleted),
    ):
        if asked:
            raise UsageProblem(
                f"{option} cannot be used with prune, which only deletes anonymous visitors that are not blocked",
                hint="to delete by any selection: visitors delete",
            )
    return msgspec.structs.replace(
        chosen, identified=False, blocked=False, idle_since=since, without_conversations=True
    )
