"""The location of a store, as a value: a file, memory, or a temporary file, with its capabilities."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec

from visitors.errors import UsageProblem
from visitors.location import MEMORY, TEMPORARY
from visitors.store.servers import Ability, Server, server_of

if TYPE_CHECKING:
    from visitors.domain.receipt import Remains


class File(msgspec.Struct, frozen=True):
    """A permanent file, by its absolute path, which cannot be mistaken for a URI."""

    path: Path
    abilities: ClassVar[frozenset[Ability]] = frozenset({"back up", "check", "compact", "wipe"})
    keeps_copies_in: ClassVar[tuple[Remains, ...]] = ()

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> File:
        """Return the file at `path`, which may be relative to the working directory."""
        return cls(Path(os.path.abspath(path)))  # noqa: PTH100 - Path.absolute() keeps `..`, which a link may follow

    @property
    def name(self) -> str:
        """Its display name, which can be given as `--db` again."""
        return str(self.path)

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and inode, to recognise the same file; None if there is none."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - at every write, and paths are slower
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @property
    def resolved(self) -> File:
        """The file itself if `path` is a link: SQLite keeps its own files beside it."""
        return File(Path(os.path.realpath(self.path)))


class Memory(msgspec.Struct, frozen=True):
    """Memory only: nothing is written to disk."""

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    keeps_copies_in: ClassVar[tuple[Remains, ...]] = ()
    name: ClassVar[str] = MEMORY
    identity: ClassVar[tuple[int, int] | None] = None


class Temporary(msgspec.Struct, frozen=True):
    """A new, private file, deleted when closed."""

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    keeps_copies_in: ClassVar[tuple[Remains, ...]] = ()
    name: ClassVar[str] = TEMPORARY
    identity: ClassVar[tuple[int, int] | None] = None


Local = File | Memory | Temporary
"""A place on this machine."""

Place = Local | Server


def place_of(named: str | os.PathLike[str], *, token: Callable[[], str] = str, insecure_http: bool = False) -> Place:
    """Return the place for `:memory:`, `:temp:`, a URL or a path; `./:temp:` is a file. `token` returns the token for a
    server. Raises UsageProblem for an invalid URL or path, and unless `insecure_http` for `http://` to another machine.
    """
    text = os.fspath(named)
    if "\0" in text:
        raise UsageProblem(f"the path {text!r} contains a NUL character")
    if "://" in text:
        return server_of(text, token=token(), insecure_http=insecure_http)
    if text == MEMORY:
        return Memory()
    return Temporary() if text == TEMPORARY else File.at(text)
