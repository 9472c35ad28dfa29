"""Checking a store on a server: everything that does not need the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from visitors.errors import StoreProblem
from visitors.store.file.check import integrity, of_receipts, of_references, of_rules, of_schema
from visitors.store.file.findings import Advice, Finding, damaged, ok, problem
from visitors.store.remote.opening import database_of
from visitors.store.schema.version import SCHEMA_VERSION
from visitors.store.servers import Server
from visitors.store.store import Store

_NOT_LOOKED_AT = "permissions, journal and free space, because only the server has the file"


class ServerAdvice(Advice):
    """Advice for a store on a server; `program` is how this one was called."""

    def __init__(self, program: str) -> None:
        super().__init__(Path(), program)

    def restore(self) -> str:
        """Return how to restore a backup."""
        return "ask the administrator of the server for a backup"

    def nothing(self) -> str:
        """Return what to do about missing records."""
        return self.restore()

    def mend(self) -> str:
        """Return how to correct records in a dump."""
        return f"correct the lines of {self._program} db dump, and load them into a new database"

    def rebuild(self) -> str:
        """Return how to get a sound schema."""
        return f"load {self._program} db dump into a new database"

    def drop(self, statement: str) -> str:
        """Return how to remove an unknown object from the schema."""
        return f"ask the administrator of the server to run: {statement}"

    def compact(self) -> str:
        """Return how to rebuild derived data."""
        return f"{self.rebuild()}, which rebuilds the indexes"


def check(place: Server, program: str, *, quick: bool = False, timeout: float = 30.0) -> list[Finding]:
    """Check the store; a `quick` check does not read every record. Raises StoreProblem."""
    with Store(database_of(place, timeout=timeout, create=False), place) as store:
        with store.reading():
            found = list(_of_snapshot(store, ServerAdvice(program), quick=quick))
        return found if quick else [*found, _of_texts(store, ServerAdvice(program))]


def _of_snapshot(store: Store, advice: Advice, *, quick: bool) -> Iterator[Finding]:
    said = integrity(store, quick=quick)
    if said == ["ok"]:
        yield ok("integrity", "the pages are intact" + (", indexes not compared" if quick else ""))
    else:
        yield from (damaged("integrity", line, advice) for line in said)
    yield ok("version", f"schema {SCHEMA_VERSION}")
    yield from of_references(store, advice)
    yield from of_schema(store, advice)
    if not quick:
        yield from of_rules(store, advice)
        yield from of_receipts(store, advice)
    yield ok("file", f"not checked: {_NOT_LOOKED_AT}")


class _Compared(Exception):
    """Rolls the transaction back: to FTS5, a check is a write."""


def _of_texts(store: Store, advice: Advice) -> Finding:
    """Check that the full-text index matches the contacts."""
    try:
        with store.writing():
            store.execute("INSERT INTO contacts_text (contacts_text, rank) VALUES ('integrity-check', 1)")
            raise _Compared  # noqa: TRY301 - rolls back
    except _Compared:
        return ok("search", "the full-text index is complete")
    except StoreProblem as error:
        if error.code != "store_corrupt":
            raise
        return problem("search", "contacts_text does not match the texts of the records", advice.compact())
