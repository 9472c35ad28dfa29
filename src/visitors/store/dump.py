"""The whole store as lines, and back: every row of every table, history and tombstones included.

Loading writes rows as they were, with their ids, times and history, so recording stands aside: its
triggers are dropped and made again inside the same transaction. What is derived from the tables is no part of a dump;
it is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from visitors.domain.metadata import decode_value
from visitors.errors import Conflict, InvalidData
from visitors.store import derived
from visitors.store.bulk import set_aside
from visitors.store.connection import Store
from visitors.store.schema import RECORDED, SCHEMA_VERSION

FORMAT_VERSION = 1

TABLES = {
    **RECORDED,
    "operation": "operations",
    "creation": "creations",
    "change": "changes",
    "cause": "causes",
    "undone": "undone",
    "erasure": "erasures",
    "erasedChange": "erased_changes",
    "key": "keys",
}
"""Line type -> table, in an order in which what is referred to mostly comes first: all that is not derived."""

_JSON_COLUMNS = {"metadata", "attribution", "current_page", "arguments", "before", "after", "receipt"}


def dump(store: Store) -> Iterator[dict[str, Any]]:
    """A first line that says what this is and how many rows it has, then one for each row, in the order of
    their making.
    """
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in TABLES.values())
    rows = store.execute(f"SELECT {counts}").fetchone()[0]
    yield {"type": "store", "format": FORMAT_VERSION, "schema": SCHEMA_VERSION, "rows": rows}
    for kind, table in TABLES.items():
        columns = _columns(store, table)
        for row in store.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY pk"):
            yield {"type": kind, **dict(zip(columns, row, strict=True))}


def load(store: Store, lines: Iterable[tuple[str, dict[str, Any]]]) -> int:
    """Take the lines of a dump, each with its place, into an empty store; returns how many rows.

    Raises Conflict when the store is not empty, and InvalidData for a line that is none of a dump.
    """
    if any(store.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in TABLES.values()):
        raise Conflict("the store is not empty", code="store_not_empty", hint="load into a new one: --db NEW.db")
    columns = {kind: _columns(store, table) for kind, table in TABLES.items()}
    triggers = set_aside(store, lambda one: not one.is_index)
    store.execute("PRAGMA defer_foreign_keys = ON")
    loaded, told = 0, None
    for place, line in lines:
        if loaded == 0:
            told = line.get("rows")
        loaded += _load_line(store, place, line, columns, first=loaded == 0)
    if told is not None and told != loaded - 1:
        raise InvalidData(
            f"the dump has {loaded - 1:,} rows, and says in its first line that it has {told}",
            code="not_whole",
            hint="it was cut off or changed; dump again, or take another copy",
        )
    _check_references(store)
    derived.rebuild(store)
    for sql in triggers:
        store.execute(sql)
    return loaded - 1


def _load_line(store: Store, place: str, line: dict[str, Any], columns: dict[str, list[str]], *, first: bool) -> int:
    kind = line.get("type")
    if first:
        if kind != "store" or line.get("format") != FORMAT_VERSION:
            raise InvalidData(
                f"{place}: not the first line of a dump that this version reads",
                code="not_a_dump",
                hint='it begins with {"type":"store","format":1,…}; visitors import reads other files',
            )
        if line.get("schema") != SCHEMA_VERSION:
            raise InvalidData(
                f"{place}: dumped from schema {line.get('schema')}; this version knows {SCHEMA_VERSION}",
                code="other_schema",
                hint="load it with the version that dumped it, upgrade, and dump again",
            )
        return 1
    if kind not in TABLES:
        raise InvalidData(f"{place}: there is no type {str(kind)[:40]!r}", code="not_a_dump")
    if sorted(line) != sorted([*columns[kind], "type"]):
        raise InvalidData(f"{place}: a {kind} has the keys {', '.join(columns[kind])}", code="not_a_dump")
    if any(isinstance(value, dict | list) for value in line.values()):
        raise InvalidData(f"{place}: a value is nested", code="not_a_dump")
    for name in _JSON_COLUMNS & line.keys():
        if line[name] is not None:
            decode_value(str(line[name]), f"{place}: {name}")
    if line.get("is_open") is not None:
        raise InvalidData(f"{place}: an operation that is still open", code="not_a_dump")
    names = columns[kind]
    store.insert_as_is(TABLES[kind], {name: line[name] for name in names}, place)
    return 1


def _check_references(store: Store) -> None:
    broken = store.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise InvalidData(
            f"row {broken[1]} of {broken[0]} refers to a row of {broken[2]} that is not there",
            code="dangling_reference",
        )
    for kind, table in RECORDED.items():
        stray = store.execute(
            f"SELECT id FROM {table} AS r WHERE NOT coalesce(r.pk >= (SELECT c.first FROM creations AS c"
            "  WHERE c.kind = ? AND c.last >= r.pk ORDER BY c.last LIMIT 1), FALSE)",
            (kind,),
        ).fetchone()
        if stray is not None:
            raise InvalidData(f"{kind} {stray[0]} was made by no operation", code="not_a_dump")
    buried = store.execute(
        "SELECT v.id FROM visitors AS v JOIN contacts AS c ON c.id = v.contact_id WHERE c.merged_into IS NOT NULL"
    ).fetchone()
    if buried is not None:
        raise InvalidData(f"visitor {buried[0]} is linked to a contact that was merged", code="dangling_reference")


def _columns(store: Store, table: str) -> list[str]:
    return [row[0] for row in store.execute(f"SELECT name FROM pragma_table_info('{table}') ORDER BY cid")]
