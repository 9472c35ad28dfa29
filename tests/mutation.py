"""Mutation testing: change the program in one small place at a time, and run the tests.

    python tests/mutation.py --sample 200 --seed 1               a sample, distributed over files by their mutants
    python tests/mutation.py --sample 50 --only store/history    of one package
    python tests/mutation.py --sample 20 --list                  only show what would be run

A change that no test notices is printed as a survivor, with its position and diff: either a test is missing, or the
change makes no difference to anybody.

This is a tool of our own because many tests run the command in separate processes, often with their own environment.
Most mutation tools swap code inside the test process, which would not affect those. Here each mutant is written into a
copy of the project with its own virtual environment, whose `visitors` and Python import the copy. The checkout is not
changed.

The tests run once on the unchanged program, with probes that note which of them run which function. Then each mutant
only gets the tests that run its function, the nearest first, until one fails. All tests are for those of what is run
at import, and of functions that also run where a probe cannot tell for which test. A timeout, several times as long as
on the unchanged program, also counts as noticed, and is reported.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import re
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import probes
from mutants import Mutant, mutants, sample

ROOT = Path(__file__).parent.parent
SOURCE = Path("src/visitors")
ROOMS = {
    "domain": ("tests/domain", "tests/rules"),
    "store/history": (
        "tests/store",
        "tests/operations",
        "tests/commands/test_undo.py",
        "tests/commands/test_history.py",
    ),
    "input": ("tests/input", "tests/commands/test_import.py"),
    "output": ("tests/output", "tests/commands/test_list.py", "tests/commands/test_export.py"),
    "api": ("tests/api", "tests/test_pytest_plugin.py"),
    "operations": ("tests/operations", "tests/rules", "tests/commands"),
}
"""Mutated paths -> the tests of that package."""

LEFT_OUT = (".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", ".coverage*", "htmlcov")
"""Files in a checkout that no test needs."""

FIRST_SECONDS = 8.0
"""The maximum total time of the tests that run first."""

MEMORY = 4 << 30
"""The memory limit of a process, since a mutant may loop and allocate."""


class Copy:
    """A copy of the project, with its own virtual environment that imports from it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self._temporary = folder / "temporary"
        self._writes = 0
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        venv.create(self.root / ".venv", symlinks=True)
        self._python = self.root / ".venv" / "bin" / "python"
        inner = sysconfig.get_path("purelib", "venv", {"base": str(self.root / ".venv")})
        packages = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        (Path(inner) / "project.pth").write_text("\n".join([str(self.root / "src"), *packages, ""]), encoding="utf-8")
        command = self._python.with_name("visitors")
        command.write_text(f"#!{self._python}\nfrom visitors.main import main\nmain()\n", encoding="utf-8")
        command.chmod(0o755)
        where = [str(self._python), "-c", "import visitors; print(visitors.__file__)"]
        told = subprocess.run(where, cwd=folder, env={}, capture_output=True, text=True, check=True).stdout.strip()
        assert Path(told) == self.root / SOURCE / "__init__.py", f"the tests would run {told}"

    def write(self, path: Path, text: bytes) -> None:
        """Change a file, with a modification time that it never had, so that no bytecode of it seems current."""
        (self.root / path).write_bytes(text)
        self._writes += 1
        moment = 1_000_000_000 + self._writes
        os.utime(self.root / path, (moment, moment))

    def test(self, words: Iterable[str], timeout: float | None = None) -> tuple[int | None, str]:
        """Run pytest; return its status and output, or no status after `timeout` seconds."""
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        environment |= {"TMPDIR": str(self._temporary), "PATH": f"{self._python.parent}:{os.environ['PATH']}"}
        process = subprocess.Popen(
            [
                str(self._python),
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                "--hypothesis-profile=ci",
                *words,
            ],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that processes started by a test end with it
        )
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            return None, ""
        else:
            return process.returncode, said
        finally:
            _kill_group(process.pid)
            process.wait()


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


class Stage(NamedTuple):
    """Tests, or test files, that run together, and the seconds that they take on the unchanged program."""

    name: str
    tests: list[str]
    seconds: float


