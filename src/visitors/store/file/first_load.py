"""Write a large first load directly into the store's file, with larger pages.

A write-ahead log lets readers continue during a write, but every page is written twice, to the log and then to the
file. A store without visitors has nothing to read, so its first load uses a rollback journal instead, and readers wait.
While the store is small it is also given larger pages. Together this reduces importing a million visitors by a fifth
(26 s instead of 33; neither alone saves 10%).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from visitors.store.file import sqlite
from visitors.store.file.sqlite import SqliteDatabase, primary_code
from visitors.store.store import Store

_PAGE_BYTES = 16_384
"""The page size in bytes of a store that begins with a large load; SQLite's default is 4,096."""

_SMALL_PAGES = 1_000
"""The maximum number of pages in a store that is rewritten with another page size."""


@contextmanager
def first_load(store: Store) -> Iterator[bool]:
    """Disable the log during an operation that may write much, if the store has no visitors and nobody else has it
    open.

    Yields whether it did; if so, the operation must lock exclusively. If the process is killed, a rollback journal
    remains: see `restore_log`.
    """
    with store.translated_errors():
        alone = _is_empty(store) and _leave_log(store)
        try:
            if alone:
                _use_large_pages(store)
            yield alone
        finally:
            if alone:
                with suppress(sqlite.OperationalError):  # the data is committed
                    store.execute("PRAGMA journal_mode = WAL")


def restore_log(database: SqliteDatabase) -> None:
    """Restore the log after a killed first load. If somebody else has the store open, the next process does it."""
    with suppress(sqlite.OperationalError):
        database.execute("PRAGMA journal_mode = WAL")


def _is_empty(store: Store) -> bool:
    return not store.execute("SELECT EXISTS (SELECT 1 FROM visitors)").fetchone()[0]


def _leave_log(store: Store) -> bool:
    """Return whether there was a log that has now been disabled."""
    if store.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        return False
    timeout = store.execute("PRAGMA busy_timeout").fetchone()[0]
    store.execute("PRAGMA busy_timeout = 0")  # another connection may keep the store open
    try:
        store.execute("PRAGMA journal_mode = DELETE")
    except sqlite.OperationalError as error:
        if primary_code(error) != sqlite.BUSY:
            raise
        return False
    else:
        return True
    finally:
        store.execute(f"PRAGMA busy_timeout = {timeout}")


def _use_large_pages(store: Store) -> None:
    if store.execute("PRAGMA page_count").fetchone()[0] <= _SMALL_PAGES:
        store.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        store.execute("VACUUM")
