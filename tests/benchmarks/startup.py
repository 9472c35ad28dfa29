"""Measure how long one command takes, compared with a Typer program that does nothing.

    python tests/benchmarks/startup.py [--rounds 30] [--json FILE]

Each round runs every command once, as a separate process, so that other load affects all of them alike; the first round
only warms the caches, including bytecode.

How to read the table: MEDIAN is the wall time from start to exit, BEST the fastest round; RATIO is the median of a
command relative to that of the one named under AGAINST, and LIMIT is its maximum. Milliseconds differ between machines,
ratios hardly do: compare those. A ratio well above its limit on an idle machine is a regression; on a busy one, check
first whether the ratio of the best rounds (BEST RATIO) agrees.

This only measures: it always exits with 0.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

VISITORS = 10_000
SEED = 20260301
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HELLO = """\
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "x") -> None:
    print(f"hello {name}")
"""
# The script that pip generates for a console entry point.
SCRIPT = """\
#!{python}
import sys
from hello_world import app
if __name__ == "__main__":
    sys.exit(app())
"""


class Limit(NamedTuple):
    """A command, what it is compared with, and the maximum ratio."""

    name: str
    against: str
    ratio: float


LIMITS = (
    Limit("show ID --format json", "typer hello", 1.35),
    Limit("create", "typer hello", 1.35),
    Limit("create, no store yet", "typer hello", 1.4),
    Limit("block ID", "typer hello", 1.35),
    Limit("__complete visitors PREFIX", "python import sqlite3", 2.0),
    Limit("block - (10,000 ids)", "block ID", 3.0),
)


class Case(NamedTuple):
    """One command to measure: `prepare` returns its words and its input for a round, unmeasured."""

    name: str
    prepare: Callable[[int], tuple[list[str], bytes]]


class Bench:
    """A folder with a store, a copy of it for the bulk command, and the program to compare with."""

    def __init__(self, folder: Path) -> None:
        self.command = str(Path(sys.executable).with_name("visitors"))
        self.store = folder / "visitors.db"
        self.bulk_store = folder / "bulk.db"
        self.pristine = folder / "pristine.db"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VISITORS_", "PYTHON"))},
            "VISITORS_DB": str(self.store),
            "VISITORS_ACTOR": "benchmark",
            # An installed package has bytecode; a source tree may not, especially with PYTHONDONTWRITEBYTECODE, and
            # compiling it at every start must not be measured.
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        self.ids = self._make_store(folder)
        self.hello = self._write_hello(folder)

    def cases(self) -> list[Case]:
        """Return what is measured, in the order of a round."""
        picked = random.Random(SEED + 1).sample(self.ids, len(self.ids))  # noqa: S311 - made-up data
        bulk = "".join(f"{visitor}\n" for visitor in self.ids).encode()

        def new_store(number: int) -> tuple[list[str], bytes]:
            return [self.command, "--db", str(self.store.with_name(f"new-{number}.db")), "create"], b""

        def bulk_block(_: int) -> tuple[list[str], bytes]:
            shutil.copyfile(self.pristine, self.bulk_store)
            return [self.command, "--db", str(self.bulk_store), "block", "-"], bulk

        return [
            Case("python import sqlite3", lambda _: ([sys.executable, "-c", "import sqlite3"], b"")),
            Case("typer hello", lambda _: ([str(self.hello)], b"")),
            Case("show ID --format json", lambda n: ([self.command, "show", picked[n], "--format", "json"], b"")),
            Case("create", lambda _: ([self.command, "create"], b"")),
            Case("create, no store yet", new_store),
            Case("block ID", lambda n: ([self.command, "block", picked[-1 - n]], b"")),
            Case(
                "__complete visitors PREFIX",
                lambda n: ([self.command, "__complete", "visitors", picked[n][:6]], b""),
            ),
            Case("block - (10,000 ids)", bulk_block),
        ]

    def run(self, words: list[str], given: bytes) -> float:
        """Return the seconds that the process took. Raises CalledProcessError if it fails."""
        start = time.perf_counter()
        subprocess.run(words, input=given, stdout=subprocess.DEVNULL, check=True, env=self.environment)
        return time.perf_counter() - start

    def _make_store(self, folder: Path) -> list[str]:
        rows = folder / "visitors.ndjson"
        ids = write_rows(rows)
        self.run([self.command, "import", str(rows)], b"")
        shutil.copyfile(self.store, self.pristine)
        return ids

    def _write_hello(self, folder: Path) -> Path:
        (folder / "hello_world.py").write_text(HELLO)
        script = folder / "hello"
        script.write_text(SCRIPT.format(python=sys.executable))
        script.chmod(0o755)
        return script


def write_rows(path: Path) -> list[str]:
    """Write the same visitors every time as NDJSON, one in three identified; return their ids."""
    chance = random.Random(SEED)  # noqa: S311 - made-up data
    ids = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(VISITORS):
            visitor = "01" + "".join(chance.choices(ALPHABET, k=24))
            ids.append(visitor)
            row: dict[str, object] = {
                "id": visitor,
                "language": chance.choice(["en-US", "en-GB", "de", "fr-FR", "pt-BR", "ja"]),
                "timezone": chance.choice(["Europe/Berlin", "America/New_York", "Asia/Tokyo"]),
                "fingerprint": f"{chance.getrandbits(64):016x}",
                "browser": chance.choice(["Chrome", "Firefox", "Safari"]),
                "deviceType": chance.choice(["desktop", "mobile", "tablet"]),
                "countryCode": chance.choice(["DE", "US", "JP", "BR"]),
                "createdAt": f"2026-02-{number % 28 + 1:02d}T12:00:00.000Z",
                "lastSeenAt": f"2026-03-{number % 31 + 1:02d}T12:00:00.000Z",
            }
            if number % 3 == 0:
                row["contact"] = {
                    "externalId": f"user-{number}",
                    "email": f"person{number}@example.com",
                    "metadata": {"plan": chance.choice(["free", "pro"])},
                }
            file.write(json.dumps(row) + "\n")
    return ids


def measure(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, by case. Failures are reported and left out."""
    times: dict[str, list[float]] = {}
    cases = bench.cases()
    for number in range(rounds + 1):
        for case in list(cases):
            words, given = case.prepare(number)
            try:
                took = bench.run(words, given)
            except subprocess.CalledProcessError as error:
                sys.stderr.write(f"left out: {case.name} exits with {error.returncode}\n")
                cases.remove(case)
                times.pop(case.name, None)
                continue
            if number:
                times.setdefault(case.name, []).append(took)
    return times


