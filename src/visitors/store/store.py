"""An open store, with its two kinds of transaction: a read snapshot and a recorded operation.

Every write is inside `Store.operation`, under `BEGIN IMMEDIATE`: SQLite then queues writers by the busy timeout,
instead of failing one that read before it wrote. Triggers record each changed row for the open operation, and reject
changes outside of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Self

from visitors import interrupts
from visitors.domain.ids import Entropy, new_id, new_ids
from visitors.domain.times import Instant, to_milliseconds
from visitors.errors import StoreProblem, moved
from visitors.store.database import Answer, Commit, Database, Question, Result, Row, Statement, rows
from visitors.store.places import Place
from visitors.store.schema import recorded


class OpenOperation:
    """The operation of the current transaction: the time and actor of new records."""

    def __init__(self, at: Instant, actor: str, entropy: Entropy = os.urandom) -> None:
        self.at = at
        self.actor = actor
        self.is_committed = False
        """Whether it is committed."""
        self._milliseconds = to_milliseconds(at)
        self._entropy = entropy
        self.id = self.new_id()

    def record_causes(self, store: Store, causes: Iterable[tuple[str, str]]) -> None:
        """Record the causes of changes to records: each record's id with the code of the rule that applied."""
        some = list(causes)
        if some:
            store.later(
                f"INSERT INTO causes (operation, record, code) SELECT {recorded.OPEN}, json_extract(value, '$[0]'),"
                " json_extract(value, '$[1]') FROM json_each(?)",
                (rows(some),),
            )

    def new_id(self) -> str:
        """Return a new ULID of the operation's time."""
        return new_id(self._milliseconds, self._entropy)

    def new_ids(self, count: int) -> Iterator[str]:
        """Return `count` new ULIDs of the operation's time, in ascending order."""
        return new_ids(self._milliseconds, count, self._entropy)


