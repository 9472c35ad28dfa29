"""Check a store: its file, schema, content and permissions.

Nothing is changed, and any SQLite error on a damaged file becomes a finding. Each problem names the command that helps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from visitors.errors import StoreProblem
from visitors.store.database import Executor
from visitors.store.file import sqlite
from visitors.store.file.backup import pages_of
from visitors.store.file.findings import SHOWN, Advice, Finding, damaged, ok, problem
from visitors.store.file.hard_links import names
from visitors.store.file.opening import open_store
from visitors.store.file.permissions import leftovers, permissions
from visitors.store.file.readonly import read_snapshot
from visitors.store.file.sqlite import READING_FAILED, SqliteDatabase, primary_code, translated_errors
from visitors.store.history import receipts
from visitors.store.load import indexes
from visitors.store.places import File, Memory
from visitors.store.schema.history_invariants import OF_HISTORY
from visitors.store.schema.invariants import OF_RECORDS, Invariant, offenders
from visitors.store.schema.recorded import TABLES
from visitors.store.schema.version import SCHEMA_VERSION, schema_version

_FULL_TEXT = "contacts_text"
"""Part of SQLite's message for a damaged full-text index, from 3.44 on."""

_NOT_LOOKED_AT = (sqlite.CANNOT_OPEN, sqlite.NO_PERMISSION, sqlite.BUSY, sqlite.LOCKED)
"""SQLite's message if it could not even examine the file."""

_NEWEST_FORMAT = 2

_WORTH_COMPACTING = 0.25
"""The share of free pages from which compacting is worthwhile."""


def check(place: File, advice: Advice, *, quick: bool = False, timeout: float = 30.0) -> list[Finding]:
    """Return all findings about the store at `place`; a `quick` check does not examine every record.

    Raises StoreProblem if there is no file, or if it cannot be read at all.
    """
    path = place.path
    with translated_errors(path):
        found = content(path, advice, quick=quick, timeout=timeout)
        return [*found, names(path), *permissions(path, advice), *leftovers(path.parent)]


def content(path: Path, advice: Advice, *, quick: bool = False, timeout: float = 30.0) -> list[Finding]:
    """Yield findings about the file's content, ending with the problem that makes it unreadable, if any."""
    found: list[Finding] = []

    def look(database: SqliteDatabase) -> None:
        found.clear()
        found.extend(_of_snapshot(database, advice, quick=quick))

    try:
        read_snapshot(path, look, timeout=timeout)
    except READING_FAILED as error:
        if primary_code(error) in _NOT_LOOKED_AT:
            raise
        found.append(damaged("file", str(error), advice))
    return found


def _of_snapshot(database: SqliteDatabase, advice: Advice, *, quick: bool) -> Iterator[Finding]:
    yield from _integrity(database, advice, quick=quick)
    version = _version(database, advice)
    yield version
    if version.is_problem:
        return
    looks: dict[str, Callable[[SqliteDatabase, Advice], Iterator[Finding]]] = {"references": of_references}
    if _is_current(database):
        looks |= {"schema": of_schema, "erasures": _erasures}
        if not quick:
            looks |= {"values": _values, "rules": of_rules, "receipts": of_receipts, "search": _search}
    looks |= {"journal": _journal, "space": _space}
    for name, look in looks.items():
        try:
            yield from look(database, advice)
        except READING_FAILED as error:
            yield damaged(name, str(error), advice)


def integrity(database: Executor, *, quick: bool = False) -> list[str]:
    """Return the errors, at most `SHOWN` lines, or `["ok"]`. A `quick` check does not compare indexes with tables.

    SQLite 3.44 and later include full-text indexes.
    """
    pragma = "quick_check" if quick else "integrity_check"
    return [str(row[0]) for row in database.execute(f"PRAGMA {pragma}({SHOWN})")]


