"""Visitors on their way into a file: as values, or as rows of cells that SQLite has put together.

Making a Python object of each of the 41 cells of a visitor, to write it as text at once, is a large
part of what an export costs. So SQLite joins neighbouring cells that are text already. Whoever writes them
looks whether a cell itself holds something special, and asks for those visitors `again`, as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.store import visitors
from visitors.store.connection import Store
from visitors.store.listing import Page


class _Perhaps(msgspec.Struct, frozen=True):
    """Neighbouring cells that most visitors have nothing in, unless there is an `owner` of them."""

    owner: str
    cells: tuple[str, ...]


_BLOCKED = "CASE WHEN b.pk IS NULL THEN 'false' ELSE 'true' END"
_CONTACT_BLOCKED = "CASE WHEN b.contact_id IS NULL THEN 'false' ELSE 'true' END"
# Neighbouring cells, in the order of the machine formats. What stands alone is no plain text: SQLite prints
# numbers with 15 digits, which is not always all of them, and documents are full of quotes.
_GROUPS: tuple[tuple[str | _Perhaps, ...], ...] = (
    (
        "v.id", "v.language", "v.timezone", _BLOCKED,
        _Perhaps("c.pk", ("c.id", "c.external_id", "c.name", "c.email", "c.image")),
    ),
    ("c.metadata",),
    (
        _Perhaps("c.pk", ("c.metadata_hash", _CONTACT_BLOCKED, "c.created_at", "c.updated_at", "c.deleted_at")),
        "v.fingerprint", "v.browser", "v.browser_version", "v.os", "v.os_version", "v.device", "v.device_type", "v.ip",
        "v.city", "v.region", "v.country", "v.country_code",
    ),
    ("v.latitude",),
    ("v.longitude",),
    ("v.screen_resolution", "v.viewport"),
    ("v.attribution",),
    ("v.current_page",),
    (
        _Perhaps("b.pk", ("b.blocked_at", "b.blocked_by", "b.reason", "b.expires_at")), "v.created_at", "v.updated_at",
        "v.last_seen_at", "v.deleted_at",
    ),
)  # fmt: skip


def _size(group: tuple[str | _Perhaps, ...]) -> int:
    return sum(len(cell.cells) if isinstance(cell, _Perhaps) else 1 for cell in group)


def _joined(group: tuple[str | _Perhaps, ...], separator: str) -> str:
    if len(group) == 1:
        return str(group[0])
    return _printed([_perhaps(cell, separator) if isinstance(cell, _Perhaps) else cell for cell in group], separator)


def _perhaps(part: _Perhaps, separator: str) -> str:
    nothing = separator * (len(part.cells) - 1)
    return f"CASE WHEN {part.owner} IS NULL THEN '{nothing}' ELSE {_printed(part.cells, separator)} END"


def _printed(cells: Sequence[str], separator: str) -> str:
    pattern = separator.join(["%s"] * len(cells))
    return f"printf('{pattern}', {', '.join(cells)})"


class ChosenVisitors:
    """The visitors that a selection chooses, in the order of a page, to be read in one transaction."""

    groups: tuple[int, ...] = tuple(map(_size, _GROUPS))
    """How many cells each value in a row of `joined` stands for."""

    def __init__(self, store: Store, selection: Selection, page: Page, current: Instant) -> None:
        self._store = store
        self._selection = selection
        self._page = page
        self._current = current

    def count(self) -> int | None:
        """How many there are; None where it would have to read them to know."""
        if self._page.after is not None:
            return None
        found = visitors.count(self._store, self._selection, self._current)
        return min(found, self._page.limit or found)

    def records(self) -> Iterator[Visitor]:
        """As values. Raises NotFound for an unknown `page.after`."""
        return visitors.select(self._store, self._selection, self._page, self._current)

    def encoded(self) -> Iterator[Visitor]:
        """As values for JSON alone: documents are the text that the store has. Raises as `records`."""
        return visitors.select_encoded(self._store, self._selection, self._page, self._current)

    def joined(self, separator: str) -> Iterator[tuple[Any, ...]]:
        """As rows: the texts of a group joined by `separator`, a null as nothing; what stands alone as it is.

        The id is the first cell. Raises NotFound for an unknown `page.after`.
        """
        columns = ", ".join(_joined(group, separator) for group in _GROUPS)
        return visitors.select_columns(self._store, columns, self._selection, self._page, self._current)

    def again(self, visitor_ids: Sequence[str]) -> list[Visitor]:
        """Some of them, as values, in the order of the ids."""
        return visitors.find_many(self._store, visitor_ids, self._current)
