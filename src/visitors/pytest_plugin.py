"""pytest fixtures: a separate store for each test, its clock, and the command, run in this process.

pytest loads this wherever visitors is installed, so nothing of visitors is imported before a test needs it.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from visitors.api import VisitorStore

ACTOR = "pytest"
START = datetime(2026, 1, 1, tzinfo=UTC)
"""The initial time of a test's clock."""

_MARKER = (
    "visitors(fixtures=[...], seed=S, count=N, now=TIME): contents of visitors_store before "
    "the test: sample visitors of a seed (count: default 100), then fixture files (paths "
    "relative to the test's folder, or mappings); and the start time of visitors_clock"
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


class Clock:
    """A clock that stands still until it is moved; calling it returns the time."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Return the current time."""
        return self.now

    def move(self, **by: float) -> datetime:
        """Move it by the arguments of timedelta, also back: `move(days=1, hours=-2)`."""
        return self.set(self.now + timedelta(**by))

    def set(self, to: str | datetime) -> datetime:
        """Set it to a time; without a zone it is UTC."""
        moment = datetime.fromisoformat(to) if isinstance(to, str) else to
        self.now = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return self.now


@dataclass(frozen=True)
class Result:
    """The result of running the command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output parsed as JSON; for ndjson, a list."""
        if self.stdout.startswith('{"') or not self.stdout:  # a single object of json has a line for each key
            return [json.loads(line) for line in self.stdout.split("\n") if line]
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The error that `--format json` writes to standard error."""
        return json.loads(self.stderr)["error"]


class Cli(Protocol):
    """The type of the fixture `visitors_cli`."""

    def __call__(self, *arguments: str | Path, stdin: str | bytes = "", exit_code: int | None = 0) -> Result:
        """Run the command on `visitors_store`; an exit code other than `exit_code` (None: any) fails the test."""
        ...


def run_in_process(arguments: Sequence[str], stdin: str | bytes, environment: Mapping[str, str]) -> Result:
    """Run the command in this process, with `environment` added to its own."""
    from visitors.main import run

    out, err = io.BytesIO(), io.BytesIO()
    stdout, stderr = io.TextIOWrapper(out), io.TextIOWrapper(err)
    given = io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin)
    before = sys.stdin
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        for name, value in environment.items():
            patch.setenv(name, value)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(given))
        try:
            status = run(list(arguments))
        finally:
            sys.stdin = before
        stdout.flush()
        stderr.flush()
    return Result(status, out.getvalue().decode(), err.getvalue().decode())


class Templates:
    """Seeded stores, each created once and then copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[object, ...], Path] = {}

    def copy(self, target: Path, now: datetime, seed: int | None, count: int | None) -> None:
        """Create a store at `target`, with what the seed generates at `now`."""
        key = (now, seed or 0, 100 if count is None else count) if (seed, count) != (None, None) else ()
        if key not in self._made:
            self._made[key] = self._make(key)
        shutil.copyfile(self._made[key], target)
        target.chmod(0o600)

    def _make(self, key: tuple[object, ...]) -> Path:
        from visitors.api import open_store

        path = self._folder / f"{len(self._made)}.db"
        now, seed, count = key or (START, 0, None)
        with open_store(path, now=now, actor=ACTOR) as store:  # type: ignore[arg-type]
            if count is not None:
                store.seed(count, seed)  # type: ignore[arg-type]
        return path


@dataclass(frozen=True)
class Wanted:
    """The arguments of the marker; others raise TypeError."""

    fixtures: Sequence[str | Path | Mapping[str, Any]] = ()
    seed: int | None = None
    count: int | None = None
    now: str | datetime | None = None


def _wanted(request: pytest.FixtureRequest) -> Wanted:
    marker = request.node.get_closest_marker("visitors")
    if marker is None:
        return Wanted()
    try:
        return Wanted(*marker.args, **marker.kwargs)
    except TypeError as error:
        raise pytest.UsageError(f"@pytest.mark.visitors: {error}; expected {_MARKER}") from None


@pytest.fixture(scope="session")
def _visitors_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("visitors"))


@pytest.fixture
def visitors_clock(request: pytest.FixtureRequest) -> Clock:
    """The clock of `visitors_store` and `visitors_cli`: 2026-01-01, until it is moved or set."""
    clock = Clock()
    now = _wanted(request).now
    if now is not None:
        clock.set(now)
    return clock


@pytest.fixture
def visitors_store(
    request: pytest.FixtureRequest, tmp_path: Path, visitors_clock: Clock, _visitors_templates: Templates
) -> Iterator[VisitorStore]:
    """The test's own store, empty except for what its marker requests: a `visitors.VisitorStore`."""
    from visitors.api import open_store

    wanted = _wanted(request)
    path = tmp_path / "visitors.db"
    _visitors_templates.copy(path, visitors_clock(), wanted.seed, wanted.count)
    with open_store(path, now=visitors_clock, actor=ACTOR) as store:
        if wanted.fixtures:
            folder = request.path.parent
            store.fixtures.apply(*(one if isinstance(one, Mapping) else folder / one for one in wanted.fixtures))
        yield store


@pytest.fixture
def visitors_cli(visitors_store: VisitorStore) -> Cli:
    """Run the command on `visitors_store`, in this process: `visitors_cli("list", "--format", "json").json`.

    An exit code other than `exit_code` (default: 0; None: any) fails the test.
    """

    def invoke(*arguments: str | Path, stdin: str | bytes = "", exit_code: int | None = 0) -> Result:
        result = run_in_process([str(one) for one in arguments], stdin, visitors_store.environment)
        if exit_code is not None and result.exit_code != exit_code:
            said = (result.stderr or result.stdout).strip()
            pytest.fail(f"visitors {' '.join(map(str, arguments))} exited with {result.exit_code}: {said}")
        return result

    return invoke