def of_tables(database: Executor) -> list[str]:
    """Return the errors in tables, one line each; empty if only indexes are damaged, which compacting rebuilds,
    ordinary and full-text ones alike.
    """
    indexes, tables = (
        {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))}
        for kind in ("index", "table")
    )
    checks = [f"PRAGMA quick_check('{table}')" for table in TABLES.values() if table in tables]
    found = [str(row[0]) for check in checks for row in database.execute(check)]
    # from about SQLite 3.42 on: "wrong # of entries in index visitors_browser"
    return [line for line in "\n".join(found).splitlines() if line != "ok" and line.split()[-1] not in indexes]


def _integrity(database: SqliteDatabase, advice: Advice, *, quick: bool) -> Iterator[Finding]:
    # `_search` reports the full-text index, in all versions of SQLite
    found = [line for line in integrity(database, quick=quick) if _FULL_TEXT not in line] or ["ok"]
    if found == ["ok"]:
        yield ok("integrity", f"{pages_of(database).count:,} pages" + (", indexes not compared" if quick else ""))
        return
    # with the tables intact only an index is damaged, and can be rebuilt
    help_ = advice.restore() if of_tables(database) else advice.compact()
    for line in "\n".join(found).splitlines():
        if not line.startswith("***"):
            yield problem("integrity", line, help_)


def _version(database: SqliteDatabase, advice: Advice) -> Finding:
    try:
        version = schema_version(database, database.name)
    except StoreProblem as refused:
        return problem("version", refused.message, refused.hint or advice.restore())
    if version == 0:
        return problem("version", f"{database.name} is empty", advice.restore())
    if max(_format_versions(database)) > _NEWEST_FORMAT:
        return damaged(
            "version", "SQLite opens the file read-only, as if a newer version of SQLite had written it", advice
        )
    if version < SCHEMA_VERSION:
        detail = f"schema {version}, older than {SCHEMA_VERSION}; migrate the store for further checks"
        return ok("version", detail, "visitors db migrate")
    return ok("version", f"schema {version}")


def _is_current(database: SqliteDatabase) -> bool:
    return bool(database.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION)


def of_references(database: Executor, advice: Advice) -> Iterator[Finding]:
    """Check that all references resolve."""
    broken = list(islice(database.execute("PRAGMA foreign_key_check"), SHOWN))
    for table, row, parent, _ in broken:
        where = f"row {row} of {table}" if row is not None else f"a row of {table}"
        detail = f"{where} refers to a missing row of {parent}"
        yield problem("references", detail, advice.mend())
    if not broken:
        yield ok("references", "no references to missing records")


def of_schema(database: Executor, advice: Advice) -> Iterator[Finding]:
    """Check that every table, index, trigger and view is as in a new store."""
    with open_store(Memory()) as fresh:
        expected, actual = _objects(fresh), _objects(database)
    # a dump needs nothing else of the schema
    is_dumped = all(actual.get(("table", name)) == expected["table", name] for name in TABLES.values())
    rebuilt = advice.rebuild() if is_dumped else advice.restore()
    for kind, name in sorted(expected.keys() | actual.keys()):
        if (kind, name) not in actual:
            yield problem("schema", f"the {kind} {name} is missing", rebuilt)
        elif (kind, name) not in expected:
            help_ = advice.drop(f'DROP {kind} "{name}"')
            yield problem("schema", f"the {kind} {name} does not belong to visitors", help_)
        elif expected[kind, name] != actual[kind, name]:
            yield problem("schema", f"the {kind} {name} differs from the expected definition", rebuilt)
    if expected == actual:
        yield ok("schema", f"{len(expected)} tables, indexes, triggers and views")


