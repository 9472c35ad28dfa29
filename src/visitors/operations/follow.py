"""Follow the history: what other processes do, as they do it."""

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
    """The operations that are wanted and are written from now on, or since `wanted.since`, without an end. `pause` is
    what is done until the store is looked at again. Raises StoreProblem when another file takes its place.
    """
    for new in _news(store, wanted, pause):
        page = Page(limit=_AT_A_TIME)
        numbers = None if new.records is None else changes.operations_of(store, new.records)
        while found := operations.select(store, replace(new, numbers=numbers), page):
            yield from found
            page = replace(page, after=found[-1].id)


def followed_changes(store: Store, wanted: operations.Filter, pause: Callable[[], None]) -> Iterator[Change]:
    """As `followed_operations`, the single changes."""
    for new in _news(store, wanted, pause):
        if new.records is None:
            yield from every_change(store, new, oldest_first=True)
        else:
            yield from reversed(changes.changes(store, new))


def _news(store: Store, wanted: operations.Filter, pause: Callable[[], None]) -> Iterator[operations.Filter]:
    """`wanted`, of what is new, inside a transaction each time that there may be something."""
    with store.reading():
        last = 0 if wanted.since is not None else operations.newest(store)
    seen = None
    while True:
        if store.place.identity != store.identity:
            raise moved(store.name)
        version = operations.data_version(store)
        if version != seen:
            with store.reading():
                newest = operations.newest(store)
                if newest > last:
                    yield replace(wanted, beyond=last)
                last = newest
            seen = version
        pause()
