"""Temporary copies of what cannot be read twice: a pipe, or decompressed content."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from visitors.errors import StoreProblem


def spool(read: Callable[[], bytes], name: str) -> BinaryIO:
    """Copy what `read` returns, until that is empty, into a file without a name, which is removed when closed.

    Raises StoreProblem if it does not fit, and what `read` raises.
    """
    with _fitting(name):
        spooled = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the source closes it
    try:
        while block := read():
            with _fitting(name):
                spooled.write(block)
        with _fitting(name):
            spooled.seek(0)  # which writes what is buffered
    except BaseException:
        with contextlib.suppress(OSError):  # what did not fit will not fit now either
            spooled.close()
        raise
    return spooled


@contextlib.contextmanager
def _fitting(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreProblem(
            f"{name} does not fit the temporary folder {tempfile.gettempdir()}: {error.strerror or error}",
            code="disk_full",
            hint="free some space there, or set TMPDIR to another folder; nothing was written",
        ) from None
