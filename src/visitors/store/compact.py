"""Giving back the space that a store does not need, and making anew what is derived from its records."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from visitors.errors import StoreProblem
from visitors.store import derived, texts
from visitors.store.connection import WRITING_KIBIBYTES, Store
from visitors.store.copying import pages_of
from visitors.store.invariants import INVARIANTS, offenders
from visitors.store.opening import open_store
from visitors.store.placing import refuse_small_disk
from visitors.store.problems import translated_errors
from visitors.store.untouched import size_with_log

_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 - where SQLite looks, nothing is put there


class Compacted(msgspec.Struct, frozen=True, rename="camel"):
    """How many bytes the store and its log took, before and after."""

    path: str
    bytes_before: int
    bytes_after: int


def compact(path: Path, timeout: float = 30.0) -> Compacted:
    """Write the store at `path` anew, without gaps, its indexes as well; one killed in between stays as it was.

    Raises StoreProblem when the store is missing, damaged, or open elsewhere, and when the disk has not enough room.
    """
    before = size_with_log(path)
    with translated_errors(path), open_store(path, timeout=timeout, create=False) as store:
        store.keep_in_memory(WRITING_KIBIBYTES)
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA locking_mode = EXCLUSIVE")
        store.execute("BEGIN EXCLUSIVE")  # waits for whoever has it open, then says that it is locked
        are_sound = _indexes_are_sound(store)
        _refuse_small_disk(store)
        if not are_sound:
            store.execute("REINDEX")  # VACUUM copies them as they are
        if not _agrees(store):
            derived.rebuild(store)
        else:
            for one in derived.MAPS:  # they may be wider than they have to be
                one.rebuild(store)
        texts.merge(store)
        store.execute("COMMIT")
        store.execute("VACUUM")
        store.execute("PRAGMA optimize")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Compacted(str(path), before, size_with_log(path))


def _indexes_are_sound(store: Store) -> bool:
    """Whether the indexes are what the tables say. Raises StoreProblem when a table is damaged."""
    if store.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok":
        return True
    said = store.execute("PRAGMA quick_check(1)").fetchone()[0]  # of the tables alone
    if said != "ok":
        detail, hint = said.splitlines()[-1], "visitors db check"
        raise StoreProblem(f"the store {store.path} is damaged: {detail}", code="store_corrupt", hint=hint)
    return False


def _agrees(store: Store) -> bool:
    """Whether what is derived from the records is what they say."""
    invariants = (invariant for invariant in INVARIANTS if invariant.is_derived)
    return all(texts.agrees(store, table) for table in texts.TEXTS) and not any(
        next(offenders(store, invariant), None) for invariant in invariants
    )


def _refuse_small_disk(store: Store) -> None:
    """SQLite writes the store once to a temporary file and once to its log. Raises StoreProblem without the room."""
    pages = pages_of(store)
    needed = (pages.count - pages.free) * pages.size
    folder, temporary = store.path.parent, _temporary_folder()
    is_one = folder.stat().st_dev == temporary.stat().st_dev
    for place, bytes_ in ((folder, needed * 2 if is_one else needed), (temporary, needed)):
        hint = "free some space, or name another temporary folder: SQLITE_TMPDIR"
        refuse_small_disk(place, bytes_, "compacting", hint)


def _temporary_folder() -> Path:
    """Where SQLite puts its temporary files (https://sqlite.org/tempfiles.html)."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    folders = (Path(name) for name in named if name)
    return next((one for one in folders if one.is_dir() and os.access(one, os.W_OK | os.X_OK)), Path())
