"""Loading many rows at once: what is kept beside a table row by row is cheaper made again at the end.

An index that grows in the order of its keys costs little, one that grows at random costs a page here
and a page there for each row; building it from the sorted whole costs a third of a microsecond a row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from visitors.store.connection import Store

WORTH_IT = 10_000
"""New rows from which on it pays, if there were not as many before."""

# Those by which an import itself looks for contacts.
_NEEDED = {"contacts_external_id", "contacts_any_external_id", "contacts_email"}


@contextmanager
def bulk_load(store: Store, *, keep: Collection[str] = ()) -> Iterator[Callable[[int], None]]:
    """Inside an operation: tell what it gives how many visitors were made so far.

    Once they are more than there were before, the indexes of visitors and contacts are dropped, but for
    those in `keep`; they are made anew when the block ends well, in the same transaction.
    """
    before = store.execute("SELECT coalesce(max(pk), 0) FROM visitors").fetchone()[0]
    to_make: list[str] = []

    def made(count: int) -> None:
        if not to_make and count >= max(before, WORTH_IT):
            to_make.extend(_drop(store, {*keep, *_NEEDED}))

    yield made
    for sql in to_make:
        store.execute(sql)


def _drop(store: Store, keep: Collection[str]) -> list[str]:
    """Drop the indexes; returns the statements that make them again."""
    found = store.execute(
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND tbl_name IN ('visitors', 'contacts') AND sql IS NOT NULL"
    ).fetchall()
    dropped = [(name, sql) for name, sql in found if name not in keep]
    for name, _ in dropped:
        store.execute(f"DROP INDEX {name}")
    return [sql for _, sql in dropped]
