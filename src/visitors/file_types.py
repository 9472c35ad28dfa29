"""Kinds of files: only regular files are ever replaced."""

# ruff: noqa: PTH114, PTH115, PTH118 - paths as they were typed, which pathlib would change

from __future__ import annotations

import os
import stat
from pathlib import Path

from visitors.errors import FileProblem

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
_LINKS = 40
"""The maximum number of links followed, as on Linux."""


def kind_of(mode: int) -> str | None:
    """Name the kind of file with this mode (`st_mode`); None for a regular file."""
    return next((kind for is_one, kind in _KINDS if is_one(mode)), None)


def descriptor_of(path: str) -> int | None:
    """Return the number of the open file that a path such as `/dev/stdout` or `/dev/fd/3` refers to."""
    for _ in range(_LINKS):
        folder, name = os.path.split(path)
        if os.path.realpath(folder) in (f"/proc/{os.getpid()}/fd", "/dev/fd") and name.isdecimal():
            return int(name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


def refuse_special(target: Path) -> None:
    """Raise FileProblem if `target`, which is to be replaced, is not a regular file or a link to one."""
    try:
        kind = kind_of(target.stat().st_mode)
    except OSError:  # missing, or not replaceable either
        return
    if descriptor_of(str(target)) is not None:
        kind = "an open file of this process"
    if kind is not None:
        raise FileProblem(f"{target} is {kind}, not a file", hint="use the path of a file")
