"""Reading ahead: rows are read and checked in a process of their own while others are written.

A second core then hides the shorter of the two. The rows come through a pipe in batches, a few ahead of
those that are being written, so that the memory stays flat.
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
"""How much waits in the pipe: two or three batches, so that neither process waits for the other at each."""
_LENGTH = 4


class _Batch(msgspec.Struct, array_like=True):
    """Some rows, how far the source was read for them, and why there are no more, if there are none."""

    rows: list[ReadRow]
    position: int
    is_last: bool
    problem: Problem | None = None


def worth_reading_ahead(source: Source) -> bool:
    """Whether the file is large, and this machine has processes that fork and a second core for one."""
    if not source.is_large or not hasattr(os, "fork"):
        return False
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) > 1


class ReadAhead:
    """The rows from another process, in order; `position` follows how far it has read."""

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
                f"the process that reads {self._name} ended before the file did",
                code="reader_ended",
                hint="nothing was written; if the memory was full, free some and try again",
            )
        return found


@contextmanager
def read_ahead(rows: Iterator[ReadRow], source: Source) -> Iterator[ReadAhead]:
    """`rows` of `source`, made in a process of their own. Enter it before anything that a fork must not copy is open.

    Raises what making them raises.
    """
    receiver, sender = os.pipe()
    _widen(sender)
    stops = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # none may interrupt what stands outside of a `try`
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(receiver)
            # to stop is the parent's to handle: when it closes the pipe, this ends
            for number in stops:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            with os.fdopen(sender, "wb") as pipe:
                _send(pipe, rows, source)
            status = 0
        finally:
            os._exit(status)  # nothing that the parent has open, or wants to write, is this process's
    os.close(sender)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        with os.fdopen(receiver, "rb") as pipe:
            yield ReadAhead(pipe, source)
    finally:
        os.kill(child, signal.SIGKILL)  # at the end of the rows it has nothing left to do
        os.waitpid(child, 0)


def _widen(pipe: int) -> None:
    """Let more wait in the pipe than the usual 64 KiB, where the system can."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # this user has too many of such pipes
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
