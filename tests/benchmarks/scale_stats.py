"""Count a large store: the overview, and by single fields."""

from __future__ import annotations

from processes import median, peak
from scale_bench import Bench, Row, say

OVERVIEW, BY_ONE = 2.0, 0.5
"""The limits, in seconds."""

# With a limit if an index has the answer; without one if records are scanned, or a selection is counted.
COUNTED: tuple[tuple[tuple[str, ...], float | None], ...] = (
    ((), OVERVIEW),
    *(
        (("--by", field), BY_ONE)
        for field in (
            "language", "timezone", "countryCode", "browser", "os", "deviceType", "ip", "blockReason", "contact.id",
            "contact.email", "contact.metadata.plan",
        )
    ),
    (("--per", "day"), BY_ONE),
    (("--by", "city"), None),
    (("--by", "language", "--by", "countryCode"), None),
    (("--identified",), None),
    (("--identified", "--by", "browser"), None),
)  # fmt: skip


def counts(bench: Bench) -> list[Row]:
    """Run `stats` on a store."""
    store = bench.store(bench.scale)
    rows = []
    for words, limit in COUNTED:
        cut = () if "--per" in words else ("--top", "10")
        runs = [bench.visitors(store, "stats", *words, *cut) for _ in range(bench.rounds)]
        title = " ".join(("stats", *words))
        say(f"{title}: {median(runs):.2f} s")
        rows.append(Row(title, None, median(runs), None, None, peak(runs), None, seconds_limit=limit))
    return rows
