"""Whether a store is sound, and what is in it: asked of SQLite itself, not of the program that is tried."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from visitors.main import run
from visitors.store.derived import METADATA_ROWS
from visitors.store.opening import open_store
from visitors.store.schema import APPLICATION_ID, RECORDED, SCHEMA_VERSION

State = dict[str, list[Any]]

_WITHIN = (
    "created_at BETWEEN least_created_at AND greatest_created_at AND CASE WHEN last_seen_at IS NULL THEN never_seen"
    " ELSE last_seen_at BETWEEN least_last_seen_at AND greatest_last_seen_at END"
)
_NEVER_ALIKE = ("_sqlite_migrations", "keys", "erasures")
"""Says when each step of the schema was applied; a key is random, and so are the receipts made with it."""


def state(path: Path) -> State:
    """All that a sound store holds: its schema, and every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        tables = [name for kind, name, _, sql in schema if kind == "table" and "VIRTUAL" not in sql]
        found = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in tables}
    return {**found, "schema": schema}


def ids(found: State) -> set[str]:
    """The ids of the visitors of a state."""
    return {row[1] for row in found["visitors"]}


def deeds(path: Path, now: str) -> State:
    """The state of a store but for what differs from run to run at the same time: ids that were made up `now`
    (the ten signs of a ULID that tell its time), and how the index of texts came to be.

    A store that is not there yet is empty.
    """
    if not path.exists() or path.stat().st_size == 0:
        return {}
    found = state(path)
    if not found["schema"]:
        return {}
    made_up = re.compile(re.escape(now) + "[0-9A-Z]{16}")
    return {
        name: sorted(made_up.sub("NEW", repr(row)) for row in rows)
        for name, rows in found.items()
        if "_text_" not in name and name not in _NEVER_ALIKE
    }


def assert_sound(path: Path) -> None:
    """Fail with all that is wrong with a store that should be in order; nothing at all is no store."""
    if path.exists() and path.stat().st_size:
        assert list(problems(path)) == []


_LYING = (
    "SELECT v.pk, b.pk, b.expires_at FROM visitors AS v JOIN blocks AS b"
    " ON b.lifted_at IS NULL AND (b.visitor_id = v.id OR b.contact_id = v.contact_id)"
)


def problems(path: Path) -> Iterator[str]:
    """What is wrong with a store of the newest schema."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:

        def rows(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        if rows("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)") == [(1,)]:
            return  # begun, and not a store yet
        damaged = [row[0] for row in rows("PRAGMA integrity_check") if row != ("ok",)]
        if damaged:
            yield from damaged
            return
        yield from (f"a reference to nothing: {row}" for row in rows("PRAGMA foreign_key_check"))
        yield from (
            f"{name} is {found}, not {wanted}"
            for name, wanted in (("application_id", APPLICATION_ID), ("user_version", SCHEMA_VERSION))
            if (found := rows(f"PRAGMA {name}")[0][0]) != wanted
        )
        if rows("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2") != _fresh_schema():
            yield "the schema is not that of a new store"
            return
        yield from (f"operation {row[0]} is open" for row in rows("SELECT id FROM operations WHERE is_open = 1"))
        yield from (
            f"{kind} {row[0]} is in {row[1]} ranges of what was made"
            for kind, table in RECORDED.items()
            for row in rows(
                "SELECT id, (SELECT count(*) FROM creations AS c"
                f" WHERE c.kind = '{kind}' AND r.pk BETWEEN c.first AND c.last) AS ranges FROM {table} AS r"
                " WHERE ranges <> 1"
            )
        )
        buried = (
            "SELECT v.id FROM visitors AS v JOIN contacts AS c ON c.id = v.contact_id WHERE c.merged_into IS NOT NULL"
        )
        yield from (f"visitor {row[0]} is linked to a tombstone" for row in rows(buried))
        yield from _derived_wrongly(rows)
        for table in ("visitors_text", "contacts_text"):
            try:
                connection.execute("BEGIN")
                # with the rank 1, the index is compared with the rows that it is of
                connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
            except sqlite3.DatabaseError as error:
                yield f"{table}: {error}"
            finally:
                connection.execute("ROLLBACK")
    yield from _what_the_program_finds(path)


def _fresh_schema() -> list[Any]:
    if not _FRESH:
        with open_store(Path(":memory:")) as store:
            _FRESH.extend(store.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall())
    return _FRESH


_FRESH: list[Any] = []


def _what_the_program_finds(path: Path) -> Iterator[str]:
    """What `visitors db check` says."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(["db", "check", "--db", str(path)])
    if status != 0:
        out.seek(0)
        err.seek(0)
        yield f"db check ended with {status}: {out.read()}{err.read()}"


def _derived_wrongly(rows: Callable[[str], list[Any]]) -> Iterator[str]:
    """What is told beside the records, and not what they say."""
    for table, wanted in (
        ("contact_metadata", f"{METADATA_ROWS}, contacts.id FROM contacts, json_each(contacts.metadata)"),
        ("visitor_blocks", _LYING),
    ):
        for one, other in ((wanted, f"SELECT * FROM {table}"), (f"SELECT * FROM {table}", wanted)):
            yield from (f"{table} differs: {row}" for row in rows(f"{one} EXCEPT {other}"))
    outside = (
        "SELECT id FROM visitors AS v LEFT JOIN visitor_zones AS z ON z.zone = v.pk / 4096 WHERE NOT coalesce("
        f"id BETWEEN least_id AND greatest_id AND {_WITHIN}, FALSE)"
    )
    yield from (f"visitor {row[0]} is outside of its zone" for row in rows(outside))
    for sort in ("created_at", "updated_at", "last_seen_at"):
        outside = (
            f"SELECT id FROM visitors AS v LEFT JOIN visitor_days AS d ON d.sort = '{sort}'"
            f" AND d.day = substr(v.{sort}, 1, 10) WHERE v.{sort} IS NOT NULL AND NOT coalesce({_WITHIN}, FALSE)"
        )
        yield from (f"visitor {row[0]} is outside of its day of {sort}" for row in rows(outside))
    for table, names in (
        ("visitor_places", "language timezone country_code"),
        ("visitor_machines", "browser os device_type"),
    ):
        values = ", ".join(f"coalesce({name}, '')" for name in names.split())
        missing = f"SELECT {values} FROM visitors EXCEPT SELECT * FROM {table}"
        yield from (f"{table} lacks {row}" for row in rows(missing))
