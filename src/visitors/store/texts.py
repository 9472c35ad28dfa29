"""The full-text indexes of visitors and contacts: of every three letters in a row (trigrams), by which a part of a word
is found, whatever the letters' case, in any script.

Triggers keep them (see the migrations). Here they are made anew, merged and checked as a whole.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Self

from visitors.store.aside import Elsewhere, Here, can_be_elsewhere
from visitors.store.connection import Store
from visitors.store.problems import primary_code

if TYPE_CHECKING:
    from concurrent.futures import Future

TEXTS = {"visitors_text": ("visitors", "id"), "contacts_text": ("contacts", "id, external_id, name, email")}
"""Full-text index -> the table that it is over, and its columns."""

_PARTS = {"data": "id, block", "idx": "segid, term, pgno"}
"""The tables of a full-text index that hold what is in it (see 'FTS5 Data Structures' in SQLite's documentation)."""

_LARGE_PIECE = 4 * 1024 * 1024
"""How many bytes of a full-text index are gathered in memory before they are written. More are slower to add to."""

_UNMERGED = 1_999
"""As many pieces as FTS5 lets be on one level before it merges them."""

_LEVEL = 4
"""The level on which they are put in place. FTS5 merges 16 of one level into one of the next: so it is after 65,536
writes that these would be merged at once, and long before, a little with each write, they are.
"""

_STRUCTURE = 10
"""The row of a full-text index that lists its pieces, level by level."""

_AT_ONCE = 2_000
"""How many texts are handed over as one."""

_WORTH_A_PROCESS = 4_000
"""Records of a table from which on it pays to start a process."""


class TextIndexes:
    """The full-text indexes, made anew while something else is done in the same transaction.

    They take as long as all other indexes together, so a second core makes them. SQLite has one writer: so they are
    made in a database aside, and what they are made of is then put in place. The texts wait for it in another such
    database, not in memory, and a thread hands them over: what is aside may be far behind.
    """

    def __init__(self, store: Store) -> None:
        from concurrent.futures import ThreadPoolExecutor  # takes longer to import than most calls to run

        self._store = store
        self._second_core = ThreadPoolExecutor(max_workers=1)
        self._jobs: list[Future[object]] = []
        self._last = dict.fromkeys(TEXTS, 0)
        self._name = ":memory:" if store.is_in_memory else ""
        self._waiting = Here(self._name)
        self._waiting.execute("CREATE TABLE texts (pk INTEGER PRIMARY KEY, rows TEXT)")
        self._aside: Here | Elsewhere | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._aside is not None:
            self._aside.stop()
        self._second_core.shutdown(cancel_futures=True)
        self._waiting.close()
        if self._aside is not None:
            self._aside.close()

    def follow(self, table: str) -> None:
        """Have the texts indexed that came to a table since, once they are many, if that takes nothing from this
        process. None of them must change any more.
        """
        newest = self._newest(table)
        if not _pays_elsewhere(newest):
            return
        while newest - self._last[table] >= _AT_ONCE:
            self._hand_over(table)

    def index(self, table: str) -> None:
        """Have all texts of a table indexed, none of which must change any more."""
        while self._hand_over(table):
            pass

    def _newest(self, table: str) -> int:
        found: tuple[int] = self._store.execute(f"SELECT coalesce(max(pk), 0) FROM {TEXTS[table][0]}").fetchone()
        return found[0]

    def _hand_over(self, table: str) -> bool:
        """Have the next texts of a table indexed; whether there were any."""
        if self._aside is None:
            self._aside = self._begun(max(self._newest(one) for one in TEXTS))
        content, columns = TEXTS[table]
        sql = (
            f"SELECT max(pk), json_group_array(json_array(pk, {columns})) FROM"
            f" (SELECT pk, {columns} FROM {content} WHERE pk > ? ORDER BY pk LIMIT {_AT_ONCE})"
        )
        last, found = self._store.execute(sql, (self._last[table],)).fetchone()
        if last is None:
            return False
        self._last[table] = last
        number = len(self._jobs)
        self._waiting.execute("INSERT INTO texts (pk, rows) VALUES (?, ?)", (number, found))
        self._jobs.append(self._second_core.submit(self._index, self._aside, table, number))
        return True

    def _begun(self, newest: int) -> Here | Elsewhere:
        """A database aside with full-text indexes that are empty."""
        aside = Elsewhere(self._name) if _pays_elsewhere(newest) else Here(self._name)
        for table, (content, columns) in TEXTS.items():
            aside.execute(f"CREATE VIRTUAL TABLE {table} USING {_declaration(columns, content)}")
            # in few large pieces, which are not merged meanwhile
            for option, value in (("hashsize", _LARGE_PIECE), ("automerge", 0), ("crisismerge", _UNMERGED)):
                aside.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (option, value))
        return aside

    def _index(self, aside: Here | Elsewhere, table: str, number: int) -> None:
        """In the second thread: index some texts that wait."""
        # row by row: FTS5 writes down what it has gathered before a statement that may insert several
        ((found,),) = self._waiting.rows("SELECT rows FROM texts WHERE pk = ?", (number,))
        self._waiting.execute("DELETE FROM texts WHERE pk = ?", (number,))
        aside.insert(_insertion(table, f"rowid, {TEXTS[table][1]}"), found)

    def put_in_place(self) -> None:
        """Let the indexes be those of the store. Waits until all that was to be indexed is.

        Raises sqlite3.Error, and VisitorsError if a process that made them ended.
        """
        aside = self._aside or self._begun(0)
        self._jobs.append(self._second_core.submit(aside.execute, "COMMIT"))
        for job in self._jobs:
            job.result()
        for table in TEXTS:
            # so that FTS5 remembers nothing, neither of what is there nor of what it has yet to write
            self._store.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")
            with self._store.savepoint():
                for part, columns in _PARTS.items():
                    self._store.execute(f"DELETE FROM {table}_{part}")
                    pieces = aside.rows(f"SELECT {columns} FROM {table}_{part}")
                    self._store.execute_many(_insertion(f"{table}_{part}", columns), pieces)
                self._lift(table)

    def _lift(self, table: str) -> None:
        """Move the pieces of the index up to their level; see 'Structure Record Format' in the same documentation.

        Two numbers begin each level: how many of its pieces are being merged, and how many there are. What stands
        before the first level are a cookie of four bytes and three numbers, of which the first is that of levels.
        """
        sql = f"SELECT block FROM {table}_data WHERE id = {_STRUCTURE}"
        block: bytes = self._store.execute(sql).fetchone()[0]
        if not block[4]:
            return
        levels = block[4] + _LEVEL
        start = 5
        for _ in range(2):
            while block[start] > 127:  # the number goes on
                start += 1
            start += 1
        lifted = block[:4] + bytes([levels]) + block[5:start] + bytes(2 * _LEVEL) + block[start:]
        self._store.execute(f"UPDATE {table}_data SET block = ? WHERE id = {_STRUCTURE}", (lifted,))


