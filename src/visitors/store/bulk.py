"""Loading many rows at once: what is kept beside a table row by row is cheaper made again at the end.

An index that grows in the order of its keys costs little, one that grows at random costs a page here
and a page there for each row; building it from the sorted whole costs the same for each row.
A trigger costs more than the row itself, whatever it does: SQLite then keeps a journal of every statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from visitors.store import derived
from visitors.store.connection import Store
from visitors.store.texts import TextIndexes

WORTH_IT = 2_000
"""New visitors from which on it pays, if there were few before."""

BEFORE_FOR_ONE = 8
"""How many visitors that were there before are indexed anew in the time that keeping all up for a single one takes."""

# While rows come, the indexes by which contacts are looked up grow here and there.
_LOADING_KIBIBYTES = 49_152
# Making indexes reads tables from front to back, and sorts in as much memory as the cache may take: what the processor
# itself can keep at hand is sorted quicker, piece by piece, than much at once.
_INDEXING_KIBIBYTES = 4_096

# Those by which an import itself looks for contacts. The one that keeps external ids unique is made anew at the end,
# as a second look at what the rules of identify have seen to.
_NEEDED = {"contacts_any_external_id", "contacts_email"}
# What an operation makes is recorded as a range at its end, without them.
_TRIGGERS = (*derived.TRIGGERS, "visitors_insert", "contacts_insert")


@contextmanager
def bulk_load(store: Store, *, keep: Collection[str] = ()) -> Iterator[Callable[[int], None]]:
    """Inside an operation: tell what it gives how many visitors were made so far.

    Once keeping them up took as long as making them anew would have, the indexes of visitors, contacts and causes,
    but for those in `keep`, and their triggers are dropped; they are made anew when the block ends well, in
    the same transaction, and so is what is derived from the tables.
    """
    before = store.execute("SELECT coalesce(max(pk), 0) FROM visitors").fetchone()[0]
    with ExitStack() as stack:
        texts: TextIndexes | None = None

        def made(count: int) -> None:
            nonlocal texts
            if texts is not None:
                texts.follow("visitors_text")  # ids do not change
            elif count >= max(before // BEFORE_FOR_ONE, WORTH_IT):
                texts = stack.enter_context(derived_at_the_end(store, keep={*keep, *_NEEDED}))

        yield made


@contextmanager
def derived_at_the_end(store: Store, *, keep: Collection[str]) -> Iterator[TextIndexes]:
    """Inside an operation: until the block ends well, the indexes of visitors, contacts and causes and the triggers of
    the first two are dropped, but for those in `keep`; then they, and what is derived from the tables, are made anew.
    The full-text indexes, which are given, may be begun before.
    """

    def hinders(one: Beside) -> bool:
        of_these = one.is_index and one.table in ("visitors", "contacts", "causes")
        return (one.name in _TRIGGERS or of_these) and one.name not in keep

    store.keep_in_memory(_LOADING_KIBIBYTES)
    to_make = set_aside(store, hinders)
    with TextIndexes(store) as texts:
        yield texts
        store.keep_in_memory(_INDEXING_KIBIBYTES)
        derived.rebuild_with(texts, store, to_make)


class Beside(NamedTuple):
    """A trigger or an index."""

    name: str
    table: str
    is_index: bool


def set_aside(store: Store, chosen: Callable[[Beside], bool]) -> list[str]:
    """Drop the triggers and indexes that are `chosen`; returns the statements that make them again."""
    found = store.execute(
        "SELECT name, tbl_name, type = 'index', sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    dropped = [(Beside(*row), sql) for *row, sql in found]
    dropped = [(one, sql) for one, sql in dropped if chosen(one)]
    for one, _ in dropped:
        store.execute(f"DROP {'INDEX' if one.is_index else 'TRIGGER'} {one.name}")
    return [sql for _, sql in dropped]
