"""What is derived from visitors and contacts to find them by: texts, metadata by key, bounds of ids and times.

- `visitors_text` and `contacts_text` are full-text indexes of every three letters in a row (trigrams), by
  which a part of a word is found, whatever the letters' case, in any script.
- `contact_metadata` has a row for each key of each contact.
- `visitor_zones` is a zone map of visitors; see `visitors.store.zones`.

Triggers keep them all. Whoever loads much at once drops these (`TRIGGERS`) and makes everything anew at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from visitors.store import zones
from visitors.store.connection import Store
from visitors.store.problems import primary_code

TRIGGERS = (
    "visitors_text_insert",
    "visitors_text_update",
    "visitors_text_delete",
    "contacts_text_insert",
    "contacts_text_update",
    "contacts_text_delete",
    "contact_metadata_insert",
    "contact_metadata_update",
    "contact_metadata_delete",
    *zones.TRIGGERS,
)
"""The triggers that keep the derived tables."""

METADATA_ROWS = (
    "SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END"
)
"""Key and value of `json_each(metadata)`: numbers as numbers, true, false and null as a person writes them."""

TEXTS = {"visitors_text": ("visitors", "id"), "contacts_text": ("contacts", "id, external_id, name, email")}
"""Full-text index -> the table that it is over, and its columns."""

_PARTS = {"data": "id, block", "idx": "segid, term, pgno"}
"""The tables of a full-text index that hold what is in it (see 'FTS5 Data Structures' in SQLite's documentation)."""

_LARGE_PIECE = 8 * 1024 * 1024
"""How many bytes of a full-text index are gathered in memory before they are written."""

_BESIDE_KIBIBYTES = 8_192


def rebuild(store: Store) -> None:
    """Fill the derived tables anew from the tables that they are derived from."""
    with rebuilt(store):
        pass


@contextmanager
def rebuilt(store: Store) -> Iterator[None]:
    """As `rebuild`, while the block does something else in the same transaction: it must leave the texts as they are.

    The full-text indexes take about as long as all others together, so a second core builds them. SQLite has one
    writer: so the texts are copied into a database of their own, which is private to this process and gone at the
    end, a thread makes the indexes there, and what they are made of is then put in place. (While SQLite runs a
    statement for one thread, Python runs the others.)
    """
    from concurrent.futures import ThreadPoolExecutor  # takes longer to import than most calls to run

    # a database that has a name nowhere: in a temporary file, or in memory if the store is
    name = ":memory:" if store.is_in_memory else ""
    with (
        closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as beside,
        ThreadPoolExecutor(max_workers=1) as second_core,
    ):
        _copy_texts(store, beside)
        built = second_core.submit(_build, beside)
        try:
            _fill_metadata(store)
            zones.rebuild(store)
            yield
            built.result()
        except BaseException:
            beside.interrupt()
            raise
        _put_in_place(beside, store)


def _fill_metadata(store: Store) -> None:
    store.execute("DELETE FROM contact_metadata")
    store.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact) {METADATA_ROWS}, contacts.pk"
        " FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    )


def _copy_texts(store: Store, beside: sqlite3.Connection) -> None:
    beside.execute("PRAGMA journal_mode = OFF")
    beside.execute(f"PRAGMA cache_size = -{_BESIDE_KIBIBYTES}")
    beside.execute("BEGIN")
    for content, columns in TEXTS.values():
        beside.execute(f"CREATE TABLE {content} (pk INTEGER PRIMARY KEY, {columns})")
        texts = store.execute(f"SELECT pk, {columns} FROM {content}")
        beside.executemany(_insertion(content, f"pk, {columns}"), texts)


def _build(beside: sqlite3.Connection) -> None:
    for table, (content, columns) in TEXTS.items():
        beside.execute(f"CREATE VIRTUAL TABLE {table} USING {_declaration(columns, content)}")
        # in few large pieces, which are not merged: in half the time
        for option, value in (("hashsize", _LARGE_PIECE), ("automerge", 0)):
            beside.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (option, value))
        beside.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
    beside.execute("COMMIT")


def _put_in_place(beside: sqlite3.Connection, store: Store) -> None:
    for table in TEXTS:
        # so that FTS5 remembers nothing, neither of what is there nor of what it has yet to write
        store.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")
        with store.savepoint():
            for part, columns in _PARTS.items():
                store.execute(f"DELETE FROM {table}_{part}")
                pieces = beside.execute(f"SELECT {columns} FROM {table}_{part}")
                store.execute_many(_insertion(f"{table}_{part}", columns), pieces)


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
