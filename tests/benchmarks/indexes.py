"""Measure the benefit of each index, and of additional columns in indexes, at a million visitors.

    python tests/benchmarks/indexes.py STORE

STORE is one left by `scale.py --folder DIR`, or any large one. A copy in a temporary folder beside it is changed. For
every index its statement is run with and without it; for indexes with additional columns, every filter on such a column
with every sort by another.

How to read the table: WITH and WITHOUT are CPU seconds of one process, the better of two runs; MB is the size of the
index, or of its additional columns. One is kept if it saves more than 0.1 s of a command, or enforces a constraint
(UNIQUE). This only measures: it always exits with 0.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

SERVED = {
    "visitors_contact": "SELECT count(*) FROM visitors WHERE contact_id = (SELECT id FROM contacts LIMIT 1)",
    "visitors_fingerprint": "SELECT id FROM visitors WHERE fingerprint = 'none' AND deleted_at IS NULL LIMIT 2",
    "visitors_ip": "SELECT id FROM visitors WHERE ip = '2001:db8:ffff::1' ORDER BY pk DESC LIMIT 50",
    "visitors_created_at": "SELECT id FROM visitors ORDER BY created_at DESC, pk DESC LIMIT 50",
    "visitors_updated_at": "SELECT id FROM visitors ORDER BY updated_at DESC, pk DESC LIMIT 50",
    "visitors_last_seen_at": "SELECT id FROM visitors ORDER BY last_seen_at DESC, pk DESC LIMIT 50",
    "visitors_deleted_at": "SELECT id FROM visitors WHERE deleted_at IS NOT NULL LIMIT 50",
    "contacts_any_external_id": "SELECT id FROM contacts WHERE external_id = 'none'",
    "contacts_email": "SELECT id FROM contacts WHERE email = 'none'",
    "contacts_merged_into": "SELECT id FROM contacts WHERE merged_into = 'none'",
    "blocks_visitor": "SELECT count(*) FROM visitors AS v WHERE pk % 10 = 0"
    " AND EXISTS (SELECT 1 FROM blocks WHERE visitor_id = v.id)",
    "blocks_contact": "SELECT count(*) FROM visitors AS v WHERE pk % 10 = 0"
    " AND EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id)",
}
"""Index -> a statement of a command that uses it."""

CARRYING = {
    "places": ("language", "timezone", "country_code"),
    "machines": ("browser COLLATE NOCASE", "os COLLATE NOCASE", "device_type"),
}
"""Indexes on these columns include the others."""

LOADED = {
    "contact_metadata": (
        "SELECT contact FROM contact_metadata WHERE key = 'plan' AND value = 'x'",
        "SELECT 1 FROM contacts AS k, json_each(k.metadata) AS j WHERE j.key = 'plan' AND j.value = 'x'",
    ),
    "contacts_text": (
        'SELECT rowid FROM contacts_text WHERE contacts_text MATCH \'"xyz" AND "yzz" AND "zzy"\'',
        "SELECT pk FROM contacts WHERE instr(search_text, 'xyzzy') > 0",
    ),
}
"""Table derived from contacts -> a statement with it, and the same without."""


class Row(NamedTuple):
    """The benefit of one index."""

    name: str
    with_it: float
    without: float
    megabytes: float


def seconds(connection: sqlite3.Connection, sql: str) -> float:
    """Return the CPU seconds of a statement, the better of two runs."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        connection.execute(sql).fetchall()
        taken.append(time.process_time() - start)
    return min(taken)


def megabytes(connection: sqlite3.Connection, pattern: str) -> float:
    """Return the size of the tables and indexes whose names match."""
    sql = "SELECT coalesce(sum(pgsize), 0) / 1e6 FROM dbstat WHERE name GLOB ?"
    return float(connection.execute(sql, (pattern,)).fetchone()[0])


def without(connection: sqlite3.Connection, index: str, measure: Callable[[], float]) -> float:
    """Call `measure` without the index."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    connection.execute(f"DROP INDEX {index}")
    try:
        return measure()
    finally:
        connection.execute(sql)


def serving(connection: sqlite3.Connection) -> Iterator[Row]:
    """Measure every index that serves one statement."""
    for index, sql in SERVED.items():
        size = megabytes(connection, index)
        with_it = seconds(connection, sql)
        yield Row(index, with_it, without(connection, index, partial(seconds, connection, sql)), size)


def carrying(connection: sqlite3.Connection) -> Iterator[Row]:
    """Measure the additional columns of indexes: the slowest page of a filter on one and a sort by another."""
    for kind, columns in CARRYING.items():
        names = [column.split()[0] for column in columns]

        def worst(names: list[str] = names) -> float:
            return max(seconds(connection, sql) for sql in pages(connection, names))

        size, with_them = sum(megabytes(connection, f"visitors_{name}") for name in names), worst()
        for name, column in zip(names, columns, strict=True):
            connection.execute(f"DROP INDEX visitors_{name}")
            connection.execute(f"CREATE INDEX visitors_{name} ON visitors ({column})")
        narrow = sum(megabytes(connection, f"visitors_{name}") for name in names)
        yield Row(f"columns that go with {kind}", with_them, worst(), size - narrow)


def pages(connection: sqlite3.Connection, names: list[str]) -> Iterator[str]:
    """Return the pages of a filter on the most frequent values of one column and a sort by another, as a walk reads
    them.
    """
    for chosen, sort in permutations(names, 2):
        common = f"SELECT {chosen} FROM visitors GROUP BY 1 ORDER BY count(*) DESC LIMIT 4"
        for (value,) in connection.execute(common).fetchall():
            order = "COLLATE NOCASE" if sort in ("browser", "os") else ""
            for direction in ("ASC", "DESC"):
                yield (
                    f"SELECT v.id FROM visitors AS v INDEXED BY visitors_{sort} WHERE v.{chosen} = '{value}'"
                    f" AND v.deleted_at IS NULL ORDER BY v.{sort} {order} {direction}, v.pk {direction} LIMIT 50"
                )


def main() -> None:
    """Copy the store, measure, and print the table."""
    store = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="visitors-indexes-", dir=store.parent) as folder:
        copy = Path(folder) / "visitors.db"
        shutil.copyfile(store, copy)
        connection = sqlite3.connect(copy, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        rows = [*serving(connection), *carrying(connection)]
        for table, (with_it, without_it) in LOADED.items():
            size = megabytes(connection, f"{table}*")
            rows.append(Row(table, seconds(connection, with_it), seconds(connection, without_it), size))
        connection.close()
    sys.stdout.write(f"{'INDEX':<32}{'WITH s':>9}{'WITHOUT s':>11}{'MB':>8}\n")
    for row in rows:
        sys.stdout.write(f"{row.name:<32}{row.with_it:>9.3f}{row.without:>11.3f}{row.megabytes:>8.1f}\n")


if __name__ == "__main__":
    main()
