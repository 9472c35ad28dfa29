"""What is derived from visitors and contacts so that an index can find it: their texts, and metadata by key.

- `visitors_text` and `contacts_text` are full-text indexes of every three letters in a row (trigrams), by
  which a part of a word is found, whatever the letters' case, in any script.
- `contact_metadata` has a row for each key of each contact.

Triggers keep all three. Whoever loads much at once drops these (`TRIGGERS`) and calls `rebuild` at the end.
"""

from __future__ import annotations

import sqlite3

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
)
"""The triggers that keep the derived tables."""

METADATA_ROWS = (
    "SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END"
)
"""Key and value of `json_each(metadata)`: numbers as numbers, true, false and null as a person writes them."""

TEXTS = {"visitors_text": ("visitors", "id"), "contacts_text": ("contacts", "id, external_id, name, email")}
"""Full-text index -> the table that it is over, and its columns."""

SHORTEST = 3
"""How many characters a text must have for the full-text index to find it."""

_PIECE = 1024 * 1024
_LARGE_PIECE = 8 * 1024 * 1024
"""How many bytes of a full-text index are gathered in memory before they are written; the first is FTS5's own."""

# Letters that are one but for their case, though neither is the other's capital: the kelvin sign and K, two sigmas.
_ALIKE = ("kK\u212a", "sS\u017f", "åÅ\u212b", "ß\u1e9e", "µμΜ", "βΒϐ", "εΕϵ", "θΘϑϴ", "ιΙ\u0345\u1fbe", "κΚϰ",
          "πΠϖ", "ρΡϱ", "σΣς", "φΦϕ", "ωΩ\u2126", "ṡṠẛ")  # fmt: skip


def rebuild(store: Store) -> None:
    """Fill the derived tables anew from the tables that they are derived from."""
    for table in TEXTS:
        # in few large pieces, which are not merged before the last is written: in half the time
        _configure(store, table, hashsize=_LARGE_PIECE, automerge=0)
        store.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
        with store.savepoint():  # a savepoint has the last piece written
            _configure(store, table, hashsize=_PIECE, automerge=4)
    store.execute("DELETE FROM contact_metadata")
    store.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact) {METADATA_ROWS}, contacts.pk"
        " FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    )


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
        f"CREATE VIRTUAL TABLE temp.{table}_checked USING fts5 ({columns}, content = '{table}_checked_content',"
        " content_rowid = 'pk', tokenize = 'trigram', columnsize = 0)"
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


def _configure(store: Store, table: str, **values: int) -> None:
    for option, value in values.items():
        store.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (option, value))


def phrase(text: str) -> str:
    """The full-text query for what contains `text`, whatever its characters mean in queries."""
    return '"' + text.replace('"', '""') + '"'


def containing(text: str) -> str:
    """The GLOB pattern of what contains `text`, whatever the case of letters, as the full-text index has it."""
    return "*" + "".join(map(_class, text)) + "*"


def _class(letter: str) -> str:
    alike = next((letters for letters in _ALIKE if letter in letters), letter)
    cases = {letter, *alike, *(other for other in (letter.lower(), letter.upper()) if _same(letter, other))}
    # in brackets no character has a meaning but ^ at the start and ] at the end
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or letter in "*?[" else letter


def _same(letter: str, other: str) -> bool:
    return len(other) == 1 and letter.casefold() == other.casefold()
