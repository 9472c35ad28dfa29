"""Observe and stop real processes, and limit disks."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

COMMAND = str(Path(sys.executable).with_name("visitors"))
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
"""Root bypasses permissions; without these capabilities they apply."""
LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it


class Process(NamedTuple):
    """A row of the operating system's process table."""

    pid: int
    parent: int
    group: int
    session: int


def processes() -> Iterator[Process]:
    """Return the live processes, without zombies."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            status, *others = stat.read_text().rpartition(")")[2].split()[:4]
            if status != "Z":
                yield Process(int(stat.parent.name), *map(int, others))


def eventually(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return what `look` finds, once it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)
    return found


def settings(**more: str) -> dict[str, str]:
    """The environment of a real run: without the tracebacks that tests enable."""
    return {**{name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}, **more}


def interruptible() -> None:
    """Let Ctrl-C end a process even if the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command in its own process group, like a shell at a terminal."""
    more = options.pop("preexec_fn", None)

    def prepare() -> None:
        interruptible()
        if more is not None:
            more()

    return subprocess.Popen(
        [*options.pop("under", ()), COMMAND, *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=settings(**options.pop("env", {})),
        preexec_fn=prepare,  # noqa: PLW1509 - no threads here
        **options,
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Return the exit code and standard error."""
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()


def reading_child(process: subprocess.Popen[bytes]) -> int:
    """Return the process that reads ahead for an import."""
    return _child(process, lambda child: child.group == process.pid)


def indexing_child(process: subprocess.Popen[bytes]) -> int:
    """Return the process that indexes texts for an import, in its own group."""
    return _child(process, lambda child: child.group == child.pid)


def _child(process: subprocess.Popen[bytes], is_meant: Callable[[Process], bool]) -> int:
    def found() -> list[int]:
        return [one.pid for one in processes() if one.parent == process.pid and is_meant(one)]

    return int(eventually(found)[0])


def nobody_is_left(process: subprocess.Popen[bytes]) -> bool:
    return not any(other.session == process.pid for other in processes())


def nobody_is_left_soon(process: subprocess.Popen[bytes]) -> None:
    eventually(lambda: nobody_is_left(process))


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)


def is_locked(path: Path) -> bool:
    """Return whether a process is writing to the store."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def files_beside(path: Path) -> list[str]:
    return sorted(other.name for other in path.parent.iterdir())


def limited(size: int) -> Callable[[], None]:
    """Limit the file size of a process to `size` bytes, like a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of `size`, if this machine allows it."""
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("cannot mount a file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


SETTLING = "fdatasync,fsync,unlink,rename,link"
"""The system calls that commit a change."""


@cache
def can_trace() -> bool:
    """Return whether this machine allows tracing the system calls of a process."""
    tool = shutil.which("strace")
    if tool is None:
        return False
    words = [tool, "-f", "-o", "/dev/null", "-e", "inject=fsync:signal=KILL:when=1", sys.executable, "-c"]
    done = subprocess.run([*words, "import os; os.fsync(1)"], stdout=subprocess.DEVNULL, check=False)
    return done.returncode == -signal.SIGKILL


def moments_of(trace: Path) -> list[tuple[str, int]]:
    """Return each traced system call, with its number among those of its name."""
    calls = Counter(
        line.split(maxsplit=1)[1].partition("(")[0] for line in trace.read_text().splitlines() if "(" in line
    )
    return [(call, number) for call, count in calls.items() if call.isalnum() for number in range(1, count + 1)]
