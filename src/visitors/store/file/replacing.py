"""Put a store where SQLite cannot open one: where there is no file, or a damaged one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from visitors import interrupts
from visitors.errors import StoreProblem
from visitors.location import COMPANIONS
from visitors.store.file.atomic_file import put_in_place, unfinished
from visitors.store.file.backup import use_journal
from visitors.store.file.readonly import companion

# The bytes of a database file that SQLite locks while it is open (https://sqlite.org/fileformat2.html, lock byte).
_LOCKED_FROM, _LOCKED_BYTES = 0x4000_0002, 510


def put_first(path: Path, made: Path) -> None:
    """Put a new store where there is none, though perhaps a leftover log."""
    use_journal(made, "WAL")
    for ending in COMPANIONS:
        companion(path, ending).unlink(missing_ok=True)
    interrupts.hold()
    put_in_place(made, path)


def replace_damaged(path: Path, made: Path, kept: Path) -> None:
    """Replace a store that SQLite cannot open.

    The old file and its log are kept at `kept`. The log is removed before the new file is in place, since the two must
    never coexist: if killed in between, the old file is damaged as before, and complete under its other name.
    """
    use_journal(made, "WAL")
    with _exclusive_lock(path) as held:
        _keep_raw_files(path, held, kept)
        interrupts.hold()
        for ending in COMPANIONS:
            companion(path, ending).unlink(missing_ok=True)
        put_in_place(made, path, replace=True)


def _keep_raw_files(path: Path, held: BinaryIO, kept: Path) -> None:
    """Copy the raw files of a store that SQLite cannot open, all or none. The file is read through `held`, since
    closing another handle would release the lock.
    """
    with ExitStack() as stack, ExitStack() as failed:
        files = {"": held}
        for ending in COMPANIONS:
            if companion(path, ending).exists():
                files[ending] = stack.enter_context(companion(path, ending).open("rb"))
        for ending, file in files.items():
            with unfinished(kept) as aside:
                with aside.open("xb") as copied:
                    shutil.copyfileobj(file, copied)
                put_in_place(aside, companion(kept, ending))
            failed.callback(companion(kept, ending).unlink, missing_ok=True)
        failed.pop_all()


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[BinaryIO]:
    """Hold SQLite's locks on the file at `path`, so nobody else has it open.

    Raises StoreProblem if somebody has.
    """
    with path.open("r+b") as file:
        if os.name != "posix":
            yield file
            return
        import fcntl

        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKED_FROM)
        except OSError:
            raise StoreProblem(
                f"the store {path} is damaged, and another process has it open",
                code="store_locked",
                hint="stop that process, then try again",
            ) from None
        yield file
