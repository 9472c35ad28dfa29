"""Whether a store is intact, and its content: read with SQLite itself, not the program under test."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from next_version import NEW
from trials.running import settings
from visitors.main import run
from visitors.store.schema.invariants import METADATA_ROWS
from visitors.store.schema.recorded import RECORDED
from visitors.store.schema.version import APPLICATION_ID, SCHEMA_VERSION

State = dict[str, list[Any]]

_NEVER_ALIKE = ("_sqlite_migrations", "keys", "erasures")
"""Time-dependent or random content: when each migration was applied, the key, and receipts made with it."""


def state(path: Path) -> State:
    """Return the whole content of an intact store: its schema, and every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        tables = [name for kind, name, _, sql in schema if kind == "table" and "VIRTUAL" not in sql]
        found = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in tables}
    return {**found, "schema": schema}


def ids(found: State) -> set[str]:
    """Return the visitor ids of a state."""
    return {row[1] for row in found["visitors"]}


def deeds(path: Path, now: str) -> State:
    """Return the state of a store without what differs between runs at the same time: ids generated `now` (the ten
    characters of a ULID for its time), and the structure of the full-text index.

    A missing store is empty.
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


def assert_sound(path: Path, newer: Mapping[str, str] | None = None) -> None:
    """Fail with all problems of a store; a missing one is intact."""
    if path.exists() and path.stat().st_size:
        found = list(problems(path, newer))
        assert not found, found


def problems(path: Path, newer: Mapping[str, str] | None = None) -> Iterator[str]:
    """Return the problems of a store with the latest schema, or, if the environment `newer` is given, that of the next
    version.
    """
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
            for name, wanted in (("application_id", APPLICATION_ID), ("user_version", NEW if newer else SCHEMA_VERSION))
            if (found := rows(f"PRAGMA {name}")[0][0]) != wanted
        )
        if rows(_SCHEMA) != _fresh_schema(newer):
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
        try:
            connection.execute("BEGIN")
            # with rank 1, the index is compared with its content
            connection.execute("INSERT INTO contacts_text (contacts_text, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            yield f"contacts_text: {error}"
        finally:
            connection.execute("ROLLBACK")
    yield from _what_the_program_finds(path, newer)


_SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
_FRESH: dict[bool, list[Any]] = {}
"""The schema of a new store, of this version and of the next."""


def _fresh_schema(newer: Mapping[str, str] | None) -> list[Any]:
    is_newer = newer is not None
    if is_newer not in _FRESH:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fresh.db"
            _run(["create", "--db", str(path)], newer)
            with closing(sqlite3.connect(path)) as connection:
                _FRESH[is_newer] = connection.execute(_SCHEMA).fetchall()
    return _FRESH[is_newer]


def _run(words: list[str], newer: Mapping[str, str] | None) -> tuple[int, str]:
    """Return the exit code and output of a command: of this version, in this process, or of the next."""
    if newer is not None:
        command = [sys.executable, "-m", "visitors", *words]
        done = subprocess.run(command, env=settings(**newer), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(words)
    out.seek(0)
    err.seek(0)
    return status, out.read() + err.read()


def _what_the_program_finds(path: Path, newer: Mapping[str, str] | None) -> Iterator[str]:
    """Return the findings of `visitors db check`, without files left by a killed process, or an unfinished erasure."""
    status, said = _run(["db", "check", "--db", str(path), "--quiet", "--no-header"], newer)
    wrong = [
        line for line in said.splitlines() if not line.startswith(("leftovers\t", "erasures\t", "error: ", "hint: "))
    ]
    if wrong or status not in (0, 8):
        yield f"db check ended with {status}: {said}"


def _derived_wrongly(rows: Callable[[str], list[Any]]) -> Iterator[str]:
    """Return the derived data of contacts that does not match the records."""
    wanted = f"{METADATA_ROWS}, contacts.pk FROM contacts, json_each(contacts.metadata)"
    found = "SELECT key, value, contact FROM contact_metadata"
    for one, other in ((wanted, found), (found, wanted)):
        yield from (f"contact_metadata differs: {row}" for row in rows(f"{one} EXCEPT {other}"))
