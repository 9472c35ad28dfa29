"""Measure whether a million visitors are as fast to handle as ten, and faster than with comparable tools.

    python tests/benchmarks/scale.py [--scale 1M] [--rounds 3] [--only PARTS] [--with-growth]
                                     [--all-combinations] [--folder DIR] [--json FILE]

It generates the visitors (always the same ones, see made_up.py), then runs our command and a peer in turns, each as a
separate process with its output discarded, and compares the medians:

- import: the file into a new store, compared with `sqlite-utils insert DB visitors FILE --nl --pk id` and the shell's
  `.import --csv` into a bare table. --with-growth also imports 3 and 10 times as many.
- export: as CSV and NDJSON, compared with `sqlite-utils rows` and the sqlite3 shell on a plain table with as many
  columns and the same values.
- list: pages, single visitors and searches; the peer is our own command on a store of 1,000, so RATIO is the cost of
  the store's size. For distant pages the peer is page 1 of the same store.
- ranges: listings of every time range with every sort; the ten with the worst ratio.
- talks: listings of conversations, in stores with as many visitors made by `visitors seed`.
- sql: queries over the views, compared with the sqlite3 shell on the same store; and without the start-up time of each.
- block: a tenth of the visitors, 100,000 at most, by a selection; each round on a fresh copy of the store.
- stats: the overview and counts by one field, including some that no index can answer.
- mappings: the file, and as CSV, imported with a mapping of every field; the peers are the same
  import without, and with one `--map`.

PARTS are some of these, separated by commas.

How to read the table: OURS s and PEER s are median seconds, RATIO is the first divided by the second, OURS MB and PEER
MB the peak memory of one process of a run (no less than this program's own 25 or so). LIMIT is the maximum of RATIO,
the seconds or the megabytes; it is meant for a scale of 1M on an idle machine. `over` marks a row that exceeds one. For
the growing imports RATIO is per row, or that of the memory, as stated.

Seconds differ between machines, ratios hardly do. The figures of list are from 3 times as many rounds, since they are
short, and with warm page caches. --all-combinations also runs every filter with every sort, once, and shows the ten
slowest.

A visitor takes 0.9 kB in the file, half of that in the peers' tables, and some 2 kB in the store, which is copied: have
8 GB free for a million, and 30 GB for its --with-growth. --folder keeps the files for the next run; delete the stores
in it (store-*.db) after a change of the schema or of import. This only measures: it always exits with 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from processes import Failed, Programs, machine
from scale_bench import Bench, Row
from scale_files import exports, growth, imports
from scale_mappings import mappings
from scale_sql import queries
from scale_stats import counts
from scale_store import blocks, combinations, lists, pages, ranges, talks

PARTS = ("import", "export", "list", "ranges", "talks", "sql", "block", "stats", "mappings")


class Arguments(NamedTuple):
    """The parsed command line."""

    scale: int
    rounds: int
    only: tuple[str, ...]
    with_growth: bool
    all_combinations: bool
    folder: Path | None
    json: Path | None


def scale_of(text: str) -> int:
    """Parse `1_000_000`, `1,000,000`, `1000k` or `1M`. Raises ArgumentTypeError unless it is 10,000 to 10,000,000."""
    plain = text.strip().lower().replace(",", "")
    factor = {"k": 1_000, "m": 1_000_000}.get(plain[-1:], 1)
    try:
        scale = int(plain.rstrip("km")) * factor
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 1_000_000, 10k or 1M") from None
    if not 10_000 <= scale <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{scale:,} is not between 10,000 and 10,000,000")
    return scale


def parts_of(text: str) -> tuple[str, ...]:
    """Parse names of parts, separated by commas. Raises ArgumentTypeError for an unknown one."""
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"parts are {', '.join(PARTS)}")
    return names


def parse_arguments() -> Arguments:
    """Parse and check the command line."""
    parser = argparse.ArgumentParser(description="Measure how the cost of everything grows with the store.")
    add = parser.add_argument
    add("--scale", type=scale_of, default=1_000_000, metavar="N", help="how many visitors: 10k to 10M (default 1M)")
    add("--rounds", type=int, default=3, help="how often each command runs (default 3)")
    add("--only", type=parts_of, default=PARTS, metavar="PARTS", help=f"some of {','.join(PARTS)}")
    add("--with-growth", action="store_true", help="also import 3 and 10 times as many, once each")
    add("--all-combinations", action="store_true", help="also run every filter with every sort, once")
    add("--folder", type=Path, metavar="DIR", help="keep data and stores there, and use those that are there")
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return Arguments(**vars(parser.parse_args()))


@contextlib.contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """Yield the requested folder, or a temporary one."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="visitors-scale-") as name:
            yield Path(name)
        return
    kept.mkdir(parents=True, exist_ok=True)
    try:
        yield kept
    finally:
        shutil.rmtree(kept / "scratch", ignore_errors=True)


def measure(bench: Bench, asked: Arguments) -> list[Row]:
    """Return every row of the requested parts. Failures are reported and left out."""
    steps = {
        "import": [imports, *([growth] if asked.with_growth else [])],
        "export": [exports],
        "list": [lists, pages, *([combinations] if asked.all_combinations else [])],
        "ranges": [ranges],
        "talks": [talks],
        "sql": [queries],
        "block": [blocks],
        "stats": [counts],
        "mappings": [mappings],
    }
    rows: list[Row] = []
    for part in PARTS:
        for step in steps[part] if part in asked.only else []:
            try:
                rows += step(bench)
            except (Failed, subprocess.CalledProcessError) as error:
                sys.stderr.write(f"left out: {step.__name__}: {error}\n")
    return rows


def cells_of(row: Row) -> tuple[str, ...]:
    """Return the table cells of a row."""
    return (
        f"{row.case}, against {row.against}" if row.against else row.case,
        f"{row.ours_seconds:.3f}",
        f"{row.peer_seconds:.3f}" if row.peer_seconds is not None else "",
        f"{row.ratio:.2f}" if row.ratio is not None else "",
        row.limits,
        f"{row.ours_megabytes:.0f}",
        f"{row.peer_megabytes:.0f}" if row.peer_megabytes is not None else "",
        ", ".join(filter(None, ("over" if row.is_over else "", row.remark))),
    )


def table(rows: list[Row]) -> str:
    """Format the rows as a table."""
    headings = ("CASE", "OURS s", "PEER s", "RATIO", "LIMIT", "OURS MB", "PEER MB", "")
    cells = [headings, *map(cells_of, rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in (0, len(headings) - 1) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def main() -> None:
    """Measure, print the table, write the JSON."""
    asked = parse_arguments()
    with folder_for(asked.folder) as folder:
        programs = Programs(folder)
        made_on = machine(programs)
        rows = measure(Bench(programs, folder, asked.scale, asked.rounds), asked)
    sys.stdout.write(f"{asked.scale:,} visitors, {asked.rounds} rounds, {made_on['cpus']} CPUs, ")
    sys.stdout.write(f"Python {made_on['python']}, SQLite {made_on['sqlite']}, {made_on['system']}\n")
    sys.stdout.write(table(rows) + "\n")
    if asked.json:
        figures = {
            "scale": asked.scale,
            "rounds": asked.rounds,
            "machine": made_on,
            "measurements": [row.record() for row in rows],
        }
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