def _pays_elsewhere(newest: int) -> bool:
    """Whether so many records are indexed sooner by a process of its own."""
    return newest >= _WORTH_A_PROCESS and can_be_elsewhere()


def _insertion(table: str, columns: str) -> str:
    marks = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


def merge(store: Store) -> None:
    """Make each full-text index one piece: the smallest, the quickest to search, and without what was in it of
    records that are gone.

    A removal is one more entry there, beside those that it takes back; merging all entries ends both. (From
    SQLite 3.42 on, 'secure-delete' does it at once, and leaves a store that earlier ones cannot open.)
    """
    for table in TEXTS:
        store.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def agrees(store: Store, table: str) -> bool:
    """Whether the full-text index is sound and has the texts of its table. Changes nothing of the store, which may be
    open for reading only: SQLite's own check is a write, so a copy of the index is what it is told to check.
    """
    content, columns = TEXTS[table]
    store.execute(f"CREATE TEMP VIEW {table}_checked_content AS SELECT * FROM main.{content}")
    store.execute(
        f"CREATE VIRTUAL TABLE temp.{table}_checked USING {_declaration(columns, f'{table}_checked_content')}"
    )
    try:
        for part in ("data", "idx", "config"):
            store.execute(f"DELETE FROM temp.{table}_checked_{part}")
            store.execute(f"INSERT INTO temp.{table}_checked_{part} SELECT * FROM main.{table}_{part}")
        store.execute(f"INSERT INTO temp.{table}_checked ({table}_checked, rank) VALUES ('integrity-check', 1)")
    except sqlite3.Error as error:
        if primary_code(error) != sqlite3.SQLITE_CORRUPT:
            raise
        return False
    return True


def _declaration(columns: str, content: str) -> str:
    return f"fts5 ({columns}, content = '{content}', content_rowid = 'pk', tokenize = 'trigram', columnsize = 0)"
