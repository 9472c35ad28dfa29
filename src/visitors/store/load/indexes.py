"""Rebuild the derived tables that find contacts by text and metadata; triggers maintain them otherwise.

- `contacts_text` is a full-text index of the trigrams of contacts' folded texts. Rows with all trigrams of a search are
  verified. At a million visitors it takes 27 MB, and 1.6 s to fill. Without positions it would take 10 MB and 0.8 s,
  but other programs, which do not split into trigrams, could not search for more than three letters.
- `contact_metadata` has a row for each key of each contact, 12 MB at a million visitors. Without it, listing by
  `--metadata plan=enterprise` reads the metadata of all contacts, which takes 0.06 s: less than usually justifies an
  index, but nearly as much as the whole command.
"""

from __future__ import annotations

from collections.abc import Iterable

from visitors.store.database import Executor
from visitors.store.schema.invariants import METADATA_ROWS
from visitors.store.store import Store

TRIGGERS = tuple(
    f"{table}_{event}" for table in ("contacts_text", "contact_metadata") for event in ("insert", "update", "delete")
)
"""The triggers that maintain both."""


def rebuild(store: Store, others: Iterable[str] = ()) -> None:
    """Rebuild both from the contacts, and run `others`, which create indexes or triggers, in the same transaction."""
    store.execute("INSERT INTO contacts_text (contacts_text) VALUES ('rebuild')")
    store.execute("DELETE FROM contact_metadata")
    store.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact) {METADATA_ROWS}, contacts.pk"
        " FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    )
    for sql in others:
        store.execute(sql)


def merge(store: Store) -> None:
    """Merge the full-text index into one segment: smallest, fastest to search, and without entries of removed contacts.

    A removal adds an entry that cancels others; merging removes both. (From SQLite 3.42 on, 'secure-delete' removes
    entries at once, but leaves a store that earlier versions cannot open.)
    """
    store.execute("INSERT INTO contacts_text (contacts_text) VALUES ('optimize')")


def agrees(store: Executor) -> bool:
    """Return whether the full-text index matches the contacts' texts, without changing the store, which may be
    read-only.

    FTS5's own check is a write. Instead the texts are indexed again in a temporary table, and for each trigram the
    number of contacts and a checksum of their numbers are compared. Raises the error of a damaged database.
    """
    texts = "search_text, content = '', tokenize = 'trigram', columnsize = 0"
    store.execute(f"CREATE VIRTUAL TABLE temp.texts USING fts5 ({texts})")
    store.execute("INSERT INTO temp.texts (rowid, search_text) SELECT pk, search_text FROM main.contacts")
    store.execute("CREATE VIRTUAL TABLE temp.texts_terms USING fts5vocab (temp, texts, instance)")
    store.execute("CREATE VIRTUAL TABLE temp.contacts_terms USING fts5vocab (main, contacts_text, instance)")
    terms = "SELECT term, count(*), sum(doc), sum(doc % 65521 * doc) FROM temp.{}_terms GROUP BY term"
    both = (terms.format("texts"), terms.format("contacts"))
    different = " UNION ALL ".join(f"SELECT * FROM ({a} EXCEPT {b})" for a, b in (both, both[::-1]))
    try:
        return store.execute(f"SELECT 1 FROM ({different}) LIMIT 1").fetchone() is None
    finally:
        for table in ("contacts_terms", "texts_terms", "texts"):
            store.execute(f"DROP TABLE temp.{table}")
