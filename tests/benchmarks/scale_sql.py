"""Queries in SQL, beside the sqlite3 shell on the same store."""

from __future__ import annotations

from functools import partial

from processes import Run, median, peak
from scale_bench import Bench, Row, compared, say

QUERIES = {
    "SELECT count(*) FROM {}visitors": 3.0,
    "SELECT language, count(*) FROM {}visitors GROUP BY language": 3.0,
    "SELECT count(*) FROM {}visitors WHERE isBlocked": 3.0,
    "SELECT count(*) FROM {}visitors WHERE \"contact.email\" = 'nobody@example.com'": 3.0,
    'SELECT id, language, city, "contact.email" FROM {}visitors': 6.0,
}
"""What is asked of views whose names begin with `{}`, and how many times as long as the shell it may take, once the
program has started. The last one prints a row for each visitor.
"""
NOTHING = "SELECT 1"
"""What takes only as long as a program takes to start."""
SHORT = 3
"""How many rounds of a short command there are for one of a long one."""


def queries(bench: Bench) -> list[Row]:
    """Each query by both programs: the whole processes, and what they take longer than for a query of nothing."""
    shell = bench.programs.sqlite3
    if shell is None:
        say("left out: there is no sqlite3 to compare queries with")
        return []
    store = bench.store(bench.scale)

    def ours(query: str) -> Run:
        return bench.visitors(store, "sql", query.format(""), "--format", "csv")

    def peer(query: str) -> Run:
        return bench.programs.run([shell, "-readonly", "-header", "-csv", store, query.format("v_")])

    rows = []
    for query, limit in QUERIES.items():
        commands = [partial(program, asked) for program in (ours, peer) for asked in (query, NOTHING)]
        for command in commands:
            command()  # once, so that what is read is in memory
        mine, my_start, its, its_start = bench.rounds_of(SHORT * bench.rounds, *commands)
        shown = query.format("")
        rows.append(compared(f"sql {shown}", "sqlite3 -csv", mine, its))
        seconds, other = median(mine) - median(my_start), median(its) - median(its_start)
        rows.append(
            Row(
                "- without starting",
                "sqlite3 -csv",
                seconds,
                other,
                seconds / other,
                peak(mine),
                peak(its),
                ratio_limit=limit,
            )
        )
        say(f"{shown}: {median(mine):.3f} s, {median(its):.3f} s")
    return rows
