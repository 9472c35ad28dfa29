"""Measure what recording costs an import, and how long undoing and redoing one takes.

    python tests/benchmarks/undo.py [--count 100000] [--rounds 3]

Made-up visitors, 30% of them identified, are imported into a new store, alternately as usual and without recording the
cause of each link. Other than that, an import records one range of numbers for each kind of record, which cannot be
turned off. Then the import is undone, and the undo undone.

How to read the table: BEST and MEDIAN are seconds of whole processes; RATIO compares medians with the usual import;
MEMORY is the process's peak in megabytes. This only measures: it always exits with 0.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

MADE_UP = Path(__file__).with_name("made_up.py")
AS_ALWAYS = "from visitors.main import main; main()"
UNRECORDED = f"""
from visitors.store.store import OpenOperation
OpenOperation.record_causes = lambda *_: None
{AS_ALWAYS}
"""


class Run(NamedTuple):
    """Seconds and megabytes."""

    seconds: float
    memory: float


def run(program: str, store: Path, *words: str) -> tuple[Run, str]:
    """Return what the command took, and its output. Raises RuntimeError if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISITORS_")}
    environment |= {"VISITORS_DB": str(store), "VISITORS_ACTOR": "benchmark"}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    printed = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return Run(took, usage.ru_maxrss / 1024), printed


def measure(folder: Path, rows: Path, rounds: int) -> dict[str, list[Run]]:
    """Return the runs of each case, taking turns."""
    cases = {"import": AS_ALWAYS, "import, causes not recorded": UNRECORDED}
    runs: dict[str, list[Run]] = {name: [] for name in (*cases, "undo", "undo of the undo")}
    for _ in range(rounds):
        for name, program in reversed(cases.items()):
            for leftover in folder.glob("store.db*"):
                leftover.unlink()
            runs[name].append(run(program, folder / "store.db", "import", str(rows), "--quiet")[0])
        took, undo = run(AS_ALWAYS, folder / "store.db", "undo", "--quiet")
        runs["undo"].append(took)
        runs["undo of the undo"].append(run(AS_ALWAYS, folder / "store.db", "undo", undo.strip(), "--quiet")[0])
    return runs


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure recording, undo and redo of an import.")
    parser.add_argument("--count", type=int, default=100_000, help="how many visitors (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often (default 3)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visitors-undo-") as name:
        rows = Path(name) / "visitors.ndjson"
        with rows.open("wb") as file:
            subprocess.run([sys.executable, MADE_UP, str(chosen.count)], stdout=file, check=True)
        runs = measure(Path(name), rows, chosen.rounds)
    whole = median(one.seconds for one in runs["import"])
    sys.stdout.write(f"{f'{chosen.count:,} VISITORS':<32}{'BEST s':>9}{'MEDIAN s':>10}{'RATIO':>7}{'MEMORY MB':>11}\n")
    for case, found in runs.items():
        times = [one.seconds for one in found]
        memory = max(one.memory for one in found)
        ratio = median(times) / whole
        sys.stdout.write(f"{case:<32}{min(times):>9.2f}{median(times):>10.2f}{ratio:>7.2f}{memory:>11.0f}\n")


if __name__ == "__main__":
    main()
