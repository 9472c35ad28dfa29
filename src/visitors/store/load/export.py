"""Read visitors for export: as values, or as text composed by SQLite.

Creating a Python object for each of a visitor's 41 cells, only to write it as text, is most of the cost of an export.
So SQLite composes what it can: JSON except for numbers, of which it prints only 15 digits, and joined cells for the
other formats. It does not check whether a cell contains special characters; the writer does, and requests those
visitors `again`, as values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from visitors.domain.fields import FLAT, of_type
from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.store.load.sorting import sorted_pairs
from visitors.store.query.listing import Page
from visitors.store.records import visitors
from visitors.store.store import Store

_BATCH = 1_000
"""The number of visitors read at once when selected by id."""

_NUMBERS = tuple(path for path, field in FLAT.items() if field.type == "number")
_DOCUMENTS = of_type(FLAT, "document")
_BOOLEANS = of_type(FLAT, "boolean")
_CELLS = {path: f"iif({sql}, 'true', 'false')" if path in _BOOLEANS else sql for path, sql in visitors.CELLS.items()}
"""Field -> SQL, in machine format order."""
# Neighbouring cells that are mostly empty, because most visitors have no contact and no block.
_OWNERS = {"contact": "c.pk", "block": "b.pk"}


def _owner(field: str) -> str | None:
    if field.startswith("contact."):
        return _OWNERS["contact"]
    return _OWNERS["block"] if FLAT[field].table == "blocks" else None


# Joined groups: numbers and documents (which are full of quotes) are single, the texts between them are one group.
_GROUPS = [
    list(fields)
    for _, fields in groupby(_CELLS, lambda field: field if field in _DOCUMENTS or field in _NUMBERS else None)
]


def _joined(fields: list[str], separator: str) -> str:
    if fields[0] in _NUMBERS:
        return _CELLS[fields[0]]
    parts = []
    for owner, owned in groupby(fields, _owner):
        cells = [_CELLS[field] for field in owned]
        if owner is None or fields[0] in _DOCUMENTS:
            parts += cells
        else:
            nothing = separator * (len(cells) - 1)
            parts.append(f"CASE WHEN {owner} IS NULL THEN '{nothing}' ELSE {_printed(cells, separator)} END")
    if fields[0] in _DOCUMENTS:
        return _bytes(f"json({parts[0]})")  # raises if it is not one
    return _bytes(_printed(parts, separator) if len(fields) > 1 else parts[0])


def _printed(cells: Sequence[str], separator: str) -> str:
    pattern = separator.join(["%s"] * len(cells))
    return f"printf('{pattern}', {', '.join(cells)})"


def _bytes(text: str) -> str:
    # as bytes: decoding and encoding again takes longer than everything else
    return f"CAST({text} AS BLOB)"


def _object(fields: Iterable[str], inside: str = "") -> str:
    """Build the SQL of a JSON object of `fields`; if `inside` is given, of the contact's, whose paths begin with it."""
    members = []
    for name, paths in groupby(fields, lambda field: field.removeprefix(inside).partition(".")[0]):
        whole = list(paths)
        if whole == [inside + name]:
            cell = _CELLS[inside + name]
            value = f"json({cell})" if inside + name in _DOCUMENTS | _BOOLEANS else cell
        else:
            value = f"CASE WHEN {_OWNERS[name]} IS NOT NULL THEN {_object(whole, f'{name}.')} END"
        members.append(f"'{name}', {value}")
    return f"json_object({', '.join(members)})"


def _around_numbers() -> tuple[str, ...]:
    fields = list(_CELLS)
    before, after = fields.index(_NUMBERS[0]), fields.index(_NUMBERS[-1]) + 1
    return (
        _bytes(_object(fields[:before])),
        *(_CELLS[field] for field in _NUMBERS),
        _bytes(_object(fields[after:])),
    )


class ChosenVisitors:
    """The visitors of a selection, in the order of a page, to be read in one transaction."""

    groups: tuple[int, ...] = tuple(map(len, _GROUPS))
    """The number of cells that each value in a row of `joined` stands for."""
    numbers: tuple[str, ...] = _NUMBERS
    """The fields that are separate values in a row of `objects`."""

    def __init__(self, store: Store, selection: Selection, page: Page, current: Instant) -> None:
        self._store = store
        self._selection = selection
        self._page = page
        self._current = current

    def count(self) -> int | None:
        """Return how many there are; None if counting would require reading them."""
        if self._page.after is not None:
            return None
        found = visitors.count(self._store, self._selection, self._current)
        return min(found, self._page.limit or found)

    def records(self) -> Iterator[Visitor]:
        """Yield them as values. Raises NotFound for an unknown `page.after`."""
        return visitors.select(self._store, self._selection, self._page, self._current)

    def records_by(self, key: Callable[[str], str]) -> Iterator[Visitor]:
        """Yield them as values, sorted by `key` of their ids. Raises NotFound for an unknown `page.after`.

        Only ids and their keys are sorted, in temporary files once there are many: memory is bounded.
        """
        ordered = sorted_pairs((key(visitor_id), visitor_id) for (visitor_id,) in self._rows(["v.id"]))
        while batch := [visitor_id for _, visitor_id in islice(ordered, _BATCH)]:
            yield from self.again(batch)

    def joined(self, separator: str) -> Iterator[tuple[Any, ...]]:
        """Yield them as rows: the texts of a group joined by `separator`, with nothing for a null; single values
        unchanged. Texts and documents are UTF-8.

        The id is the first cell. Raises NotFound for an unknown `page.after`.
        """
        return self._rows(_joined(group, separator) for group in _GROUPS)

    def objects(self) -> Iterator[tuple[Any, ...]]:
        """Yield them as rows: a JSON object in UTF-8 of the fields before `numbers`, these, and an object of those
        after them.

        Raises NotFound for an unknown `page.after`.
        """
        return self._rows(_around_numbers())

    def again(self, visitor_ids: Sequence[str]) -> list[Visitor]:
        """Yield some of them as values, in order of id."""
        return visitors.find_many(self._store, visitor_ids, self._current)

    def _rows(self, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        return visitors.select_columns(self._store, ", ".join(columns), self._selection, self._page, self._current)


class OrderedVisitors:
    """The same visitors, sorted by a key computed from their ids."""

    def __init__(self, chosen: ChosenVisitors, key: Callable[[str], str]) -> None:
        self._chosen = chosen
        self._key = key
        self.count = chosen.count

    def records(self) -> Iterator[Visitor]:
        """Yield them as values."""
        return self._chosen.records_by(self._key)