def stages(path: Path, tests: Mapping[str, float]) -> Iterator[Stage]:
    """Return the tests for a file of the program, most likely to fail first, fast ones first.

    Args:
        path: The file, relative to the project.
        tests: The tests to choose from, as `FILE` or `FILE::TEST`, with their durations.
    """
    module = ".".join(path.with_suffix("").parts[1:])
    name = path.stem.strip("_")
    room = ROOMS[_room(path)]
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in {test.split("::")[0] for test in tests}}

    def rank(test: str) -> int:
        file = test.split("::", maxsplit=1)[0]
        if Path(file).stem == f"test_{name}":
            return 0 if file.startswith(room) else 1
        if f"{module} import" in texts[file]:
            return 2
        return 3 if name.removesuffix("s") in Path(file).stem else 4 if file.startswith(room) else 5

    first: list[str] = []
    others: list[str] = []
    spent = 0.0
    for test in sorted(tests, key=lambda test: (rank(test), tests[test])):
        spent += tests[test]
        (first if spent <= FIRST_SECONDS or not first else others).append(test)
    for stage, chosen in (("first", first), ("others", others)):
        if chosen:
            yield Stage(stage, chosen, sum(tests[test] for test in chosen))


def _room(path: Path) -> str:
    return next(room for room in ROOMS if path.is_relative_to(SOURCE / room))


class Outcome(NamedTuple):
    """Whether the tests noticed a mutant, which one did, and after how long."""

    mutant: Mutant
    killed: bool
    by: str
    seconds: float


