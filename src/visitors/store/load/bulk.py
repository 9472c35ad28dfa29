"""Loading many rows at once: what is kept up row by row is cheaper to create again at the end.

An index that grows in the order of its keys costs little, one that grows at random costs a page here
and a page there for each row; building it from the sorted whole costs the same for each row.
A trigger costs more than the row itself, whatever it does: SQLite then keeps a journal of every statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from visitors.store.load import indexes
from visitors.store.store import Store

WORTH_IT = 2_000
"""New visitors from which on it pays, if there were few before."""

BEFORE_FOR_ONE = 8
"""How many visitors that were there before are indexed anew in the time that keeping all up for a single one takes."""

# While rows come, the indexes by which contacts are looked up grow here and there.
_LOADING_KIBIBYTES = 49_152
# Creating indexes reads tables from front to back, and sorts in as much memory as the cache may take: what the
# processor itself can keep at hand is sorted quicker, piece by piece, than much at once.
_INDEXING_KIBIBYTES = 4_096

# Those by which an import itself looks for contacts. The one that keeps external ids unique is created again at the
# end, as a second look at what the rules of identify have seen to.
_NEEDED = {"contacts_any_external_id", "contacts_email"}
# What an operation creates is recorded as a range at its end, without the triggers that record.
_TRIGGERS = (*indexes.TRIGGERS, "visitors_insert", "contacts_insert")


@contextmanager
def bulk_load(store: Store, *, keep: Collection[str] = ()) -> Iterator[Callable[[int], None]]:
    """Inside an operation: tell what it gives how many visitors were created so far.

    Once keeping them up took as long as creating them again would have, the indexes of visitors and contacts, but for
    those in `keep`, and their triggers are dropped; they are created again when the block ends well, in the same
    transaction.
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
    """Inside an operation: until the block ends well, the indexes of visitors and contacts and their triggers are
    dropped, but for those in `keep`; then they are created again.
    """

    def hinders(one: SchemaObject) -> bool:
        of_these = one.is_index and one.table in ("visitors", "contacts")
        return (one.name in _TRIGGERS or of_these) and one.name not in keep

    store.keep_in_memory(_LOADING_KIBIBYTES)
    to_create = drop(store, hinders)
    yield
    store.keep_in_memory(_INDEXING_KIBIBYTES)
    indexes.rebuild(store, to_create)


class SchemaObject(NamedTuple):
    """A trigger or an index."""

    name: str
    table: str
    is_index: bool


def drop(store: Store, chosen: Callable[[SchemaObject], bool]) -> list[str]:
    """Drop the triggers and indexes that are `chosen`; returns the statements that create them again."""
    found = store.execute(
        "SELECT name, tbl_name, type = 'index', sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    dropped = [(SchemaObject(*row), sql) for *row, sql in found]
    dropped = [(one, sql) for one, sql in dropped if chosen(one)]
    for one, _ in dropped:
        store.execute(f"DROP {'INDEX' if one.is_index else 'TRIGGER'} {one.name}")
    return [sql for _, sql in dropped]
