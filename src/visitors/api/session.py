"""What every part of the API uses: the open store, its clock, its actor, its two kinds of transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import msgspec

from visitors.api.results import Erased
from visitors.domain.ids import Entropy
from visitors.domain.times import Instant
from visitors.errors import UsageProblem
from visitors.operations.erase import erase, resolve
from visitors.store.file.secure_wipe import wipe
from visitors.store.query.listing import Page, Table, place_of
from visitors.store.records.blocks import Target
from visitors.store.store import OpenOperation, Store

_AT_ONCE = 500


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_HasId)


class Session:
    """An open store with its actor and clock."""

    def __init__(self, store: Store, actor: str, clock: Callable[[], Instant]) -> None:
        self.store = store
        self.actor = actor
        self.clock = clock

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """Open a read snapshot. Within an operation, its own writes are visible."""
        if self.store.in_transaction:
            yield self.store
            return
        with self.store.reading():
            yield self.store

    @contextmanager
    def operation(
        self, command: str, *, at: Instant | None = None, entropy: Entropy = os.urandom
    ) -> Iterator[OpenOperation]:
        """Open a recorded write. Raises UsageProblem while another is in progress."""
        if self.store.in_transaction:
            raise UsageProblem(f"{command} cannot start while another call is running")
        clock = self.clock if at is None else lambda: at
        with self.store.operation(command, actor=self.actor, clock=clock, entropy=entropy) as operation:
            yield operation

    def erase(self, command: str, target: Target, typed: Sequence[str], *, vacuum: bool) -> Erased:
        """Erase visitors or contacts, and wipe the files. Raises UsageProblem if none is given, NotFound, Conflict."""
        if not typed:
            raise UsageProblem(f"no {target}s given")
        with self.operation(command) as operation:
            ids = resolve(self.store, target, typed, operation.at)
            receipt, left = erase(self.store, operation, target, ids, command=command)
        wiped = wipe(self.store, rewrite=vacuum)
        return Erased(receipt, vacuum and wiped.log_is_empty and wiped.problem is None, list(left))

    def pages(
        self, table: Table, page: Page, select: Callable[[Store, Page], Iterator[Item] | list[Item]]
    ) -> Iterator[Item]:
        """Yield the records of `page`, read in batches, so that the store can be written to in between.

        A batch begins where the one before ended, even if its last record was changed or erased since.
        """
        left = page.limit
        while True:
            size = min(left, _AT_ONCE) if page.limit else _AT_ONCE
            with self.reading() as store:
                some = list(select(store, msgspec.structs.replace(page, limit=size)))
                left -= size
                ended = len(some) < size or left == 0
                last = None if ended else place_of(store, table, msgspec.structs.replace(page, after=some[-1].id))
            yield from some
            if last is None:
                return
            page = msgspec.structs.replace(page, after=None, place=last)
