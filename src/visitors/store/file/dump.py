"""Dump the whole store as lines, and load it back: every row of every table, with history and tombstones.

Loading restores rows with their ids, times and history, so the recording triggers are dropped and created again in the
same transaction. Data derived from other tables is not dumped, but rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from visitors.domain.fields import CONTACT, VISITOR
from visitors.domain.folding import search_text
from visitors.domain.metadata import decode_value
from visitors.errors import Conflict, InvalidData
from visitors.store.load import indexes
from visitors.store.load.bulk import drop
from visitors.store.schema.history_invariants import CREATED, OF_HISTORY
from visitors.store.schema.invariants import OF_RECORDS, OF_TOMBSTONES, offenders
from visitors.store.schema.recorded import DERIVED, SEARCHED, TABLES, UNDUMPED
from visitors.store.schema.version import BASELINE, SCHEMA_VERSION
from visitors.store.store import Store

FORMAT_VERSION = 1

_AT_ONCE = 500
"""How many rows are inserted at once."""

_UNRELEASED = 11
"""The last schema before the first release. Its dumps can be loaded too; their causes are numbers."""

_MENDED = [rule for rule in (*OF_RECORDS, *OF_HISTORY) if rule.is_mended_in_dumps]
_OF_LINES = {
    kind: [(rule, rule.judge) for rule in _MENDED if rule.table == table and rule.judge is not None]
    for kind, table in TABLES.items()
}
"""The rules that each line of a kind must satisfy."""
_OF_STORES = (*(rule for rule in _MENDED if rule.judge is None), *CREATED.values())
"""The rules that a loaded store must satisfy, besides those of its lines."""

_ORDER = {"causes": "record, operation"}
"""The sort columns of tables without a `pk`."""

_JSON_COLUMNS = {
    *(field.column for field in (*VISITOR, *CONTACT) if field.type == "document"),
    *("arguments", "before", "after", "receipt"),
}


def dump(store: Store) -> Iterator[dict[str, Any]]:
    """Yield the lines of a dump: a header with its format and number of rows, then one line a row, in order of
    creation.
    """
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in TABLES.values())
    rows = store.execute(f"SELECT {counts}").fetchone()[0]
    yield {"type": "store", "format": FORMAT_VERSION, "schema": SCHEMA_VERSION, "rows": rows}
    for kind, columns in _columns(store).items():
        table = TABLES[kind]
        for row in store.stream(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {_ORDER.get(table, 'pk')}"):
            yield {"type": kind, **dict(zip(columns, row, strict=True))}


def load(store: Store, lines: Iterable[tuple[str, dict[str, Any]]]) -> int:
    """Load the lines of a dump, each with its position, into an empty store; return the number of rows.

    Raises Conflict if the store is not empty, and InvalidData for an invalid line.
    """
    found = store.run([(f"SELECT 1 FROM {table} LIMIT 1", ()) for table in TABLES.values()])
    if any(rows.fetchall() for rows in found):
        raise Conflict("the store is not empty", code="store_not_empty", hint="load it into a new store: --db NEW.db")
    columns = _columns(store)
    shapes: dict[str, set[str]] = {}
    triggers = drop(store, lambda one: not one.is_index)
    store.later("PRAGMA defer_foreign_keys = ON")
    remaining = iter(lines)
    place, first = next(remaining, ("the dump", {}))
    _refuse_others(place, first)
    is_older = max(first["schema"], BASELINE) < SCHEMA_VERSION  # those before the baseline had its columns

    def checked() -> Iterator[_Line]:
        for place, line in remaining:
            if first["schema"] == _UNRELEASED and line.get("type") == "cause":
                line.pop("pk", None)
            _refuse_other_keys(place, line, columns, shapes, is_older=is_older)
            yield _checked(place, line)

    loaded = 0
    for sql, alike in groupby(checked(), key=lambda line: line.sql):
        while some := list(islice(alike, _AT_ONCE)):
            _load_some(store, sql, some)
            loaded += len(some)
    if first.get("rows", loaded) != loaded:
        raise InvalidData(
            f"the dump has {loaded:,} rows, but its first line says {first['rows']}",
            code="not_whole",
            hint="it was truncated or changed; dump again, or use another copy",
        )
    _refuse_unsound(store)
    indexes.rebuild(store, triggers)
    return loaded


def _refuse_others(place: str, first: dict[str, Any]) -> None:
    if first.get("type") != "store" or first.get("format") != FORMAT_VERSION:
        raise InvalidData(
            f"{place}: not the first line of a supported dump",
            code="not_a_dump",
            hint='a dump starts with {"type":"store","format":1,…}; for other files: visitors import',
        )
    if first.get("schema") not in range(_UNRELEASED, SCHEMA_VERSION + 1):
        raise InvalidData(
            f"{place}: dumped from schema {first.get('schema')}; this version supports {_UNRELEASED} "
            f"to {SCHEMA_VERSION}",
            code="other_schema",
            hint="load it with the version that dumped it, upgrade, then dump again",
        )


def _refuse_other_keys(
    place: str, line: dict[str, Any], columns: dict[str, list[str]], shapes: dict[str, set[str]], *, is_older: bool
) -> None:
    """Raise InvalidData for a line that has not exactly the columns of its table.

    A dump of an older schema may lack columns added since, in all lines of the type: they get the value that the
    migration gives.
    """
    kind = line.get("type")
    if kind not in TABLES:
        raise InvalidData(f"{place}: unknown type {str(kind)[:40]!r}", code="not_a_dump")
    known = {*columns[kind], "type"}
    if is_older:
        known = shapes.setdefault(kind, known & line.keys())
    if line.keys() != known:
        raise InvalidData(f"{place}: a {kind} must have the keys {', '.join(columns[kind])}", code="not_a_dump")


class _Line(NamedTuple):
    """A line of a dump as an INSERT."""

    place: str
    sql: str
    values: list[Any]


def _load_some(store: Store, sql: str, some: Sequence[_Line]) -> None:
    """Insert rows of one table. Raises InvalidData for the first that violates a constraint."""
    wrong: tuple[type[Exception], ...] = (*store.refusals, OverflowError, UnicodeError)
    store.later("SAVEPOINT some")
    try:
        store.execute_many(sql, [line.values for line in some])
        store.execute("RELEASE some")
    except wrong:
        store.later("ROLLBACK TO some")
        for line in some:  # find out which
            try:
                store.execute(sql, line.values)
            except wrong as error:
                raise InvalidData(f"{line.place}: the row cannot be loaded: {error}", code="not_a_dump") from None
        store.later("RELEASE some")


def _checked(place: str, line: dict[str, Any]) -> _Line:
    """Validate a line. Raises InvalidData."""
    kind = line["type"]
    if kind in SEARCHED:
        told = [line.get(column) for column in SEARCHED[kind]]
        line = {**line, DERIVED: search_text(*(one if isinstance(one, str) else None for one in told))}
    names = [name for name in line if name != "type"]
    if any(isinstance(value, dict | list) for value in line.values()):
        raise InvalidData(f"{place}: a value is nested", code="not_a_dump")
    for name in _JSON_COLUMNS & line.keys():
        if line[name] is not None:
            decode_value(str(line[name]), f"{place}: {name}")
    for rule, judge in _OF_LINES[kind]:
        if not judge(*(line[column] for column in rule.columns)):
            raise InvalidData(f"{place}: the row violates a rule: {rule.says}", code="not_a_dump")
    if line.get("is_open") is not None:
        raise InvalidData(f"{place}: the operation is still open", code="not_a_dump")
    sql = f"INSERT INTO {TABLES[kind]} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    return _Line(place, sql, [line[name] for name in names])


def _refuse_unsound(store: Store) -> None:
    """Raise InvalidData for violations that no single row shows."""
    broken = store.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise InvalidData(
            f"a row of {broken[0]} refers to a missing row of {broken[2]}",
            code="dangling_reference",
        )
    for rule in _OF_STORES:
        one = next(offenders(store, rule), None)
        if one is not None:
            code = "dangling_reference" if rule in OF_TOMBSTONES.values() else "not_a_dump"
            raise InvalidData(f"{one.kind} {one.id} violates a rule: {rule.says}", code=code)


def _columns(store: Store) -> dict[str, list[str]]:
    """Return the dumped columns of each kind's table."""
    found = store.run(
        [(f"SELECT name FROM pragma_table_info('{table}') ORDER BY cid", ()) for table in TABLES.values()]
    )
    return {kind: [row[0] for row in rows if row[0] not in UNDUMPED] for kind, rows in zip(TABLES, found, strict=True)}
