"""Read a secret key from a file, only if it is private to its owner."""

from __future__ import annotations

import os
import stat

from visitors.errors import InvalidData

SHORTEST = 16
"""The minimum size of a key in bytes."""
LONGEST = 65_536
"""The maximum size in bytes; a larger file is not a key."""

_MAKE_ONE = "(umask 077; openssl rand -out {path} 32)"
_MAKE_ANOTHER = f"use another file: {_MAKE_ONE.format(path='NEW.key')}"
"""The hint about a file that exists: a command with its path would overwrite it."""


def read_key(path: str) -> bytes:
    """Read all bytes of the key file at `path`, following a symbolic link.

    Raises InvalidData if it is missing, not a regular file, unreadable, too short or too long, or if its group or
    others can read or write it. Neither the message nor the hint reveals its content.
    """
    try:
        # check the file that is read, not its path; do not block on a pipe without a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        hint = _MAKE_ONE.format(path=_quoted(path))
        raise InvalidData(f"key file {path} not found", code="key_missing", hint=hint) from None
    except OSError as error:
        raise InvalidData(f"cannot read the key file {path}: {error.strerror}", code="key_unreadable") from None
    try:
        _check(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            key = opened.read(LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(key) < SHORTEST:
        found = f"has {len(key)} bytes" if key else "is empty"
        raise InvalidData(
            f"the key file {path} {found}; a key needs at least {SHORTEST} bytes",
            code="key_too_short",
            hint=_MAKE_ANOTHER,
        )
    if len(key) > LONGEST:
        raise InvalidData(
            f"the key file {path} is larger than {LONGEST:,} bytes, so it is probably not a key",
            code="key_too_long",
            hint=_MAKE_ANOTHER,
        )
    return key


def _check(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InvalidData(f"the key file {path} is {what}", code="key_unreadable", hint="use the path of a file")
    if os.name == "posix" and status.st_mode & 0o077:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        raise InvalidData(
            f"the key file {path} can be read or written by others (mode {mode})",
            code="key_not_private",
            hint=f"chmod 600 {_quoted(path)}",
        )


def _quoted(path: str) -> str:
    from shlex import quote

    return quote(path)