def _objects(database: Executor) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return the schema objects, without those that SQLite creates itself, such as statistics."""
    own = (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_stat*'"
        " AND name NOT GLOB 'libsql_*' AND name NOT GLOB '_litestream_*'"
    )
    return {(str(kind), str(name)): (table, sql) for kind, name, table, sql in database.execute(own)}


def _values(database: SqliteDatabase, advice: Advice) -> Iterator[Finding]:
    """Check that every row can be read: text that is not UTF-8 cannot."""
    rows, unreadable = 0, 0
    for table in TABLES.values():
        try:
            rows += sum(1 for _ in database.execute(f"SELECT * FROM {table}"))
        except READING_FAILED:
            unreadable += 1
            yield damaged("values", f"a row of {table} cannot be read: it is damaged or not UTF-8", advice)
    if not unreadable:
        yield ok("values", f"{rows:,} rows")


def of_rules(database: Executor, advice: Advice) -> Iterator[Finding]:
    """Check the rules that constraints cannot express."""
    broken, rules = 0, (*OF_RECORDS, *OF_HISTORY)
    for invariant in rules:
        try:
            found = list(islice(offenders(database, invariant), SHOWN + 1))
        except READING_FAILED as error:
            broken += 1
            yield damaged(invariant.name, f"cannot be checked: {error}", advice)
            continue
        if found:
            broken += 1
            names = ", ".join(f"{one.kind} {one.id}" for one in found[:SHOWN])
            more = ", and more" if len(found) > SHOWN else ""
            yield problem(invariant.name, f"violated: {invariant.says}: {names}{more}", _what_helps(invariant, advice))
    if not broken:
        yield ok("rules", f"all records satisfy {len(rules)} rules")


def _what_helps(invariant: Invariant, advice: Advice) -> str:
    if invariant.is_derived:
        return advice.compact()
    if invariant.is_gap:
        return advice.nothing()
    return advice.run(invariant.command) if invariant.command else advice.mend()


def of_receipts(database: Executor, advice: Advice) -> Iterator[Finding]:
    """Check that the receipts of erasures are unaltered."""
    faults = list(islice(receipts.faults(database), SHOWN))
    for fault in faults:
        yield problem("receipts", fault, advice.nothing())
    if not faults:
        kept = receipts.count(database)
        told = "1 receipt, unchanged" if kept == 1 else f"{kept:,} receipts, unchanged"
        yield ok("receipts", told if kept else "nothing was erased")


def _erasures(database: SqliteDatabase, advice: Advice) -> Iterator[Finding]:
    """Check that the file was rewritten since the last erasure."""
    left = receipts.unfinished(database)
    for operation in left[:SHOWN]:
        detail = (
            f"bytes of data erased by operation {operation} may remain in the file: it has not been rewritten since"
        )
        yield problem("erasures", detail, advice.compact())
    if not left:
        yield ok("erasures", "no bytes of erased data remain in the file")


def _search(database: SqliteDatabase, advice: Advice) -> Iterator[Finding]:
    try:
        agrees = indexes.agrees(database)
    except sqlite.Error as error:
        if sqlite.primary_code(error) != sqlite.CORRUPT:
            raise
        agrees = False
    if agrees:
        yield ok("search", "the full-text index is complete")
    else:
        yield problem("search", "contacts_text does not match the texts of the records", advice.compact())


def _journal(database: SqliteDatabase, advice: Advice) -> Iterator[Finding]:
    if set(_format_versions(database)) == {_NEWEST_FORMAT}:
        yield ok("journal", "wal")
        return
    detail = (
        "rollback journal, in which writers block readers; normal for backups, and on file systems without WAL support"
    )
    yield ok("journal", detail, advice.compact())


def _format_versions(database: SqliteDatabase) -> bytes:
    """Return the file header's write and read format versions; 2 is WAL."""
    # not the pragma: a store opened as immutable reports no journal mode
    with Path(database.name).open("rb") as file:
        return file.read(20)[18:20]


def _space(database: SqliteDatabase, advice: Advice) -> Iterator[Finding]:
    pages = pages_of(database)
    detail = f"{pages.free:,} of {pages.count:,} pages are free"
    worth_it = pages.free * pages.size > 1_000_000 and pages.free > pages.count * _WORTH_COMPACTING
    yield ok("space", detail, advice.compact() if worth_it else None)
