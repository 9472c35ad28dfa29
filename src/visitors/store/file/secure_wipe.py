"""The bytes behind the rows: the log that still has what was overwritten, and pages with room in them.

`secure_delete` overwrites what is removed, where it stands. It leaves what SQLite had moved before: when
it packs a page anew, copies of rows stay behind in the room that this makes, and are no longer anybody's
to remove. Only writing the whole file anew (VACUUM) leaves none, which is why an erasure does it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import msgspec

from visitors.errors import StoreProblem
from visitors.location import COMPANIONS
from visitors.store.history import receipts
from visitors.store.places import File
from visitors.store.store import Store
from visitors.unfinished import remove_left_behind, unfinished_in

_EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


class Wiped(msgspec.Struct, frozen=True):
    """How far it went: what kept the file from being written anew, and whether the log is empty."""

    problem: str | None
    log_is_empty: bool


def wipe(store: Store, *, rewrite: bool) -> Wiped:
    """Write the file anew, if that is wanted, and empty its log: then no erasure is unfinished any more. What was to
    be removed is removed before, so that nothing here undoes it: nothing is raised.
    """
    problem = None
    if "wipe" not in store.place.abilities:  # nothing of it lasts
        return Wiped(None, log_is_empty=True)
    if rewrite:
        try:
            with store.translated_errors():
                store.execute("VACUUM")
        except StoreProblem as error:
            problem = error.message
    try:
        with store.translated_errors():
            busy = store.execute(_EMPTY_LOG).fetchone()[0]
            if rewrite and problem is None and not busy:
                receipts.finish(store)
                store.execute(_EMPTY_LOG)
    except StoreProblem:
        busy = 1
    return Wiped(problem, log_is_empty=not busy)


def log_of(place: File) -> Path:
    """Where the log of the store is: beside the file itself, if its path is a link to it."""
    file = place.resolved.path
    return file.with_name(f"{file.name}-wal")


def copies_beside(place: File) -> list[Path]:
    """The files beside the store that begin with its name, as backups do, and are not its own; and what processes make
    there now. Where its path is a link, that is looked for beside the link, too. What killed processes left unfinished
    there, or in the temporary folder, is removed.
    """
    remove_left_behind(Path(gettempdir()))
    stores = dict.fromkeys([place.resolved.path, *_names(place.path)])
    own = {store.with_name(store.name + ending) for store in stores for ending in ("", *COMPANIONS)}
    found: dict[Path, None] = {}
    for store in stores:
        remove_left_behind(store.parent)
        found |= dict.fromkeys(one for one in _named_as(store) if one not in own)
        found |= dict.fromkeys(unfinished_in(store.parent))
    return list(found)


def _names(path: Path) -> Iterator[Path]:
    """The path, and each that it leads to as a link of a link, in its real folder."""
    path = Path(os.path.realpath(path.parent)) / path.name
    yield path
    if path.is_symlink():
        yield from _names(path.parent / path.readlink())


def _named_as(store: Path) -> list[Path]:
    try:
        return sorted(one for one in store.parent.iterdir() if one.name.startswith(store.name))
    except OSError:  # a folder may be there to be passed, not to be read
        return []
