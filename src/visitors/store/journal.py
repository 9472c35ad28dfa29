"""How what is written reaches the file of a store: by a write-ahead log, but for a first load.

With a log readers see what was there before, and wait for nobody. It has all pages written twice, once into the
log and once from there into the file, with a checksum of each. In a store without visitors there is nothing to read,
so that a large load of one writes straight into the file, under a rollback journal, and readers wait: that takes a
sixth of its time less. And as the store is still small, it then gets larger pages, of which a large store is read
and written with fewer calls: that takes a tenth less.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from visitors.store.problems import primary_code

_PAGE_BYTES = 16_384
"""The size of the pages of a store that begins with a large load; SQLite's own is 4,096."""

_SMALL_PAGES = 1_000
"""Up to how many pages a store is written anew for pages of another size."""


def use_log(connection: sqlite3.Connection, timeout: float) -> None:
    """Keep a write-ahead log from now on; a file system that cannot have one stays with a rollback journal.

    Of several processes that ask at once all but one may be told that the store is locked, without SQLite waiting
    for its busy timeout: so this waits, up to `timeout` seconds. Raises sqlite3.OperationalError.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def without_log(connection: sqlite3.Connection) -> Iterator[None]:
    """Around a transaction that may write much: no log while it runs, if it is a first load and nobody else has the
    store open. A process that is killed meanwhile leaves a rollback journal; see `use_log_again`.
    """
    if _has_visitors(connection) or not _leave_log(connection):
        yield
        return
    try:
        _use_large_pages(connection)
        yield
    finally:
        with suppress(sqlite3.OperationalError):  # what was written is written
            use_log(connection, _timeout(connection))


def use_log_again(connection: sqlite3.Connection) -> None:
    """In a store beside which a rollback journal lay: whoever wrote it was killed, and kept no log; now there is one.

    If somebody else has the store open, this is left to the next.
    """
    with suppress(sqlite3.OperationalError):
        use_log(connection, 0)


def _has_visitors(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM visitors)").fetchone()[0])


def _leave_log(connection: sqlite3.Connection) -> bool:
    """Whether there was a log, and there is none any more."""
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        return False
    timeout = _timeout(connection)
    connection.execute("PRAGMA busy_timeout = 0")  # who has the store open may keep it open
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_BUSY:
            raise
        return False
    else:
        return True
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(timeout * 1000)}")


def _use_large_pages(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA page_count").fetchone()[0] <= _SMALL_PAGES:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("VACUUM")
        # SQLite goes on to count as many of the larger pages as before of the smaller ones
        size = connection.execute("PRAGMA cache_size").fetchone()[0]
        connection.execute(f"PRAGMA cache_size = {size}")


def _timeout(connection: sqlite3.Connection) -> float:
    """How many seconds the connection waits for another's lock."""
    return int(connection.execute("PRAGMA busy_timeout").fetchone()[0]) / 1000
