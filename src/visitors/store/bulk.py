"""Loading many rows at once: what is kept beside a table row by row is cheaper made again at the end.

An index that grows in the order of its keys costs little, one that grows at random costs a page here
and a page there for each row; building it from the sorted whole costs a third of a microsecond a row.
A trigger costs more than the row itself, whatever it does: SQLite then keeps a journal of every statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from visitors.store import search
from visitors.store.connection import Store

WORTH_IT = 2_000
"""New visitors from which on it pays, if there were not as many before."""

# What is written goes to the end of tables and is not read again; sorting, too, takes as much memory as the cache may.
# It stays so until the store is closed: the ids that were made are then read once, from the first to the last.
_CACHE_KIBIBYTES = 16_384

# Those by which an import itself looks for contacts.
_NEEDED = {"contacts_external_id", "contacts_any_external_id", "contacts_email"}
# What an operation makes is recorded as a range at its end, without them.
_TRIGGERS = (*search.TRIGGERS, "visitors_insert", "contacts_insert")


@contextmanager
def bulk_load(store: Store, *, keep: Collection[str] = ()) -> Iterator[Callable[[int], None]]:
    """Inside an operation: tell what it gives how many visitors were made so far.

    Once they are more than there were before, the indexes of visitors and contacts, but for those in
    `keep`, and their triggers are dropped; they are made anew when the block ends well, in the same
    transaction, and so is what is derived from the tables.
    """
    before = store.execute("SELECT coalesce(max(pk), 0) FROM visitors").fetchone()[0]
    to_make: list[str] = []

    def made(count: int) -> None:
        if not to_make and count >= max(before, WORTH_IT):
            store.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
            to_make.extend(_drop(store, {*keep, *_NEEDED}))

    yield made
    if to_make:
        search.rebuild(store)
        for sql in to_make:
            store.execute(sql)


def _drop(store: Store, keep: Collection[str]) -> list[str]:
    """Drop the indexes and triggers; returns the statements that make them again."""
    found = store.execute(
        "SELECT type, name, sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger') AND tbl_name IN ('visitors', 'contacts') AND sql IS NOT NULL"
    ).fetchall()
    dropped = [row for row in found if row[1] in _TRIGGERS or (row[0] == "index" and row[1] not in keep)]
    for kind, name, _ in dropped:
        store.execute(f"DROP {kind} {name}")
    return [sql for _, _, sql in dropped]
