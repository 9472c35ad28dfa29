"""A page of a listing: the order, and where the page begins (keyset pagination).

A page begins after a record, not at a number, so that page 10,000 costs what page 1 costs. Records
with the same value, or with none, follow one another in the order in which the store got them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from visitors.errors import NotFound
from visitors.store.connection import Store

Table = Literal["visitors", "contacts", "conversations", "operations"]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`limit` records (0: all) sorted by `column`, from the one after the record with id `after`."""

    column: str | None = None
    descending: bool = False
    limit: int = 0
    after: str | None = None

    @property
    def and_one(self) -> Page:
        """The page with the record behind it, which tells whether there is more."""
        return msgspec.structs.replace(self, limit=self.limit + 1) if self.limit else self


def order_by(page: Page, alias: str) -> str:
    """The ORDER BY and LIMIT of `page` over the table `alias`."""
    direction = "DESC" if page.descending else "ASC"
    columns = f"{alias}.{page.column} {direction}, " if page.column else ""
    limit = f" LIMIT {int(page.limit)}" if page.limit else ""
    return f" ORDER BY {columns}{alias}.pk {direction}{limit}"


def begins_after(store: Store, table: Table, alias: str, page: Page) -> tuple[str, list[object]]:
    """The condition that leaves out what comes before the page, and its parameters.

    Raises NotFound when there is no record with the id `page.after`.
    """
    if page.after is None:
        return "1", []
    column = page.column or "pk"
    row = store.execute(f"SELECT {column}, pk FROM {table} WHERE id = ?", (page.after,)).fetchone()
    if row is None:
        raise NotFound(
            f"--after {page.after!r} is not the id of a record",
            code="cursor_not_found",
            hint="give the last id of the page before",
        )
    value, pk = row
    beyond = "<" if page.descending else ">"
    if page.column is None:
        return f"{alias}.pk {beyond} ?", [pk]
    if value is None:  # SQLite sorts NULL before everything else
        rest = f"{alias}.{column} IS NULL AND {alias}.pk {beyond} ?"
        return (f"({rest})" if page.descending else f"({alias}.{column} IS NOT NULL OR ({rest}))"), [pk]
    rest = f"({alias}.{column}, {alias}.pk) {beyond} (?, ?)"
    return (f"({rest} OR {alias}.{column} IS NULL)" if page.descending else rest), [value, pk]


def with_prefix(store: Store, table: Table, prefix: str, limit: int) -> list[str]:
    """Up to `limit` ids in `table` that begin with `prefix`, in order."""
    sql = f"SELECT id FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    return [row[0] for row in store.execute(sql, (prefix, prefix + "\U0010ffff", limit))]
