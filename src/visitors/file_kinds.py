"""What stands at a path, where that is no regular file: only regular files are ever replaced."""

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
"""How many links are followed, as by Linux."""


def kind_of(mode: int) -> str | None:
    """What has this mode (`st_mode`), None if it is a regular file."""
    return next((kind for is_one, kind in _KINDS if is_one(mode)), None)


def descriptor_of(path: str) -> int | None:
    """The open file of this process that a path such as `/dev/stdout` or `/dev/fd/3` stands for, by its number."""
    for _ in range(_LINKS):
        folder, name = os.path.split(path)
        if os.path.realpath(folder) in (f"/proc/{os.getpid()}/fd", "/dev/fd") and name.isdecimal():
            return int(name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


def refuse_special(target: Path) -> None:
    """Raises FileProblem where a file is to replace what stands at `target`, and that is none, nor a link to one."""
    try:
        kind = kind_of(target.stat().st_mode)
    except OSError:  # nothing, or what cannot be replaced either
        return
    if descriptor_of(str(target)) is not None:
        kind = "an open file of this process"
    if kind is not None:
        raise FileProblem(f"{target} is {kind}, not a file", hint="name a file")
