"""Measure commands on a libSQL server: round trips and time at a distance, and an import beside the same into a file.

    VISITORS_TEST_SQLD=$(.ci/sqld) python tests/benchmarks/server.py [--rows 100000] [--rounds 5]

Each command is a process of its own; the distance is a proxy's on this machine, of so many milliseconds a round trip.
"""

# ruff: noqa: T201 - it prints what it measured

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from made_up import lines

from proxy import Proxy
from sqld import Sqld

COMMAND = str(Path(sys.executable).with_name("visitors"))
DISTANCES = (0, 10, 30)
COMMANDS = (
    ("create",),
    ("block", "v", "--reason", "{}"),
    ("identify", "v", "--email", "v@example.com", "--name", "{}"),
    ("show", "v"),
    ("list", "--limit", "50"),
    ("history", "--limit", "20"),
    ("undo",),
)


def run(*words: str, db: str) -> float:
    """Run the command; returns the seconds that it took."""
    environment = {**os.environ, "VISITORS_DB": db, "VISITORS_TIMEOUT": "600"}
    begun = time.perf_counter()
    subprocess.run([COMMAND, *words], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def commands(server: Sqld, rounds: int) -> None:
    """Print round trips and milliseconds of each command at each distance, the local time first."""
    with TemporaryDirectory() as folder, Proxy(server.port) as proxy:
        file, url = f"{folder}/local.db", f"http://bench.localhost:{proxy.port}"
        server.create("bench")
        for db in (file, url):
            run("create", "--id", "v", db=db)
        print("command".ljust(12), "trips", "file".rjust(7), *(f"{one} ms".rjust(7) for one in DISTANCES))
        for command in COMMANDS:
            trips, times = 0, []
            for distance in (None, *DISTANCES):
                proxy.distance = (distance or 0) / 1000
                took = []
                for number in range(rounds):
                    proxy.requests = 0
                    words = [word.format(f"{distance} {number}") for word in command]
                    took.append(run(*words, db=file if distance is None else url))
                    trips = max(trips, proxy.requests)
                times.append(f"{median(took) * 1000:7.0f}")
            print(command[0].ljust(12), str(trips).rjust(5), *times)


def imports(server: Sqld, rows: int) -> None:
    """Print the seconds of an import into a file, and onto the server."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "rows.ndjson"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(line if line.endswith("\n") else f"{line}\n" for line in lines(rows))
        local = run("import", str(source), db=f"{folder}/local.db")
        url = server.create("imported", txn_timeout_s=600)
        remote = run("import", str(source), db=url)
        print(f"import of {rows:,} rows: file {local:.1f} s, server {remote:.1f} s, {remote / local:.2f} times")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, Sqld(Path(folder)) as server:
        commands(server, given.rounds)
        imports(server, given.rows)


if __name__ == "__main__":
    main()
