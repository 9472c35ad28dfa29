"""Run processes, and measure their time and peak memory."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


class Run(NamedTuple):
    """Wall time from start to exit, the maximum resident set of the process and its children, and the CPU time of all.

    A process starts as a copy of the measuring one, so none shows less memory than that.
    """

    seconds: float
    megabytes: float
    cpu_seconds: float = 0.0


class Failed(Exception):
    """A failed process, with its command and its last output."""


class Programs:
    """The installed command and its peers, in an environment without outside settings."""

    def __init__(self, folder: Path) -> None:
        """`folder` receives bytecode: an installed package has it, a source tree may not."""
        self.visitors = str(Path(sys.executable).with_name("visitors"))
        self.sqlite_utils = str(Path(sys.executable).with_name("sqlite-utils"))
        self.sqlite3 = shutil.which("sqlite3")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VISITORS_", "PYTHON"))},
            "VISITORS_ACTOR": "benchmark",
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }

    def run(self, words: Sequence[str | Path], store: Path | None = None) -> Run:
        """Run a command, discarding its output. Raises Failed."""
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=self._with(store)
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines() or ["nothing"]
                raise Failed(f"{' '.join(map(str, words))} exits with {process.returncode}, saying: {said[-1]}")
        return Run(seconds, usage.ru_maxrss * _BYTES / 1_000_000, usage.ru_utime + usage.ru_stime)

    def ask(self, words: Sequence[str | Path], store: Path | None = None) -> str:
        """Return its output, unmeasured. Raises CalledProcessError."""
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, env=self._with(store)
        )
        return done.stdout.decode()

    def save(self, words: Sequence[str | Path], target: Path) -> None:
        """Write its output to `target`. Raises CalledProcessError."""
        with target.open("wb") as file:
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, check=True, env=self._with(None))

    def last_line(self, words: Sequence[str | Path], store: Path) -> str:
        """Return the last line of its output, however long that is. Raises CalledProcessError."""
        line = b""
        with self._pipe(words, store) as process:
            assert process.stdout is not None
            for line in process.stdout:  # noqa: B007 - the last one is wanted
                pass
        return _checked(process, line.decode().strip())

    def digest(self, words: Sequence[str | Path], store: Path) -> str:
        """Return the SHA-256 of its output. Raises CalledProcessError."""
        with self._pipe(words, store) as process:
            assert process.stdout is not None
            found = hashlib.file_digest(process.stdout, "sha256").hexdigest()  # type: ignore[arg-type]
        return _checked(process, found)

    def _pipe(self, words: Sequence[str | Path], store: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._with(store))

    def _with(self, store: Path | None) -> dict[str, str]:
        return self._environment if store is None else {**self._environment, "VISITORS_DB": str(store)}


def _checked(process: subprocess.Popen[bytes], found: str) -> str:
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return found


def median(runs: Sequence[Run]) -> float:
    """Return the median of their seconds."""
    return statistics.median(run.seconds for run in runs)


def peak(runs: Sequence[Run]) -> float:
    """Return the maximum of their megabytes."""
    return max(run.megabytes for run in runs)


def machine(programs: Programs) -> dict[str, str | int | None]:
    """Describe the machine that produced the figures."""
    shell = programs.ask([programs.sqlite3, "--version"]).split()[0] if programs.sqlite3 else None
    return {
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlite3Shell": shell,
        "sqliteUtils": programs.ask([programs.sqlite_utils, "--version"]).split()[-1],
        "visitors": programs.ask([programs.visitors, "--version"]).split()[-1],
    }