class Run:
    """Runs mutants in a few copies at once."""

    def __init__(self, folder: Path, jobs: int, *, with_slow: bool) -> None:
        self._copies: queue.Queue[Copy] = queue.Queue()
        for number in range(jobs):
            self._copies.put(Copy(folder / str(number)))
        self._jobs = jobs
        self._workers = max(1, (os.cpu_count() or 1) // jobs)
        self._choice = [] if with_slow else ["-m", "not slow"]
        self._files: dict[str, float] = {}
        self._tests: dict[str, float] = {}
        self._noted: dict[str, set[str]] = {}

    def baseline(self, chosen: Iterable[Mutant]) -> float:
        """Run all tests on the unchanged program, with probes in the functions of these mutants, and return how long it
        took. Raises SystemExit if one fails.
        """
        copy = self._copies.get()
        report, notes = copy.root.parent / "report.xml", copy.root.parent / "notes"
        notes.mkdir()
        for folder in (notes, *notes.parents[:2]):
            folder.chmod(0o777)  # some tests start processes of other users
        by_path: dict[Path, list[Mutant]] = {}
        for mutant in chosen:
            by_path.setdefault(mutant.path, []).append(mutant)
        for path, found in by_path.items():
            copy.write(path, probes.probed((ROOT / path).read_bytes(), found))
        copy.write(probes.MODULE, probes.module(notes).encode())
        start = time.monotonic()
        cores = os.cpu_count() or 1
        status, said = copy.test([*self._choice, "-n", str(cores), "--junitxml", str(report)])
        if status != 0:
            raise SystemExit(f"{said[-6000:]}\nthe tests fail without any mutant")
        for path in by_path:
            copy.write(path, (ROOT / path).read_bytes())
        (copy.root / probes.MODULE).unlink()
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
            file = next(self._file_of(case.get("classname", "")))
            test = f"{file}::{case.get('name', '').partition('[')[0]}"
            for tests, name in ((self._files, file), (self._tests, test)):
                tests[name] = tests.get(name, 0.0) + float(case.get("time", 0))
        self._noted = probes.noted(notes)
        self._copies.put(copy)
        return time.monotonic() - start

    def _tests_for(self, mutant: Mutant) -> Iterator[Stage]:
        """Return the tests that run the mutant, then, if others may do, all files."""
        function = probes.function_of((ROOT / mutant.path).read_bytes(), mutant)
        noted = self._noted.get(probes.name_of(mutant.path, function.lineno), set()) if function is not None else {""}
        known = {test: self._tests[test] for test in noted & self._tests.keys()}
        yield from stages(mutant.path, known)
        if not noted <= known.keys():
            yield from stages(mutant.path, self._files)

    @staticmethod
    def _file_of(classname: str) -> Iterator[str]:
        parts = classname.split(".")
        for end in range(len(parts), 0, -1):
            file = "/".join(parts[:end]) + ".py"
            if (ROOT / file).is_file():
                yield file

    def outcomes(self, chosen: Iterable[Mutant]) -> Iterator[Outcome]:
        """Yield the outcome of each mutant as it arrives."""
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting = [pool.submit(self._try, mutant) for mutant in chosen]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _try(self, mutant: Mutant) -> Outcome:
        copy = self._copies.get()
        source = (ROOT / mutant.path).read_bytes()
        start = time.monotonic()
        copy.write(mutant.path, mutant.applied(source))
        try:
            by = next(filter(None, (self._killer(copy, stage) for stage in self._tests_for(mutant))), "")
        finally:
            copy.write(mutant.path, source)
            self._copies.put(copy)
        return Outcome(mutant, bool(by), by, time.monotonic() - start)

    def _killer(self, copy: Copy, stage: Stage) -> str:
        """Return the test that failed, if any."""
        workers = self._workers if stage.seconds > 15 else 1
        parallel = ["-n", str(workers)] if workers > 1 else []
        timeout = 30 + 4 * stage.seconds / workers
        names = copy.root.parent / "tests.txt"
        names.write_text("\n".join(stage.tests), encoding="utf-8")
        status, said = copy.test([*self._choice, *parallel, f"@{names}"], timeout)
        if status in (0, 5):  # 5: no tests were collected
            return ""
        if status is None:
            return f"{stage.name}: timeout after {timeout:.0f} s"
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", said, re.MULTILINE)
        return f"{stage.name}: {failed[1] if failed else f'pytest ended with {status}'}"


def main() -> int:
    """Run the mutants that the command line asks for; always return 0."""
    parser = argparse.ArgumentParser(description="Change the program in small places, and see whether a test fails.")
    parser.add_argument("--sample", type=int, metavar="N", help="how many mutants (default: all)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which ones (default: 1)")
    parser.add_argument("--only", choices=ROOMS, metavar="ROOM", help=f"of one room: {', '.join(ROOMS)}")
    parser.add_argument("--list", action="store_true", help="show them, and run nothing")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many at once (default: 1)")
    parser.add_argument("--all", action="store_true", help="run the slow tests, too")
    options = parser.parse_args()
    rooms = [options.only] if options.only else list(ROOMS)
    files = [file.relative_to(ROOT) for room in rooms for file in sorted((ROOT / SOURCE / room).rglob("*.py"))]
    sources = {file: (ROOT / file).read_bytes() for file in files}
    possible = [mutant for file, source in sources.items() for mutant in mutants(file, source)]
    chosen = possible if options.sample is None else sample(possible, options.sample, options.seed)
    say(f"{len(chosen)} of {len(possible)} mutants in {len(files)} files")
    if options.list:
        for mutant in chosen:
            say(f"{mutant.path}:{mutant.line} {mutant.kind}\n{mutant.difference(sources[mutant.path])}")
        return 0
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        run = Run(Path(folder), options.jobs, with_slow=options.all)
        say(f"without any mutant the tests pass in {run.baseline(chosen):.0f} s")
        outcomes = []
        for number, outcome in enumerate(run.outcomes(chosen), 1):
            outcomes.append(outcome)
            mutant = outcome.mutant
            place = f"{mutant.path}:{mutant.line} {mutant.kind}"
            fate = f"killed    {place} by {outcome.by}" if outcome.killed else f"SURVIVED  {place}"
            say(f"[{number}/{len(chosen)}] {outcome.seconds:4.0f} s  {fate}")
            if not outcome.killed:
                say(mutant.difference(sources[mutant.path]))
    summarize(outcomes)
    return 0


def summarize(outcomes: Sequence[Outcome]) -> None:
    """Print how many were noticed, by package and in total, and the average time."""
    tried = Counter(_room(outcome.mutant.path) for outcome in outcomes)
    killed = Counter(_room(outcome.mutant.path) for outcome in outcomes if outcome.killed)
    for room, count in tried.items():
        say(f"{room:15} {killed[room]:4} of {count:4} killed, {killed[room] / count:4.0%}")
    total = max(1, len(outcomes))
    timeouts = sum("timeout" in outcome.by for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes) / total
    share = killed.total() / total
    say(f"{killed.total()} of {len(outcomes)} killed, {share:.1%}; {timeouts} by timeout; {seconds:.0f} s for each")


def say(line: str) -> None:
    """Print at once, and to a file if there is one."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
