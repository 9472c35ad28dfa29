"""A database aside: what takes long, and needs nothing of the store but some texts, is done in one of its own.

It has no name, is in a temporary file or in memory, and is gone when it is closed. `Here` is one in this process.
`Elsewhere` is one in another, for as much as keeps a second core busy: two threads of one process wait for each other
at each step, for the lock of Python's interpreter and for that of SQLite's memory.

The other process runs this file, and reads calls until there are no more. So this imports the standard library alone,
and is there within some twenty milliseconds.
"""

from __future__ import annotations

import json
import marshal
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO, cast

_ROWS_AT_ONCE = 64
"""How many rows are answered at once: of a full-text index they are a few kilobytes each."""
_KIBIBYTES = 8_192
_NICENESS = 10
"""It may be behind; what it shares a core with may be what all others wait for, as the reading of an import."""


def can_be_elsewhere() -> bool:
    """Whether this system has what `Elsewhere` needs."""
    return os.name == "posix" and bool(sys.executable) and os.path.isfile(__file__)  # noqa: PTH113 - no other import


class Here:
    """A database of this process, for one thread at a time; it is one transaction until `COMMIT`."""

    def __init__(self, name: str) -> None:
        """`name` is empty, for a temporary file, or `:memory:`."""
        self._database = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_KIBIBYTES}")
        self._database.execute("BEGIN")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that answers nothing. Raises sqlite3.Error."""
        self._database.execute(sql, parameters)

    def insert(self, sql: str, rows: str) -> None:
        """Run a statement for each row of a JSON list of lists. Raises sqlite3.Error."""
        self._database.executemany(sql, json.loads(rows))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a query finds. Raises sqlite3.Error."""
        return iter(self._database.execute(sql, parameters))

    def stop(self) -> None:
        """End what it is doing, in whatever thread, which fails by it."""
        self._database.interrupt()

    def close(self) -> None:
        """Let go of it and of what is in it."""
        self._database.close()


class Elsewhere:
    """As `Here`, in a process of its own: only `rows` waits for it, and raises what went wrong with a call before."""

    def __init__(self, name: str) -> None:
        from subprocess import DEVNULL, PIPE, Popen

        # in a process group of its own: to stop is this one's to handle, and the end of the calls is the end of it
        words = [sys.executable, "-I", "-S", __file__, name]
        self._process = Popen(words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, process_group=0)  # noqa: S603 - this file
        self._calls, self._answers = cast("BinaryIO", self._process.stdin), cast("BinaryIO", self._process.stdout)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """As of `Here`."""
        self._call("execute", sql, tuple(parameters))

    def insert(self, sql: str, rows: str) -> None:
        """As of `Here`."""
        self._call("insert", sql, rows)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """As of `Here`. Raises VisitorsError, too, if the process is no more."""
        self._call("rows", sql, tuple(parameters))
        while found := self._answer():
            yield from found

    def stop(self) -> None:
        """As of `Here`."""
        self._process.kill()

    def close(self) -> None:
        """As of `Here`."""
        self._process.kill()
        for pipe in (self._calls, self._answers):
            with suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()

    def _call(self, *call: Any) -> None:
        try:
            marshal.dump(call, self._calls)
            self._calls.flush()
        except BrokenPipeError:
            self._answer()  # why it ended

    def _answer(self) -> list[Sequence[Any]]:
        from visitors.errors import VisitorsError

        try:
            rows, problem = marshal.load(self._answers)  # noqa: S302 - of a process that this one started
        except EOFError:
            raise VisitorsError(
                "the process that makes the search indexes ended before they were made",
                code="indexer_ended",
                hint="nothing was written; if the memory was full, free some and try again",
            ) from None
        if problem is not None:
            error = sqlite3.OperationalError(problem[0])
            error.sqlite_errorcode = problem[1]
            raise error
        return list(rows)


def _serve(name: str, calls: BinaryIO, answers: BinaryIO) -> None:
    """In the other process: do what is called for, until there are no more calls or one fails."""

    def answer(rows: list[Any], problem: tuple[str, int | None] | None = None) -> None:
        marshal.dump((rows, problem), answers)
        answers.flush()

    database = Here(name)
    try:
        while True:
            method, *arguments = marshal.load(calls)  # noqa: S302 - of the process that started this one
            if method == "rows":
                found = database.rows(*arguments)
                while rows := list(islice(found, _ROWS_AT_ONCE)):
                    answer(rows)
                answer([])
            else:
                getattr(database, method)(*arguments)
    except EOFError:
        pass
    except sqlite3.Error as error:
        answer([], (str(error), getattr(error, "sqlite_errorcode", None)))


if __name__ == "__main__":
    os.nice(_NICENESS)
    with suppress(BrokenPipeError):  # nobody waits for it any more
        _serve(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)