class Store:
    """One connection to one store, opened by `visitors.store.file.opening` and ended by `close` or `with`."""

    def __init__(self, database: Database, place: Place, *, backup: Path | None = None) -> None:
        self._database = database
        self.place = place
        self.identity = place.identity
        """The identity of the file that was opened."""
        self.backup = backup
        """The path of the backup, if opening the store migrated it."""
        self.when_closed: Callable[[], None] | None = None
        """Callbacks for when it is closed."""
        self.when_read: Callable[[], None] | None = None
        """Callbacks for the end of each transaction."""
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, rolling back an open transaction. Raises UsageProblem in another thread."""
        self._database.close()
        self._is_closed = True
        if self.when_closed is not None:
            self.when_closed()
            self.when_closed = None

    @property
    def name(self) -> str:
        """The display name of its location."""
        return self.place.name

    @property
    def in_transaction(self) -> bool:
        """Whether a `reading` or an `operation` is in progress. Raises UsageProblem when the store is closed."""
        return self._database.in_transaction

    def translated_errors(self) -> AbstractContextManager[None]:
        """Convert database errors outside of a transaction to those of `visitors.errors`."""
        return self._database.translated_errors()

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """The exceptions for rows that violate a constraint."""
        return self._database.refusals

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Result:
        """Run one statement. Only for modules of the store, inside `reading` or `operation`."""
        return self._database.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `parameters`: on a server, possibly together with the next one."""
        self._database.execute_many(sql, parameters)

    def later(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement whose result is not needed: on a server, together with the next one."""
        self._database.later(sql, parameters)

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """Iterate over the rows of a statement whose result may not fit into memory."""
        return self._database.stream(sql, parameters)

    def run(self, statements: Sequence[Statement]) -> Sequence[Result]:
        """Run statements in order, in one round trip; return the result of each."""
        return self._database.batch(statements)

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer to one question."""
        return question.read(self.execute(question.sql, question.parameters).fetchall())

    def ask_all(self, *questions: Question[Any]) -> list[Any]:
        """Return the answers to independent questions, asked in one round trip."""
        found = self.run([(question.sql, question.parameters) for question in questions])
        return [question.read(result.fetchall()) for question, result in zip(questions, found, strict=True)]

    def insert(self, kind: str, columns: Sequence[str], new: Iterable[Sequence[object]]) -> None:
        """Insert records of a kind under new numbers, so that they are recorded as a range, and removed records can be
        restored under their old ones.
        """
        table, remaining = recorded.RECORDED[kind], iter(new)
        first = next(remaining, None)
        if first is None:
            return
        marks = ", ".join("?" * len(columns))
        names = ", ".join(columns)
        self.later(f"INSERT INTO {table} (pk, {names}) VALUES (1 + {recorded.given(kind)}, {marks})", first)
        second = next(remaining, None)
        if second is not None:
            # SQLite continues from the highest number, which is that one
            self.execute_many(f"INSERT INTO {table} ({names}) VALUES ({marks})", chain([second], remaining))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Begin a read transaction: one consistent snapshot. Raises StoreProblem."""
        with self._transaction("DEFERRED"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Begin a write transaction that is no operation, to restore a store with its history. Raises StoreProblem."""
        with self._transaction("IMMEDIATE"):
            yield
            self._commit(
                Commit(name="what was written", proof=("SELECT 1 FROM operations LIMIT 1", ()), find="history")
            )

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
        """Begin one recorded write, all or nothing.

        `arguments` are names of options, without their values; `entropy` is the source of all new ids; an `exclusive`
        operation makes readers wait. An operation that changed nothing is not recorded, unless it `erased`, since an
        erasure leaves no changes; with `dry_run` everything is rolled back at the end. Raises StoreProblem, and
        Conflict if seeded `entropy` generates an existing id.
        """
        interrupts.release()
        self._refuse_another_file()
        with self._transaction("EXCLUSIVE" if exclusive else "IMMEDIATE"):
            # in a file, the time of the write, after waiting for others
            operation = OpenOperation(clock(), actor, entropy)
            self.later(recorded.BEGIN_OPERATION, (operation.id, operation.at, actor, command, rows(arguments)))
            yield operation
            if dry_run:
                return
            operation.is_committed = self._commit(
                Commit(
                    name=f"operation {operation.id} ({command})",
                    proof=("SELECT 1 FROM operations WHERE id = ?", (operation.id,)),
                    find=f"history --operation {operation.id}",
                    first=recorded.CLAIM_CREATIONS,
                    needs=recorded.HAS_CHANGED,
                    last=recorded.END_OPERATION,
                )
            )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of an operation that is rolled back alone if it raises."""
        self.later("SAVEPOINT part")
        try:
            yield
            self.execute("RELEASE part")  # where a server refuses what it was to do `later`
        except BaseException:
            if self.in_transaction:  # a full disk rolls back the whole operation
                self.later("ROLLBACK TO part")
                self.later("RELEASE part")
            raise

    def _commit(self, last: Commit) -> bool:
        """Commit to the file that was opened; return whether it was committed. Signals are deferred from then on."""
        self._refuse_another_file()
        interrupts.hold()
        committed = False
        try:
            committed = self._database.commit(last)
        finally:
            if not committed:
                interrupts.release()
        if committed:
            self._refuse_another_file(last.name)
        return committed

    def _refuse_another_file(self, done: str | None = None) -> None:
        """Raise StoreProblem if the path no longer leads to the file that was opened; what was `done` in it is in it
        all the same.

        Its changes would be in a file that is gone, and its log would be mistaken for that of the file now there
        (https://sqlite.org/howtocorrupt.html, section 2.4), so the log is emptied.
        """
        if self.place.identity == self.identity:
            return
        if self.in_transaction:
            self._database.rollback()
        with suppress(StoreProblem), self._database.translated_errors():
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raise moved(self.name, done)

    @contextmanager
    def _transaction(self, kind: Literal["DEFERRED", "IMMEDIATE", "EXCLUSIVE"]) -> Iterator[None]:
        with self._database.translated_errors():
            self._database.begin(kind)
            try:
                yield
                if self.when_read is not None:
                    self.when_read()
            finally:
                # a suspended generator may end after the store was closed
                if not self._is_closed and self.in_transaction:
                    self._database.rollback()
