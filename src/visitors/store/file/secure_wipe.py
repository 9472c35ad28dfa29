"""Remove traces of deleted rows: in the log, which still has overwritten content, and in pages with free space.

`secure_delete` overwrites content where it is deleted, but not copies that SQLite left in the free space of a page when
it defragmented it. Only rewriting the whole file (VACUUM) removes those, so an erasure does that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import msgspec

from visitors.errors import StoreProblem
from visitors.location import COMPANIONS
from visitors.store.file.readonly import companion
from visitors.store.history import receipts
from visitors.store.places import File
from visitors.store.store import Store
from visitors.unfinished import remove_left_behind, unfinished_in

_EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


class Wiped(msgspec.Struct, frozen=True):
    """The result: what prevented rewriting the file or emptying the log, and whether the log is empty."""

    problem: str | None
    log_is_empty: bool


def wipe(store: Store, *, rewrite: bool) -> Wiped:
    """Rewrite the file, if requested, and empty its log, which completes the erasures. The rows themselves are already
    deleted, so no failure may undo that: nothing is raised.
    """
    problem = None
    if "wipe" not in store.place.abilities:  # nothing persists
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
    except StoreProblem as error:
        problem, busy = problem or error.message, 1
    return Wiped(problem, log_is_empty=not busy)


def log_of(place: File) -> Path:
    """Return the path of the store's log: beside the file itself, if its path is a link."""
    return companion(place.resolved.path, "-wal")


def find_copies(place: File) -> list[Path]:
    """Find files beside the store that begin with its name, as backups do, without its own, and files that processes
    are writing there. If its path is a link, this includes the link's folder. Unfinished files of killed processes,
    there and in the temporary folder, are removed.
    """
    remove_left_behind(Path(gettempdir()))
    stores = dict.fromkeys([place.resolved.path, *_names(place.path)])
    own = {companion(store, ending) for store in stores for ending in ("", *COMPANIONS)}
    found: dict[Path, None] = {}
    for store in stores:
        remove_left_behind(store.parent)
        found |= dict.fromkeys(one for one in _named_as(store) if one not in own)
        found |= dict.fromkeys(unfinished_in(store.parent))
    return list(found)


def _names(path: Path) -> Iterator[Path]:
    """Return the path, and each link target on the way to the file, with resolved folders."""
    path = Path(os.path.realpath(path.parent)) / path.name
    yield path
    if path.is_symlink():
        yield from _names(path.parent / path.readlink())


def _named_as(store: Path) -> list[Path]:
    try:
        return sorted(one for one in store.parent.iterdir() if one.name.startswith(store.name))
    except OSError:  # a folder may allow access but not listing
        return []
