"""SQL queries, compared with the sqlite3 shell on the same store."""

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
"""Queries of views whose names begin with `{}`, and the maximum time relative to the shell's, after start-up. The last
one prints a row for each visitor.
"""
NOTHING = "SELECT 1"
"""A query that takes only the start-up time."""
SHORT = 3
"""The number of rounds of a short command for one of a long one."""


def queries(bench: Bench) -> list[Row]:
    """Run each query in both programs: whole processes, and the time beyond an empty query."""
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
            command()  # once, so that the data is cached
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
