"""Bulk loads: drop indexes and triggers, and create them again at the end.

An index that grows in key order is cheap; one that grows in random order costs page accesses for each row, while
building it from sorted data has a constant cost a row. A trigger costs more than the row itself, whatever it does,
since SQLite then keeps a statement journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from visitors.store.load import indexes
from visitors.store.store import Store

WORTH_IT = 2_000
"""The number of new visitors from which it is worthwhile in a nearly empty store."""

BEFORE_FOR_ONE = 8
"""How many existing visitors can be reindexed in the time that maintaining the indexes takes for one new visitor."""

# The indexes that an import itself uses to find contacts. The one for unique external ids is created again at the end,
# which verifies what the identify rules ensured.
_NEEDED = {"contacts_any_external_id", "contacts_email"}
# Creations are recorded as a range at the end of the operation, without the recording triggers.
_TRIGGERS = (*indexes.TRIGGERS, "visitors_insert", "contacts_insert")


@contextmanager
def bulk_load(store: Store, *, keep: Collection[str] = ()) -> Iterator[Callable[[int], None]]:
    """Within an operation, yield a function to be called with the number of visitors created so far.

    When maintaining them has cost as much as rebuilding would, the indexes of visitors and contacts, except those in
    `keep`, and their triggers are dropped; they are created again if the block succeeds, in the same transaction.
    """
    before = store.execute("SELECT coalesce(max(pk), 0) FROM visitors").fetchone()[0]
    with ExitStack() as stack:
        dropped = False

        def created(count: int) -> None:
            nonlocal dropped
            if not dropped and count >= max(before // BEFORE_FOR_ONE, WORTH_IT):
                stack.enter_context(indexed_at_the_end(store, keep={*keep, *_NEEDED}))
                dropped = True

        yield created


@contextmanager
def indexed_at_the_end(store: Store, *, keep: Collection[str]) -> Iterator[None]:
    """Within an operation, drop the indexes of visitors and contacts and their triggers, except those in `keep`, and
    create them again if the block succeeds.
    """

    def should_drop(one: SchemaObject) -> bool:
        of_these = one.is_index and one.table in ("visitors", "contacts")
        return (one.name in _TRIGGERS or of_these) and one.name not in keep

    to_create = drop(store, should_drop)
    yield
    indexes.rebuild(store, to_create)


class SchemaObject(NamedTuple):
    """A trigger or an index."""

    name: str
    table: str
    is_index: bool


def drop(store: Store, chosen: Callable[[SchemaObject], bool]) -> list[str]:
    """Drop the `chosen` triggers and indexes; return the statements that create them again."""
    found = store.execute(
        "SELECT name, tbl_name, type = 'index', sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    dropped = [(SchemaObject(*row), sql) for *row, sql in found]
    dropped = [(one, sql) for one, sql in dropped if chosen(one)]
    for one, _ in dropped:
        store.later(f"DROP {'INDEX' if one.is_index else 'TRIGGER'} {one.name}")
    return [sql for _, sql in dropped]
