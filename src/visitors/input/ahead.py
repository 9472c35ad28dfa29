"""Read ahead: rows are read and validated in a separate process while others are written.

On a second core this hides the shorter of the two. Rows come through a pipe in batches, only a few ahead of the writer,
so memory use is constant.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import msgspec

from visitors.errors import InvalidData, VisitorsError
from visitors.input.rows import Problem, ReadRow
from visitors.input.source import Source

_BATCH = 500
_PIPE_BYTES = 1024 * 1024
"""The size of the pipe's buffer: two or three batches, so that neither process waits at each one."""
_LENGTH = 4


class _Batch(msgspec.Struct, array_like=True):
    """Some rows, the position in the source after them, and the reason why there are no more, if so."""

    rows: list[ReadRow]
    position: int
    is_last: bool
    problem: Problem | None = None


def worth_reading_ahead(source: Source) -> bool:
    """Return whether the file is large, and the machine can fork and has a second core."""
    if not source.is_large or not hasattr(os, "fork"):
        return False
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) > 1


class ReadAhead:
    """The rows from the other process, in order; `position` is how far it has read."""

    def __init__(self, pipe: BinaryIO, source: Source) -> None:
        self._pipe = pipe
        self._decoder = msgspec.msgpack.Decoder(_Batch)
        self._name = source.name
        self.size = source.size
        self.position = 0

    def __iter__(self) -> Iterator[ReadRow]:
        while True:
            batch = self._decoder.decode(self._read(int.from_bytes(self._read(_LENGTH))))
            self.position = batch.position
            yield from batch.rows
            if batch.problem is not None:
                raise batch.problem.error()
            if batch.is_last:
                return

    def _read(self, size: int) -> bytes:
        found = self._pipe.read(size)
        if len(found) < size:
            raise VisitorsError(
                f"the process reading {self._name} ended prematurely",
                code="reader_ended",
                hint="nothing was written; if memory ran out, free some and try again",
            )
        return found


@contextmanager
def read_ahead(rows: Iterator[ReadRow], source: Source) -> Iterator[ReadAhead]:
    """Read `rows` of `source` in a separate process. Enter it before opening anything that must not be shared by a
    fork.

    Raises what reading them raises.
    """
    receiver, sender = os.pipe()
    _widen(sender)
    stops = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # no signal may arrive outside of the `try`
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(receiver)
            # only the parent handles signals: it closes the pipe, which ends this process
            for number in stops:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            with os.fdopen(sender, "wb") as pipe:
                _send(pipe, rows, source)
            status = 0
        finally:
            os._exit(status)  # do not flush or close what the parent has open
    os.close(sender)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        with os.fdopen(receiver, "rb") as pipe:
            yield ReadAhead(pipe, source)
    finally:
        os.kill(child, signal.SIGKILL)  # nothing left to do after the last row
        os.waitpid(child, 0)


def _widen(pipe: int) -> None:
    """Enlarge the pipe's buffer beyond the default of 64 KiB, where the system can."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # the user has reached the limit for pipe buffers
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _send(pipe: BinaryIO, rows: Iterator[ReadRow], source: Source) -> None:
    encoder = msgspec.msgpack.Encoder()

    def send(batch: _Batch) -> None:
        content = encoder.encode(batch)
        pipe.write(len(content).to_bytes(_LENGTH) + content)
        pipe.flush()

    waiting: list[ReadRow] = []
    problem = None
    try:
        for row in rows:
            waiting.append(row)
            if len(waiting) == _BATCH:
                send(_Batch(waiting, source.position, is_last=False))
                waiting = []
    except InvalidData as error:
        problem = Problem.of(error)
    send(_Batch(waiting, source.position, is_last=True, problem=problem))
