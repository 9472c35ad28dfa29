"""A libSQL server for tests, trials and benchmarks, on this machine, with a database for each name below `localhost`.

    python tests/sqld.py pytest tests/rules

runs a command with `VISITORS_TEST_SERVER` set to a server that lives as long as the command. `.ci/sqld` fetches the
program.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

PROGRAM = "VISITORS_TEST_SQLD"
"""The environment variable that says where the program is, if `.ci/sqld` need not be asked."""

_STARTS_WITHIN = 20.0


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def program() -> str:
    """The path of the server's program."""
    if PROGRAM not in os.environ:
        found = subprocess.run([str(Path(__file__).parents[1] / ".ci" / "sqld")], capture_output=True, check=True)
        os.environ[PROGRAM] = found.stdout.decode().strip()
    return os.environ[PROGRAM]


class Admin:
    """What creates and removes databases on a server."""

    def __init__(self, port: int, admin_port: int) -> None:
        self.port = port
        self.admin_port = admin_port

    @classmethod
    def named(cls, text: str) -> Admin:
        """That of `VISITORS_TEST_SERVER`: both ports."""
        return cls(*map(int, text.split(":")))

    def __str__(self) -> str:
        return f"{self.port}:{self.admin_port}"

    def url(self, name: str) -> str:
        """How the database is named."""
        return f"http://{name}.localhost:{self.port}"

    def create(self, name: str, **config: Any) -> str:
        """Make a new, empty database; returns its URL."""
        self._ask("POST", f"/v1/namespaces/{name}/create", config)
        return self.url(name)

    def remove(self, name: str) -> None:
        """Remove a database."""
        self._ask("DELETE", f"/v1/namespaces/{name}", None)

    def _ask(self, method: str, path: str, body: object) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, f"{method} {path}: {answer.status} {said!r}"
        finally:
            connection.close()


class Sqld(Admin):
    """A server in a folder, which may be killed and started again."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        super().__init__(port or free_port(), free_port())
        self.folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: object, _traceback: TracebackType | None) -> None:
        self.kill(signal.SIGTERM)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [program(), "-d", str(self.folder / "data"), "--http-listen-addr", f"127.0.0.1:{self.port}"]
        command += ["--admin-listen-addr", f"127.0.0.1:{self.admin_port}", "--enable-namespaces", "--no-welcome"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *self._options], stdout=log, stderr=log)
        deadline = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the server does not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def main() -> int:
    """Run the command that the arguments are, beside a server."""
    root = os.environ.get("PYTEST_DEBUG_TEMPROOT")  # where pytest keeps the folders of tests
    with TemporaryDirectory(prefix="visitors-sqld-", dir=root) as folder, Sqld(Path(folder)) as server:
        return subprocess.run(
            sys.argv[1:], env={**os.environ, "VISITORS_TEST_SERVER": str(server)}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