def report(times: dict[str, list[float]]) -> list[dict[str, object]]:
    """Return one row for each case: milliseconds, and the ratio where there is a limit."""
    limits = {limit.name: limit for limit in LIMITS}
    rows = []
    for name, took in times.items():
        row: dict[str, object] = {
            "command": name,
            "medianMilliseconds": round(statistics.median(took) * 1000, 1),
            "bestMilliseconds": round(min(took) * 1000, 1),
            "against": None,
            "ratio": None,
            "bestRatio": None,
            "limit": None,
        }
        limit = limits.get(name)
        if limit is not None and limit.against in times:
            other = times[limit.against]
            row["against"] = limit.against
            row["ratio"] = round(statistics.median(took) / statistics.median(other), 3)
            row["bestRatio"] = round(min(took) / min(other), 3)
            row["limit"] = limit.ratio
        rows.append(row)
    return rows


def table(rows: list[dict[str, object]]) -> str:
    """Format the rows as a table, marking a ratio above its limit with `over`."""
    headings = ["COMMAND", "MEDIAN ms", "BEST ms", "AGAINST", "RATIO", "BEST RATIO", "LIMIT", ""]
    cells = [headings]
    for row in rows:
        over = isinstance(row["ratio"], float) and isinstance(row["limit"], float) and row["ratio"] > row["limit"]
        shown = ["" if value is None else str(value) for value in row.values()]
        cells.append([*shown, "over" if over else ""])
    widths = [max(len(row[index]) for row in cells) for index in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def main() -> None:
    """Measure, print the table, and write the JSON."""
    parser = argparse.ArgumentParser(description="Measure how long single commands take, beside a bare Typer program.")
    parser.add_argument("--rounds", type=int, default=30, help="how often each command runs (default 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visitors-startup-") as folder:
        rows = report(measure(Bench(Path(folder)), arguments.rounds))
    sys.stdout.write(table(rows) + "\n")
    if arguments.json:
        figures = {
            "python": sys.version.split()[0],
            "rounds": arguments.rounds,
            "visitors": VISITORS,
            "measurements": rows,
        }
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
