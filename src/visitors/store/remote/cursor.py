"""Streaming the results of a batch, step by step and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from visitors.store.database import Row
from visitors.store.remote import hrana
from visitors.store.remote.connection import AnswerLost, StreamOver

_IN_MEMORY = 16 * 1024 * 1024
"""How many bytes of a response are buffered in memory; more go to a temporary file."""


class Rows:
    """The complete result of one statement."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._left = iter(rows)
        self.rowcount = rowcount
        """The number of changed rows."""

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        return next(self._left, None)

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""
        return list(self._left)

    def __iter__(self) -> Iterator[Row]:
        return self._left


class StepFailed(Exception):
    """A step of a batch failed. `before` are the results of earlier steps; later ones did not run."""

    def __init__(self, step: int, failure: hrana.Failure, before: list[Rows]) -> None:
        super().__init__(failure.message)
        self.step = step
        self.failure = failure
        self.before = before


class Cursor:
    """The response to a batch. It is buffered if the connection is needed before all of it is read."""

    def __init__(self, lines: Iterator[bytes], *, is_transaction: bool) -> None:
        """Raises AnswerLost, and whatever reading `lines` raises."""
        self._lines = lines
        self._is_transaction = is_transaction
        self._step = -1
        self._given: list[Rows] = []
        self.columns: list[str] = []
        """The column names of the current step."""
        self.baton = hrana.cursor_start(next(lines, b"")).baton

    def results(self, count: int) -> list[Rows]:
        """Return the results of `count` steps. Raises AnswerLost, StepFailed, and StreamOver if one did not run."""
        self._read(count)
        if len(self._given) < count:
            raise self._cut()
        return self._given

    def skip_to(self, step: int) -> None:
        """Read up to the rows of this step. Raises like `results`."""
        if not self._read(step):
            raise self._cut()

    def _cut(self) -> Exception:
        return StreamOver("the transaction is closed") if self._is_transaction else AnswerLost(hrana.MALFORMED)

    def _read(self, step: int) -> bool:
        """Read up to the rows of this step; return whether it has begun."""
        rows: list[Row] = []
        for entry in self._entries():
            if entry.type == "step_begin":
                if self._step == step:
                    return True
                rows = []
            elif entry.type == "row":
                rows.append(hrana.row(entry.row))
            elif entry.type == "step_end":
                self._given.append(Rows(rows, entry.affected_row_count))
        return False

    def rows(self) -> Iterator[Row]:
        """Iterate over the rows of the last step, which has begun. Raises AnswerLost and StepFailed."""
        for entry in self._entries():
            if entry.type == "row":
                yield hrana.row(entry.row)
            elif entry.type == "step_end":
                self._given.append(Rows([], 0))
        if len(self._given) <= self._step:
            raise AnswerLost("the response was truncated")

    def keep(self) -> None:
        """Buffer the rest of the response, so that the connection is free. Raises AnswerLost."""
        kept: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed once it is read
        for line in self._lines:
            kept.write(line + b"\n")
        kept.seek(0)
        self._lines = _closing(kept)

    def _entries(self) -> Iterator[hrana.CursorEntry]:
        while line := next(self._lines, b""):  # `keep` may replace them meanwhile
            entry = hrana.cursor_entry(line)
            if entry.type == "step_begin" and entry.step is not None:
                self._step = entry.step
                self.columns = [one.name or "" for one in entry.cols]
            if entry.error is not None:
                step = self._step if entry.step is None else entry.step
                for _ in self._lines:
                    pass  # later steps did not run
                raise StepFailed(step, entry.error, self._given)
            yield entry


def _closing(kept: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, then close it."""
    with kept:
        yield from kept
