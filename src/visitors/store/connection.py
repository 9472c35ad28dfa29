"""An open store, and its two kinds of transaction: a read snapshot and a recorded operation.

Every write happens inside `Store.operation`, under `BEGIN IMMEDIATE`: SQLite then queues writers by
the busy timeout instead of failing one that read before it wrote. Triggers of the schema record each
changed row against the one open operation, and refuse changes made outside of one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec

from visitors.domain.ids import Entropy, new_id, new_ids
from visitors.domain.times import Instant, to_milliseconds
from visitors.errors import InvalidData
from visitors.location import MEMORY
from visitors.store.problems import translated_errors
from visitors.store.schema import RECORDED, claimed, given

READING_KIBIBYTES = 2_048
"""How much of the store a connection may keep in memory while it only reads. Most pages are read once, and to read one
into memory that was used before takes half the time: what is new to a process the system first has to clear.
"""

WRITING_KIBIBYTES = 65_536
"""How much while it writes: what was changed and no longer fits goes to the disk, and perhaps once more later."""


class OpenOperation:
    """The operation that a transaction belongs to: what new records take their time and actor from."""

    def __init__(self, at: Instant, actor: str, entropy: Entropy = os.urandom) -> None:
        self.at = at
        self.actor = actor
        self.pk = 0
        self._milliseconds = to_milliseconds(at)
        self._entropy = entropy
        self.id = self.new_id()

    def because(self, store: Store, record_id: str, code: str) -> None:
        """Record why this operation changes a record: the rule that fired, as a code."""
        self.because_many(store, [(record_id, code)])

    def because_many(self, store: Store, causes: Iterable[tuple[str, str]]) -> None:
        """As `because`, of many records, each with its code."""
        sql = "INSERT INTO causes (operation, record, code) VALUES (?, ?, ?)"
        store.execute_many(sql, ((self.pk, *cause) for cause in causes))

    @staticmethod
    def made(store: Store, kind: str, record_id: str) -> bool:
        """Whether the open operation made the record."""
        sql = f"SELECT 1 FROM {RECORDED[kind]} WHERE id = ? AND pk > {claimed(kind)}"
        return store.execute(sql, (record_id,)).fetchone() is not None

    @staticmethod
    def state(store: Store) -> tuple[int, ...]:
        """The newest change and the newest record of each kind: what tells whether something happened in between."""
        tables = ("changes", *RECORDED.values())
        newest = ", ".join(f"(SELECT max(pk) FROM {table})" for table in tables)
        found: tuple[int, ...] = store.execute(f"SELECT {newest}").fetchone()
        return found

    def new_id(self) -> str:
        """A fresh ULID of the operation's time."""
        return new_id(self._milliseconds, self._entropy)

    def new_ids(self, count: int) -> Iterator[str]:
        """`count` fresh ULIDs of the operation's time, in ascending order."""
        return new_ids(self._milliseconds, count, self._entropy)


