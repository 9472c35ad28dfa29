"""Where a store is, as a value: a file, memory, or a file that goes when it is closed. It is asked what it can do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from visitors.location import MEMORY, TEMPORARY

Ability = Literal["back up", "check", "compact", "wipe"]
"""What may be done to where a store is, beside reading and writing it."""


class File(msgspec.Struct, frozen=True):
    """A file that lasts, by its absolute path: so no name of it can be taken for a URI."""

    path: Path
    abilities: ClassVar[frozenset[Ability]] = frozenset({"back up", "check", "compact", "wipe"})

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> File:
        """The file at `path`, which may be relative to the working directory."""
        return cls(Path(os.path.abspath(path)))  # noqa: PTH100 - Path.absolute() keeps `..`, which a link may follow

    @property
    def name(self) -> str:
        """How it is shown, and can be named again."""
        return str(self.path)

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and inode: whether it is the same file as before. None where there is none."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - at every write, and paths are slower
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @property
    def resolved(self) -> File:
        """The file itself, where `path` is a link to it: SQLite keeps its own files beside that."""
        return File(Path(os.path.realpath(self.path)))


class Memory(msgspec.Struct, frozen=True):
    """Memory alone: nothing of it touches the disk."""

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    name: ClassVar[str] = MEMORY
    identity: ClassVar[tuple[int, int] | None] = None


class Temporary(msgspec.Struct, frozen=True):
    """A file that is new, private, and deleted when it is closed."""

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    name: ClassVar[str] = TEMPORARY
    identity: ClassVar[tuple[int, int] | None] = None


Place = File | Memory | Temporary


def place_of(named: str | os.PathLike[str]) -> Place:
    """The place that `:memory:`, `:temp:` or a path names; `./:temp:` is a file."""
    text = os.fspath(named)
    if text == MEMORY:
        return Memory()
    return Temporary() if text == TEMPORARY else File.at(text)
