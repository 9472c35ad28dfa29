"""Keep the search texts of records up to date."""

from __future__ import annotations

from collections.abc import Iterable

from visitors.domain.folding import search_text
from visitors.store.database import THESE, rows
from visitors.store.schema.recorded import DERIVED, RECORDED, SEARCHED
from visitors.store.store import Store


def update_search_text(store: Store, kind: str, ids: Iterable[str] | None = None) -> None:
    """Update the search text of these records of the kind, or of all. Call it after every change of their texts."""
    table = RECORDED[kind]
    sql = f"SELECT {', '.join(SEARCHED[kind])}, {DERIVED}, pk FROM {table}"
    found = store.stream(sql) if ids is None else store.stream(f"{sql} WHERE id {THESE}", (rows(ids),))
    changed: list[tuple[str, int]] = [(new, pk) for *texts, old, pk in found if (new := search_text(*texts)) != old]
    sql = f"UPDATE {table} SET {DERIVED} = ? WHERE pk = ?"
    if len(changed) == 1:
        store.later(sql, changed[0])
    elif changed:
        store.execute_many(sql, changed)
