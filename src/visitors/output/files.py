"""Write files completely or not at all; new ones are private to their owner."""

from __future__ import annotations

import gzip
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from visitors import interrupts
from visitors.errors import FileProblem
from visitors.file_types import descriptor_of
from visitors.folders import refuse_missing_folder
from visitors.private import FILE_MODE, set_mode
from visitors.unfinished import unfinished_folder


@contextmanager
def whole_file(path: str) -> Iterator[TextIO]:
    """Open a text file that appears at `path` if the block succeeds, compressed if it ends in `.gz`.

    Until then it is in a temporary folder beside it; it replaces whatever is at `path` (of a symbolic link, the link
    itself, not its target). Anything other than a regular file, and files that this process has open, are written
    directly: `/dev/stdout`, `/dev/fd/3`, a pipe, a device. Raises FileProblem.
    """
    target = Path(path)
    try:
        refuse_missing_folder(path)
        if target.is_dir():
            raise FileProblem(f"{path} is a directory, not a file", hint="use the path of a file in it")
        with _stream(target) or _replacement(target) as binary, _text(binary, path) as text:
            yield text
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise FileProblem(f"cannot write {path}: {error.strerror or error}") from error


def _stream(target: Path) -> BinaryIO | None:
    """Open what is not a regular file, or is open in this process, for writing; None for what is to be replaced."""
    opened = descriptor_of(str(target))
    if opened is not None:
        return os.fdopen(os.dup(opened), "wb")
    if target.exists() and not target.is_file():
        return os.fdopen(os.open(target, os.O_WRONLY), "wb")
    return None


@contextmanager
def _replacement(target: Path) -> Iterator[BinaryIO]:
    with unfinished_folder(target.parent) as folder:
        made = folder / "unfinished"
        with open(made, "xb", opener=_private) as binary:
            set_mode(binary.fileno(), _mode_of(target))
            yield binary
            binary.flush()
            os.fsync(binary.fileno())
        interrupts.hold()
        made.replace(target)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)


def _mode_of(target: Path) -> int:
    """Return the mode of the replaced file, since somebody chose it, but not that of a link's target; else private."""
    try:
        there = target.lstat()
    except OSError:
        return FILE_MODE
    return stat.S_IMODE(there.st_mode) if stat.S_ISREG(there.st_mode) else FILE_MODE


@contextmanager
def _text(binary: BinaryIO, path: str) -> Iterator[TextIO]:
    if path.endswith(".gz"):
        # without name and time, so equal rows give equal bytes
        with gzip.GzipFile(filename="", mode="wb", fileobj=binary, mtime=0) as packed:
            yield from _wrapped(cast("BinaryIO", packed))
    else:
        yield from _wrapped(binary)


def _wrapped(binary: BinaryIO) -> Iterator[TextIO]:
    text = io.TextIOWrapper(binary, encoding="utf-8", newline="\n", write_through=False)
    yield text
    text.flush()
    text.detach()