class Store:
    """One connection to one store. `visitors.store.opening` gives one, and `close` (or `with`) ends it."""

    def __init__(self, connection: sqlite3.Connection, path: Path, backup: Path | None = None) -> None:
        self._connection = connection
        self.path = path
        self.backup = backup
        """Where the store as it was is kept, if opening it migrated it."""
        self.when_closed: Callable[[], None] | None = None
        """What is left to do when it is closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()
        if self.when_closed is not None:
            self.when_closed()
            self.when_closed = None

    @property
    def in_transaction(self) -> bool:
        """Whether a `reading` or an `operation` is under way."""
        return self._connection.in_transaction

    @property
    def is_in_memory(self) -> bool:
        """Whether nothing of it may touch the disk."""
        return str(self.path) == MEMORY

    def keep_in_memory(self, kibibytes: int) -> None:
        """How much of the store this connection may keep in memory from now on; sorting may take as much."""
        self.execute(f"PRAGMA cache_size = -{kibibytes}")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement. Only for modules of the store, inside `reading` or `operation`."""
        return self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]]) -> int:
        """Run one statement for each of `parameters`; returns how many rows they changed."""
        return self._connection.executemany(sql, parameters).rowcount

    def insert(self, kind: str, columns: Sequence[str], new: Iterable[Sequence[object]]) -> None:
        """Insert new records of a kind, each under a number that no record ever had: so they are recorded as a
        range, and one that was removed can come back.
        """
        table, remaining = RECORDED[kind], iter(new)
        first = next(remaining, None)
        if first is None:
            return
        marks = ", ".join("?" * len(columns))
        names = ", ".join(columns)
        self.execute(f"INSERT INTO {table} (pk, {names}) VALUES (1 + {given(kind)}, {marks})", first)
        # SQLite numbers on from the highest, which is that one
        self.execute_many(f"INSERT INTO {table} ({names}) VALUES ({marks})", remaining)

    def copy_to(self, target: sqlite3.Connection, pages: int, tell: Callable[[int, int, int], object]) -> None:
        """Copy the snapshot that is being read to another database, some pages at a time; in between `tell` gets
        SQLite's status, how many pages are left, and of how many. Raises sqlite3.Error.
        """
        self._connection.backup(target, pages=pages, progress=tell)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent snapshot for everything read inside. Raises StoreProblem."""
        with self._transaction("BEGIN", READING_KIBIBYTES):
            yield

    @contextmanager
    def operation(
        self,
        command: str,
        *,
        actor: str,
        clock: Callable[[], Instant],
        arguments: Sequence[str] = (),
        dry_run: bool = False,
        entropy: Entropy = os.urandom,
        is_load: bool = False,
    ) -> Iterator[OpenOperation]:
        """One recorded write, whole or not at all.

        `arguments` are names of options, without their values; `entropy` is what all new ids are made
        from; `is_load` is to be told of what may fill a new store, which then keeps readers waiting and takes less
        time. An operation that changed nothing leaves no record, unless it erased, of which no change may tell;
        with `dry_run` everything is rolled back at the end. Raises StoreProblem, and Conflict when seeded
        `entropy` gives what is there.
        """
        with self._load() if is_load else self._transaction("BEGIN IMMEDIATE"):
            operation = OpenOperation(clock(), actor, entropy)
            row = self.execute(
                "INSERT INTO operations (id, at, actor, command, arguments, is_open) VALUES (?, ?, ?, ?, ?, 1)"
                " RETURNING pk",
                (operation.id, operation.at, actor, command, rows(arguments)),
            ).fetchone()
            operation.pk = row[0]
            yield operation
            made = self.execute(_CLAIM, row).rowcount
            changed = made or self.execute(_CHANGED, row * 2).fetchone()
            if dry_run or not changed:
                self.execute("ROLLBACK")
            else:
                self.execute("UPDATE operations SET is_open = NULL WHERE pk = ?", row)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that is no operation: for what restores a store, history and all. Raises StoreProblem."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    def insert_as_is(self, table: str, values: Mapping[str, object], place: str) -> None:
        """Insert a row with all its columns. Raises InvalidData, with its `place`, for one that does not fit."""
        marks = ", ".join("?" * len(values))
        try:
            self.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))
        except (sqlite3.IntegrityError, OverflowError, UnicodeError) as error:
            raise InvalidData(f"{place}: the row does not fit: {error}", code="not_a_dump") from None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of an operation that is undone alone when it raises."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends all of it, this part too
                self.execute("ROLLBACK TO part")
                self.execute("RELEASE part")
            raise
        self.execute("RELEASE part")

    @contextmanager
    def _load(self) -> Iterator[None]:
        from visitors.store.journal import without_log

        # without a log a reader who comes in between would be in the way of the end: so there may be none
        with translated_errors(self.path), without_log(self._connection), self._transaction("BEGIN EXCLUSIVE"):
            yield

    @contextmanager
    def _transaction(self, begin: str, kibibytes: int = WRITING_KIBIBYTES) -> Iterator[None]:
        with translated_errors(self.path):
            self.keep_in_memory(kibibytes)
            self.execute(begin)
            try:
                yield
                if self._connection.in_transaction:
                    self.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self.execute("ROLLBACK")


# What was made since the last operation was made by this one, also what it removed again.
_CLAIM = (
    "INSERT INTO creations (operation, kind, first, last) SELECT ?, kind, claimed + 1, newest FROM ("
    + " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, {given(kind)} AS newest, {claimed(kind)} AS claimed" for kind in RECORDED
    )
    + ") WHERE newest > claimed"
)

_CHANGED = "SELECT 1 FROM changes WHERE operation = ? UNION ALL SELECT 1 FROM erasures WHERE operation = ? LIMIT 1"


THESE = "IN (SELECT value FROM json_each(?))"
"""The SQL of being one of some values, which `rows` makes a parameter of."""


def rows(values: Iterable[object]) -> str:
    """`values` as the JSON array that `json_each(?)` takes: many rows as one parameter."""
    return msgspec.json.encode(list(values)).decode()
