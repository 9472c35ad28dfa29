"""Counting a large store: the overview, and by one field each."""

from __future__ import annotations

from processes import median, peak
from scale_bench import Bench, Row, say

OVERVIEW, BY_ONE = 2.0, 0.5
"""The limits, in seconds."""

# With a limit what an index tells; without one what has to be looked up, or is counted of a selection.
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
    """`stats` of a store, as a table's worth of rows."""
    store = bench.store(bench.scale)
    rows = []
    for words, limit in COUNTED:
        cut = () if "--per" in words else ("--top", "10")
        runs = [bench.visitors(store, "stats", *words, *cut) for _ in range(bench.rounds)]
        title = " ".join(("stats", *words))
        say(f"{title}: {median(runs):.2f} s")
        rows.append(Row(title, None, median(runs), None, None, peak(runs), None, seconds_limit=limit))
    return rows
