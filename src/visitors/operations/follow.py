"""Follow the history: the operations of other processes as they happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from visitors.domain.operation import Change, Operation
from visitors.errors import moved
from visitors.store.history import changes, operations
from visitors.store.history.change_log import every_change
from visitors.store.query.listing import Page
from visitors.store.store import Store

_AT_A_TIME = 500


def followed_operations(store: Store, wanted: operations.Filter, pause: Callable[[], None]) -> Iterator[Operation]:
    """Yield matching operations written from now on, or since `wanted.since`, endlessly; `pause` is called between
    polls. Raises StoreProblem if the store's file is replaced.
    """
    for new in _news(store, wanted, pause):
        page = Page(limit=_AT_A_TIME)
        numbers = None if new.records is None else changes.operations_of(store, new.records)
        while found := operations.select(store, replace(new, numbers=numbers), page):
            yield from found
            page = replace(page, after=found[-1].id)


def followed_changes(store: Store, wanted: operations.Filter, pause: Callable[[], None]) -> Iterator[Change]:
    """Yield single changes, like `followed_operations`."""
    for new in _news(store, wanted, pause):
        if new.records is None:
            yield from every_change(store, new, oldest_first=True)
        else:
            yield from reversed(changes.changes(store, new))


def _news(store: Store, wanted: operations.Filter, pause: Callable[[], None]) -> Iterator[operations.Filter]:
    """Yield `wanted` narrowed to new operations, inside a transaction, each time there may be some."""
    with store.reading():
        last = 0 if wanted.since is not None else operations.newest(store)
    while True:
        if store.place.identity != store.identity:
            raise moved(store.name)
        with store.reading():
            newest = operations.newest(store)
            if newest > last:
                yield replace(wanted, beyond=last)
            last = newest
        pause()
