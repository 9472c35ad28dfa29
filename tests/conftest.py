"""Fixtures of every test: an empty home, no outside settings, and the command, in process or installed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings

from sqld import Admin
from visitors import cli  # noqa: F401 - so that pytester, which forgets what its tests import, does not forget half of it
from visitors.pytest_plugin import run_in_process

pytest_plugins = ["pytester"]

# An example that waits for the machine is not a failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# nohup makes commands ignore SIGHUP, which their children inherit.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_report_header() -> str:
    """Show the version of SQLite that the tests run on."""
    return f"SQLite {sqlite3.sqlite_version}"


SERVER = os.environ.get("VISITORS_TEST_SERVER")
"""The server that the stores of tests are on, if `tests/sqld.py` runs them; else they are files."""

_numbers = count()

COMMAND = Path(sys.executable).with_name("visitors")
"""The installed command, for tests that need a real process."""


class Result(msgspec.Struct, frozen=True):
    """The result of running the command."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output parsed as JSON."""
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The error that `--format json` wrote to standard error."""
        return json.loads(self.stderr)["error"]

    @property
    def lines(self) -> list[str]:
        """Standard output line by line."""
        return self.stdout.splitlines()


Visitors = Callable[..., Result]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests, so that no worker waits for the last of them; on a server, skip what needs a file."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items if SERVER else []:
        if item.get_closest_marker("file_only") or "store_path" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="about a file"))


@pytest.fixture
def server_store() -> Iterator[str]:
    """The URL of an empty database on the server, of the test's own."""
    if SERVER is None:
        pytest.skip("there is no server: run the tests by tests/sqld.py")
    admin = Admin.named(SERVER)
    name = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}x{os.getpid()}x{next(_numbers)}"
    yield admin.create(name)
    admin.remove(name)


@pytest.fixture
def store_name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What names the test's store: a file, or a database on a server."""
    return request.getfixturevalue("server_store") if SERVER else str(tmp_path / "visitors.db")


@pytest.fixture(autouse=True)
def isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_name: str) -> None:
    """Isolate tests from the settings of whoever runs them, and from each other."""
    for name in list(os.environ):
        if name.startswith("VISITORS_") or name in (
            "NO_COLOR",
            "FORCE_COLOR",
            "CLICOLOR_FORCE",
            "GITHUB_ACTIONS",
            "TTY_COMPATIBLE",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("VISITORS_DB", store_name)
    monkeypatch.setenv("VISITORS_ACTOR", "tester")
    monkeypatch.setenv("VISITORS_DEBUG", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("VISITORS_PAGER", "cat")  # there was nobody to leave another one


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """The path of the test's store."""
    return tmp_path / "visitors.db"


@pytest.fixture
def visitors() -> Visitors:
    """Run the command in this process: `visitors("list", "--format", "json", input=..., now=...)`.

    An exit code other than `code` (default 0) fails the test; `code=None` accepts any.
    """

    def invoke(*arguments: str, input: str | bytes = "", code: int | None = 0, now: str | None = None) -> Result:
        done = run_in_process(arguments, input, {} if now is None else {"VISITORS_NOW": now})
        result = Result(done.exit_code, done.stdout, done.stderr)
        if code is not None:
            assert result.code == code, f"{arguments} ended with {result.code}: {result.stderr or result.stdout}"
        return result

    return invoke


@pytest.fixture
def visitors_process() -> Visitors:
    """Run the installed command in a separate process; like `visitors`, with `env` for more settings."""

    def invoke(
        *arguments: str, input: str | bytes = "", code: int | None = 0, env: dict[str, str] | None = None
    ) -> Result:
        stdin = input.encode() if isinstance(input, str) else input
        settings = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
        done = subprocess.run(
            [str(COMMAND), *arguments],
            input=stdin,
            capture_output=True,
            env={**settings, **(env or {})},
            timeout=120,
            check=False,
        )
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        if code is not None:
            assert result.code == code, f"{arguments} ended with {result.code}: {result.stderr or result.stdout}"
        return result

    return invoke


@pytest.fixture
def anonymous(visitors: Visitors) -> str:
    """The id of a new anonymous visitor."""
    return visitors("create").stdout.strip()


@pytest.fixture
def contacts_with_one_email(visitors: Visitors, tmp_path: Path) -> Callable[..., None]:
    """Make a store with contacts of these ids that share an email, which only a dump can contain."""

    def make(*ids: str, db: Path) -> None:
        source = ("--db", str(tmp_path / "source.db"))
        for contact in ids:
            visitors("contacts", "create", "--id", contact, "--email", f"{contact}@example.com", *source)
        dump = visitors("db", "dump", *source).stdout
        for contact in ids:
            dump = dump.replace(f"{contact.lower()}@example.com", "shared@example.com")
        visitors("db", "load", "-", "--db", str(db), input=dump)

    return make
