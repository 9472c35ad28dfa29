"""What contacts are found by beside their records: their texts and their metadata. Triggers keep both; here they are
filled anew.

- `contacts_text` is a full-text index of every three letters in a row (trigrams) of the folded texts of contacts. What
  has all trigrams of a search is looked at again. At a million visitors it takes 27 MB, and 1.6 s to fill. Without
  positions it would be 10 MB and 0.8 s, and other programs, which know no trigrams, could not search it for more than
  three letters.
- `contact_metadata` has a row for each key of each contact, 12 MB at a million visitors. Without it a listing by
  `--metadata plan=enterprise` reads the metadata of all contacts, which takes 0.06 s: less than an index is kept for
  otherwise, but nearly as much as the whole command.
"""

from __future__ import annotations

from collections.abc import Iterable

from visitors.store.database import Executor
from visitors.store.schema.invariants import METADATA_ROWS
from visitors.store.store import Store

TRIGGERS = tuple(
    f"{table}_{event}" for table in ("contacts_text", "contact_metadata") for event in ("insert", "update", "delete")
)
"""The triggers that keep both."""


def rebuild(store: Store, others: Iterable[str] = ()) -> None:
    """Fill both anew from the contacts, and run `others`, which create indexes or triggers, in the same transaction."""
    # one thread sorts a piece while this one reads the next: 9% of the time of a large import
    store.execute("PRAGMA threads = 1")
    store.execute("INSERT INTO contacts_text (contacts_text) VALUES ('rebuild')")
    store.execute("DELETE FROM contact_metadata")
    store.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact) {METADATA_ROWS}, contacts.pk"
        " FROM contacts, json_each(metadata) ORDER BY 1, 2, 3"
    )
    for sql in others:
        store.execute(sql)


def merge(store: Store) -> None:
    """Make the full-text index one piece: the smallest, the quickest to search, and without what was in it of contacts
    that are gone.

    A removal is one more entry there, beside those that it takes back; merging all entries ends both. (From
    SQLite 3.42 on, 'secure-delete' does it at once, and leaves a store that earlier ones cannot open.)
    """
    store.execute("INSERT INTO contacts_text (contacts_text) VALUES ('optimize')")


def agrees(store: Executor) -> bool:
    """Whether the full-text index has just the texts of the contacts. Changes nothing of the store, which may be open
    for reading only: FTS5's own check is a write. So the texts are indexed once more aside, and of every three letters
    it is compared in how many contacts, and in which ones as far as a sum tells, each index has them. Raises the
    error of a database that is damaged.
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
