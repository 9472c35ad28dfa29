"""Visitors on their way into a file: as values, or as text that SQLite has put together.

Making a Python object of each of the 41 cells of a visitor, to write it as text at once, is most
of what an export costs. So SQLite writes what it can: JSON but for its numbers, of which it prints 15 digits and
that is not always all, and for the other formats cells that are joined. It does not look whether a cell
holds something special there; whoever writes them does, and asks for those visitors `again`, as values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from visitors.domain.fields import FLAT, of_type
from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.store.query.listing import Page
from visitors.store.records import visitors
from visitors.store.store import Store

_BATCH = 1_000
"""How many visitors are read at once where their ids tell which."""

_NUMBERS = tuple(path for path, field in FLAT.items() if field.type == "number")
_DOCUMENTS = of_type(FLAT, "document")
_BOOLEANS = of_type(FLAT, "boolean")
_CELLS = {path: f"iif({sql}, 'true', 'false')" if path in _BOOLEANS else sql for path, sql in visitors.CELLS.items()}
"""Field -> SQL, in the order of the machine formats."""
# Neighbouring cells that most visitors have nothing in, for there is no contact, and no block.
_OWNERS = {"contact": "c.pk", "block": "b.pk"}


def _owner(field: str) -> str | None:
    if field.startswith("contact."):
        return _OWNERS["contact"]
    return _OWNERS["block"] if FLAT[field].table == "blocks" else None


# What is joined: numbers and documents, which are full of quotes, stand alone, the texts between them are one group.
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
        return _bytes(f"json({parts[0]})")  # says so where it is none
    return _bytes(_printed(parts, separator) if len(fields) > 1 else parts[0])


def _printed(cells: Sequence[str], separator: str) -> str:
    pattern = separator.join(["%s"] * len(cells))
    return f"printf('{pattern}', {', '.join(cells)})"


def _bytes(text: str) -> str:
    # as they go into the file: a str of each, and bytes of all again, take longer than all else
    return f"CAST({text} AS BLOB)"


def _object(fields: Iterable[str], inside: str = "") -> str:
    """A JSON object of `fields`; of those whose path begins with `inside`, if any, which are the contact's."""
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
    """The visitors that a selection chooses, in the order of a page, to be read in one transaction."""

    groups: tuple[int, ...] = tuple(map(len, _GROUPS))
    """How many cells each value in a row of `joined` stands for."""
    numbers: tuple[str, ...] = _NUMBERS
    """The fields that stand alone in a row of `objects`."""

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

    def records_by(self, key: Callable[[str], str]) -> Iterator[Visitor]:
        """As values, in the order of `key` of their ids. Raises NotFound for an unknown `page.after`.

        The order is worked out in a temporary table, which SQLite keeps in a temporary file once it is large
        (https://sqlite.org/tempfiles.html): memory is bounded. Only ids and their keys are in it.
        """
        self._store.execute("DROP TABLE IF EXISTS temp.export_order")
        self._store.execute("CREATE TEMP TABLE export_order (key TEXT NOT NULL, visitor_id TEXT NOT NULL)")
        keyed = ((key(visitor_id), visitor_id) for (visitor_id,) in self._rows(["v.id"]))
        self._store.execute_many("INSERT INTO temp.export_order VALUES (?, ?)", keyed)
        ordered = self._store.stream("SELECT visitor_id FROM temp.export_order ORDER BY key, visitor_id")
        while batch := [row[0] for row in islice(ordered, _BATCH)]:
            yield from self.again(batch)

    def joined(self, separator: str) -> Iterator[tuple[Any, ...]]:
        """As rows: the texts of a group joined by `separator`, a null as nothing; what stands alone as it is. Texts
        and documents are UTF-8.

        The id is the first cell. Raises NotFound for an unknown `page.after`.
        """
        return self._rows(_joined(group, separator) for group in _GROUPS)

    def objects(self) -> Iterator[tuple[Any, ...]]:
        """As rows: a JSON object of the fields before `numbers` in UTF-8, these, and an object of those after them.

        Raises NotFound for an unknown `page.after`.
        """
        return self._rows(_around_numbers())

    def again(self, visitor_ids: Sequence[str]) -> list[Visitor]:
        """Some of them, as values, in the order of the ids."""
        return visitors.find_many(self._store, visitor_ids, self._current)

    def _rows(self, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        return visitors.select_columns(self._store, ", ".join(columns), self._selection, self._page, self._current)


class OrderedVisitors:
    """The same visitors in another order: that of a key that is made of their ids."""

    def __init__(self, chosen: ChosenVisitors, key: Callable[[str], str]) -> None:
        self._chosen = chosen
        self._key = key
        self.count = chosen.count

    def records(self) -> Iterator[Visitor]:
        """As values."""
        return self._chosen.records_by(self._key)
