"""Measure what a fresh store costs a test, and whether seeding is as fast as importing.

    python tests/benchmarks/fixtures.py [--tests 1000] [--count 100000] [--rounds 3]

The first part runs pytest on empty tests, and on as many that use `visitors_store`; the difference for each test is the
cost of the fixture, including its temporary folder and its share of creating the template. The second part runs `seed`,
exports the visitors, and imports that file into another new store, each in its own process. Prints medians; exits with
1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from processes import Programs, Run, median

MILLISECONDS = 5.0
"""The maximum cost of a fresh store for a test."""
RATIO = 3.0
"""The maximum time of `seed`, relative to an import."""

_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it({fixture}number):
    pass
"""


def fresh_store(programs: Programs, folder: Path, tests: int, rounds: int) -> float:
    """Return the milliseconds that `visitors_store` costs a test."""
    runs: dict[str, list[Run]] = {}
    for name, fixture in (("bare", ""), ("store", "visitors_store, ")):
        (folder / f"test_{name}.py").write_text(_TESTS.format(count=tests, fixture=fixture), encoding="utf-8")
        runs[name] = []
    for number in range(rounds):
        for name, done in runs.items():
            new = f"--basetemp={folder / f'{name}-{number}'}"  # an old one would be emptied first
            test = folder / f"test_{name}.py"
            done.append(
                programs.run(
                    [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", new, "--rootdir", folder, test]
                )
            )
    return (median(runs["store"]) - median(runs["bare"])) / tests * 1000


def seed_and_import(programs: Programs, folder: Path, count: int, rounds: int) -> tuple[float, float]:
    """Return the seconds of `seed`, and of importing the same visitors from a file."""
    seeded, imported = folder / "seeded.db", folder / "imported.db"
    file = folder / "visitors.ndjson"
    seeds: list[Run] = []
    imports: list[Run] = []
    for _ in range(rounds):
        for store in (seeded, imported):
            store.unlink(missing_ok=True)
        words = [programs.visitors, "seed", "--count", str(count), "--now", "2026-01-01T00:00:00Z"]
        seeds.append(programs.run(words, seeded))
        if not file.exists():
            programs.run([programs.visitors, "export", "--quiet", "-o", file], seeded)
        imports.append(programs.run([programs.visitors, "import", "--quiet", file], imported))
    return median(seeds), median(imports)


def main() -> int:
    """Measure and print; the exit status says whether the limits hold."""
    parser = argparse.ArgumentParser(description="Measure fresh stores in tests, and seed against import.")
    parser.add_argument("--tests", type=int, default=1_000, help="how many tests get a store (default 1000)")
    parser.add_argument("--count", type=int, default=100_000, help="how many visitors are made up (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default 3)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visitors-fixtures-") as name:
        folder = Path(name)
        programs = Programs(folder)
        each = fresh_store(programs, folder, given.tests, given.rounds)
        sys.stdout.write(f"visitors_store, {given.tests:,} tests: {each:.2f} ms each (limit {MILLISECONDS:g})\n")
        seconds, other = seed_and_import(programs, folder, given.count, given.rounds)
        ratio = seconds / other
    title = f"seed --count {given.count}"
    sys.stdout.write(f"{title}: {seconds:.2f} s, importing them {other:.2f} s, ratio {ratio:.2f} (limit {RATIO:g})\n")
    return int(each > MILLISECONDS or ratio > RATIO)


if __name__ == "__main__":
    sys.exit(main())
