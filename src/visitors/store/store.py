"""An open store, and its two kinds of transaction: a read snapshot and a recorded operation.

Every write happens inside `Store.operation`, under `BEGIN IMMEDIATE`: SQLite then queues writers by
the busy timeout instead of failing one that read before it wrote. Triggers of the schema record each
changed row against the one open operation, and refuse changes made outside of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Self

from visitors import interrupts
from visitors.domain.ids import Entropy, new_id, new_ids
from visitors.domain.times import Instant, to_milliseconds
from visitors.errors import StoreProblem, moved
from visitors.store.database import Answer, Database, Question, Result, Row, rows
from visitors.store.places import Place
from visitors.store.schema.recorded import RECORDED, claimed, given

WRITING_KIBIBYTES = 65_536
"""How much of the store a connection may keep in memory while it writes: what was changed and no longer fits goes to
the disk, and perhaps once more later. One that only reads has SQLite's own 2,000.
"""


class OpenOperation:
    """The operation that a transaction belongs to: what new records take their time and actor from."""

    def __init__(self, at: Instant, actor: str, entropy: Entropy = os.urandom) -> None:
        self.at = at
        self.actor = actor
        self.pk = 0
        """Its number, once it has begun."""
        self.is_committed = False
        """Whether it is in the store for good."""
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
    """One connection to one store. `visitors.store.file.opening` gives one, and `close` (or `with`) ends it."""

    def __init__(self, database: Database, place: Place, *, backup: Path | None = None) -> None:
        self._database = database
        self.place = place
        self.identity = place.identity
        """Which file it was when it was opened."""
        self.backup = backup
        """Where the store as it was is kept, if opening it migrated it."""
        self.when_closed: Callable[[], None] | None = None
        """What is left to do when it is closed."""
        self.when_read: Callable[[], None] | None = None
        """What is left to do at the end of each transaction."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back. Raises UsageProblem in another thread."""
        self._database.close()
        if self.when_closed is not None:
            self.when_closed()
            self.when_closed = None

    @property
    def name(self) -> str:
        """Where it is, as it is shown."""
        return self.place.name

    @property
    def in_transaction(self) -> bool:
        """Whether a `reading` or an `operation` is under way. Raises UsageProblem when the store is closed."""
        return self._database.in_transaction

    def translated_errors(self) -> AbstractContextManager[None]:
        """Turns what the database says outside of a transaction into `visitors.errors`."""
        return self._database.translated_errors()

    def keep_in_memory(self, kibibytes: int) -> None:
        """How much of the store this connection may keep in memory from now on; sorting may take as much."""
        self.execute(f"PRAGMA cache_size = -{kibibytes}")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Result:
        """Run one statement. Only for modules of the store, inside `reading` or `operation`."""
        return self._database.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]]) -> int:
        """Run one statement for each of `parameters`; returns how many rows they changed."""
        return self._database.execute_many(sql, parameters)

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a statement that may give more than fit into memory."""
        return self._database.stream(sql, parameters)

    def run(self, statements: Sequence[tuple[str, Sequence[object]]]) -> list[list[Row]]:
        """Run statements that do not need one another's rows, in their order and one round trip; the rows of each."""
        return self._database.batch(statements)

    def ask(self, question: Question[Answer]) -> Answer:
        """The answer to one question."""
        return question.read(self.execute(question.sql, question.parameters).fetchall())

    def ask_all(self, *questions: Question[Any]) -> list[Any]:
        """The answers to questions that do not need one another's, asked together."""
        found = self._database.batch([(question.sql, question.parameters) for question in questions])
        return [question.read(rows) for question, rows in zip(questions, found, strict=True)]

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
        second = next(remaining, None)
        if second is not None:
            # SQLite numbers on from the highest, which is that one
            self.execute_many(f"INSERT INTO {table} ({names}) VALUES ({marks})", chain([second], remaining))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent snapshot for everything read inside. Raises StoreProblem."""
        with self._transaction([("BEGIN", ())]):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that is no operation: for what restores a store, history and all. Raises StoreProblem."""
        with self._transaction([_CACHE, ("BEGIN IMMEDIATE", ())]):
            yield
            self._commit([], "what was written")

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
        exclusive: bool = False,
    ) -> Iterator[OpenOperation]:
        """One recorded write, whole or not at all.

        `arguments` are names of options, without their values; `entropy` is what all new ids are made
        from; an `exclusive` one has readers wait. An operation that changed nothing leaves no record, unless it
        erased, of which no change may tell; with `dry_run` everything is rolled back at the end. Raises
        StoreProblem, and Conflict when seeded `entropy` gives what is there.
        """
        interrupts.release()
        self._refuse_another_file()
        with self._transaction([_CACHE, ("BEGIN EXCLUSIVE" if exclusive else "BEGIN IMMEDIATE", ())]):
            # the time is that of the write, not of the wait for others' writes
            operation = OpenOperation(clock(), actor, entropy)
            row = self.execute(_OPEN, (operation.id, operation.at, actor, command, rows(arguments))).fetchone()
            operation.pk = row[0]
            yield operation
            done = self._database.batch([(_CLAIM, row), (_CHANGED, row * 2)])
            if dry_run or not any(done):
                self.execute("ROLLBACK")
            else:
                close = ("UPDATE operations SET is_open = NULL WHERE pk = ?", row)
                self._commit([close], f"operation {operation.id} ({command})")
                operation.is_committed = True

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of an operation that is undone alone when it raises."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.in_transaction:  # a full disk ends all of it, this part too
                self.execute("ROLLBACK TO part")
                self.execute("RELEASE part")
            raise
        self.execute("RELEASE part")

    def _commit(self, last: Sequence[tuple[str, Sequence[object]]], done: str) -> None:
        """Commit after the `last` statements, to the file that was opened. Signals wait from then on."""
        self._refuse_another_file()
        interrupts.hold()
        self._database.batch([*last, ("COMMIT", ())])
        self._refuse_another_file(done)

    def _refuse_another_file(self, done: str | None = None) -> None:
        """Raises StoreProblem when the file that was opened does not stand at its path any more; what was `done` in it
        is in it all the same.

        What was written to it would be in a file that is gone, and its log would be taken for that of the file which
        stands there now (https://sqlite.org/howtocorrupt.html, section 2.4): so nothing is left in the log.
        """
        if self.place.identity == self.identity:
            return
        if self.in_transaction:
            self.execute("ROLLBACK")
        with suppress(StoreProblem), self._database.translated_errors():
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raise moved(self.name, done)

    @contextmanager
    def _transaction(self, begin: Sequence[tuple[str, Sequence[object]]]) -> Iterator[None]:
        with self._database.translated_errors():
            self._database.batch(begin)
            try:
                yield
                if self.in_transaction:
                    self.execute("COMMIT")
                if self.when_read is not None:
                    self.when_read()
            finally:
                if self.in_transaction:
                    self.execute("ROLLBACK")


_CACHE = (f"PRAGMA cache_size = -{WRITING_KIBIBYTES}", ())

_OPEN = "INSERT INTO operations (id, at, actor, command, arguments, is_open) VALUES (?, ?, ?, ?, ?, 1) RETURNING pk"

# What was created since the last operation was created by this one, also what it removed again.
_CLAIM = (
    "INSERT INTO creations (operation, kind, first, last) SELECT ?, kind, claimed + 1, newest FROM ("
    + " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, {given(kind)} AS newest, {claimed(kind)} AS claimed" for kind in RECORDED
    )
    + ") WHERE newest > claimed RETURNING pk"
)

_CHANGED = "SELECT 1 FROM changes WHERE operation = ? UNION ALL SELECT 1 FROM erasures WHERE operation = ? LIMIT 1"
