"""Measure whether merging and showing people is linear in the number of records moved or shown.

    python tests/benchmarks/people.py [--rounds 3]

Two contacts with 5,000 visitors each are merged, then two with 50,000 each; and a contact with 1,000 devices is shown,
then one with 10,000. Every run is a separate process on a fresh copy of the store.

How to read the table: PER ITEM is the best time, minus that of `contacts show` without devices (the start-up time),
divided by visitors moved or devices shown; RATIO compares the larger with the smaller, and 1 means linear. This only
measures: it always exits with 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("visitors"))


def run(store: Path, *words: str) -> float:
    """Return the seconds that the command took. Raises CalledProcessError if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISITORS_")}
    environment |= {"VISITORS_DB": str(store), "VISITORS_ACTOR": "benchmark"}
    start = time.perf_counter()
    subprocess.run([COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, env=environment)
    return time.perf_counter() - start


def make_store(folder: Path, contacts: int, visitors: int) -> Path:
    """Make a store in which so many contacts, c0 and on, share so many visitors evenly."""
    store = folder / f"{contacts}-{visitors}.db"
    if store.exists():
        return store
    rows = folder / "visitors.ndjson"
    with rows.open("w", encoding="utf-8") as file:
        for number in range(visitors):
            of = number % contacts
            row = {
                "id": f"v{number:06}",
                "fingerprint": f"f{number}",
                "language": "en-US",
                "lastSeenAt": f"2026-03-{number % 28 + 1:02}",
                "contact": {"id": f"c{of}", "email": f"c{of}@example.com"},
            }
            file.write(json.dumps(row) + "\n")
    run(store, "import", str(rows))
    return store


def best(store: Path, rounds: int, *words: str) -> float:
    """Return the best time of the command, each on a copy of the store."""
    times = []
    for _ in range(rounds):
        copy = store.with_name("copy.db")
        for leftover in store.parent.glob("copy.db*"):
            leftover.unlink()
        shutil.copyfile(store, copy)
        times.append(run(copy, *words))
    return min(times)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure merging and showing people as they grow.")
    parser.add_argument("--rounds", type=int, default=3, help="how often each command runs (default 3)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="visitors-people-") as name:
        folder = Path(name)
        empty = folder / "empty.db"
        run(empty, "contacts", "create", "--id", "c0")
        start = best(empty, rounds, "contacts", "show", "c0")
        sys.stdout.write(f"{'COMMAND':<48}{'BEST s':>9}{'ITEMS':>9}{'PER ITEM us':>13}{'RATIO':>7}\n")
        for title, contacts, sizes, words in (
            ("contacts merge c0 c1", 2, (10_000, 100_000), ("contacts", "merge", "c0", "c1", "--yes")),
            ("contacts show c0 --format json", 1, (1_000, 10_000), ("contacts", "show", "c0", "--format", "json")),
            ("contacts show c0 --format table", 1, (1_000, 10_000), ("contacts", "show", "c0", "--format", "table")),
        ):
            smaller = 0.0
            for size in sizes:
                items = size // contacts
                took = best(make_store(folder, contacts, size), rounds, *words)
                each = max(took - start, 0.0) / items * 1e6
                ratio = f"{each / smaller:.2f}" if smaller else ""
                line = f"{title + f', {size:,} visitors':<48}{took:>9.3f}{items:>9,}{each:>13.1f}{ratio:>7}"
                sys.stdout.write(line + "\n")
                smaller = smaller or each


if __name__ == "__main__":
    main()
