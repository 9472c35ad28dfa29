"""The schema, as numbered steps. A step that was released is never edited: a change is a new step.

sqlite-utils runs them and remembers which were applied; `PRAGMA user_version` counts them, so that a
current store opens without importing any of this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from visitors.domain.times import now
from visitors.errors import FileProblem, StoreProblem
from visitors.store.connection import Store
from visitors.store.journal import use_log
from visitors.store.recording import recording_triggers, recording_triggers_v1
from visitors.store.schema import APPLICATION_ID, RECORDED, SCHEMA_VERSION, schema_version

migrations = Migrations("visitors")

VISITOR_COLUMNS = (
    "id", "contact_id", "language", "timezone", "fingerprint", "browser", "browser_version", "os", "os_version",
    "device", "device_type", "ip", "city", "region", "country", "country_code", "latitude", "longitude",
    "screen_resolution", "viewport", "attribution", "current_page", "created_at", "updated_at", "last_seen_at",
    "deleted_at",
)  # fmt: skip
CONTACT_COLUMNS = (
    "id", "external_id", "name", "email", "image", "metadata", "metadata_hash", "created_at", "updated_at",
    "deleted_at", "merged_into",
)  # fmt: skip
BLOCK_COLUMNS = (
    "id", "visitor_id", "contact_id", "reason", "blocked_at", "blocked_by", "expires_at", "lifted_at", "lifted_by",
)  # fmt: skip
CONVERSATION_COLUMNS = (
    "id", "title", "status", "priority", "visitor_id", "contact_id", "created_at", "updated_at", "resolved_at",
)  # fmt: skip
MESSAGE_COLUMNS = ("id", "conversation_id", "visitor_id", "agent", "body", "created_at")


@migrations()
def m0001_visitors_contacts_blocks(db: Database) -> None:
    """Who comes, who they are, who is blocked, and the record of every change."""
    statements = """
        CREATE TABLE operations (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            command TEXT NOT NULL,
            arguments TEXT NOT NULL,
            is_open INTEGER CHECK (is_open = 1)
        ) STRICT;
        CREATE UNIQUE INDEX operations_open ON operations (is_open) WHERE is_open IS NOT NULL;
        CREATE TABLE changes (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL REFERENCES operations (pk),
            kind TEXT NOT NULL,
            record TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        CREATE INDEX changes_operation ON changes (operation);
        CREATE INDEX changes_record ON changes (record);
        CREATE TABLE contacts (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            external_id TEXT,
            name TEXT,
            email TEXT,
            image TEXT,
            metadata TEXT NOT NULL DEFAULT '{}',
            metadata_hash TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            deleted_at TEXT,
            merged_into TEXT REFERENCES contacts (id)
        ) STRICT;
        CREATE UNIQUE INDEX contacts_external_id ON contacts (external_id)
            WHERE external_id IS NOT NULL AND merged_into IS NULL;
        CREATE INDEX contacts_email ON contacts (email) WHERE email IS NOT NULL;
        CREATE INDEX contacts_created_at ON contacts (created_at);
        CREATE INDEX contacts_merged_into ON contacts (merged_into) WHERE merged_into IS NOT NULL;
        CREATE TABLE visitors (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            contact_id TEXT REFERENCES contacts (id),
            language TEXT,
            timezone TEXT,
            fingerprint TEXT,
            browser TEXT,
            browser_version TEXT,
            os TEXT,
            os_version TEXT,
            device TEXT,
            device_type TEXT,
            ip TEXT,
            city TEXT,
            region TEXT,
            country TEXT,
            country_code TEXT,
            latitude REAL,
            longitude REAL,
            screen_resolution TEXT,
            viewport TEXT,
            attribution TEXT,
            current_page TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            last_seen_at TEXT,
            deleted_at TEXT
        ) STRICT;
        CREATE INDEX visitors_contact ON visitors (contact_id) WHERE contact_id IS NOT NULL;
        CREATE INDEX visitors_fingerprint ON visitors (fingerprint) WHERE fingerprint IS NOT NULL;
        CREATE INDEX visitors_created_at ON visitors (created_at);
        CREATE INDEX visitors_last_seen_at ON visitors (last_seen_at);
        CREATE TABLE blocks (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            visitor_id TEXT REFERENCES visitors (id),
            contact_id TEXT REFERENCES contacts (id),
            reason TEXT,
            blocked_at TEXT NOT NULL,
            blocked_by TEXT,
            expires_at TEXT,
            lifted_at TEXT,
            lifted_by TEXT,
            CHECK ((visitor_id IS NULL) <> (contact_id IS NULL))
        ) STRICT;
        CREATE INDEX blocks_visitor ON blocks (visitor_id) WHERE visitor_id IS NOT NULL;
        CREATE INDEX blocks_contact ON blocks (contact_id) WHERE contact_id IS NOT NULL;
    """
    _run(db, statements)
    for trigger in (
        *recording_triggers_v1("contacts", "contact", CONTACT_COLUMNS),
        *recording_triggers_v1("visitors", "visitor", VISITOR_COLUMNS, reals=("latitude", "longitude")),
        *recording_triggers_v1("blocks", "block", BLOCK_COLUMNS),
    ):
        db.execute(trigger)


@migrations()
def m0002_conversations(db: Database) -> None:
    """What visitors write, and whose it is."""
    statements = """
        CREATE TABLE conversations (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            title TEXT,
            status TEXT NOT NULL CHECK (status IN ('open', 'resolved', 'spam')),
            priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
            visitor_id TEXT NOT NULL REFERENCES visitors (id),
            contact_id TEXT REFERENCES contacts (id),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            resolved_at TEXT
        ) STRICT;
        CREATE INDEX conversations_visitor ON conversations (visitor_id);
        CREATE INDEX conversations_contact ON conversations (contact_id) WHERE contact_id IS NOT NULL;
        CREATE TABLE messages (
            pk INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversations (id),
            visitor_id TEXT REFERENCES visitors (id),
            agent TEXT,
            body TEXT NOT NULL,
            created_at TEXT NOT NULL,
            CHECK ((visitor_id IS NULL) <> (agent IS NULL))
        ) STRICT;
        CREATE INDEX messages_conversation ON messages (conversation_id);
        CREATE INDEX messages_visitor ON messages (visitor_id) WHERE visitor_id IS NOT NULL;
    """
    _run(db, statements)
    for trigger in (
        *recording_triggers_v1("conversations", "conversation", CONVERSATION_COLUMNS),
        *recording_triggers_v1("messages", "message", MESSAGE_COLUMNS),
    ):
        db.execute(trigger)


@migrations()
def m0003_causes(db: Database) -> None:
    """Why a visitor was recognised or linked: the rule that fired, beside the change that it made; and an
    index by which tombstones are found by their external id, too.
    """
    statements = """
        CREATE TABLE causes (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL REFERENCES operations (pk),
            record TEXT NOT NULL,
            code TEXT NOT NULL
        ) STRICT;
        CREATE INDEX causes_record ON causes (record);
        CREATE INDEX causes_operation ON causes (operation);
        CREATE INDEX contacts_any_external_id ON contacts (external_id) WHERE external_id IS NOT NULL;
    """
    _run(db, statements)


@migrations()
def m0004_creations(db: Database) -> None:
    """What an operation made is a range of numbers, no longer a change with all columns for each row."""
    statements = """
        CREATE TABLE creations (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL REFERENCES operations (pk),
            kind TEXT NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL CHECK (last >= first)
        ) STRICT;
        CREATE INDEX creations_operation ON creations (operation);
        CREATE INDEX creations_last ON creations (kind, last);
        CREATE INDEX changes_removed ON changes (kind, json_extract(before, '$.pk'))
            WHERE before IS NOT NULL AND after IS NULL;
    """
    _run(db, statements)
    for kind, table in RECORDED.items():
        # rows that follow one another and were made by the same operation are one range
        db.execute(
            "INSERT INTO creations (operation, kind, first, last)"
            f" SELECT operation, '{kind}', min(pk), max(pk) FROM ("
            "    SELECT h.operation, r.pk, r.pk - row_number() OVER (PARTITION BY h.operation ORDER BY r.pk) AS island"
            f"   FROM changes AS h JOIN {table} AS r ON r.id = h.record"
            f"   WHERE h.kind = '{kind}' AND h.before IS NULL"
            " ) GROUP BY operation, island ORDER BY min(pk)"
        )
    db.execute("DELETE FROM changes WHERE before IS NULL")
    for table in RECORDED.values():
        for event in ("insert", "update", "delete"):
            db.execute(f"DROP TRIGGER {table}_{event}")
    for trigger in (
        *recording_triggers("contacts", "contact", CONTACT_COLUMNS),
        *recording_triggers("visitors", "visitor", VISITOR_COLUMNS, reals=("latitude", "longitude")),
        *recording_triggers("blocks", "block", BLOCK_COLUMNS),
        *recording_triggers("conversations", "conversation", CONVERSATION_COLUMNS),
        *recording_triggers("messages", "message", MESSAGE_COLUMNS),
    ):
        db.execute(trigger)


@migrations()
def m0005_listings(db: Database) -> None:
    """An index for every filter and every sort, and the tables by which texts and metadata are found.

    An index of a sort by time, place or software carries the other columns of its kind: they go together, so
    that a filter of one and a sort by another may have to pass most records, which they then do in the
    index alone. `pk` stands before these, since records with the same value are in its order.
    """
    statements = """
        DROP INDEX visitors_contact;
        DROP INDEX visitors_created_at;
        DROP INDEX visitors_last_seen_at;
        CREATE INDEX visitors_id ON visitors (id, pk, created_at, last_seen_at);
        CREATE INDEX visitors_created_at ON visitors (created_at, pk, last_seen_at);
        CREATE INDEX visitors_updated_at ON visitors (updated_at, pk, created_at, last_seen_at);
        CREATE INDEX visitors_last_seen_at ON visitors (last_seen_at, pk, created_at);
        CREATE INDEX visitors_language ON visitors (language, pk, timezone, country_code);
        CREATE INDEX visitors_timezone ON visitors (timezone, pk, language, country_code);
        CREATE INDEX visitors_country_code ON visitors (country_code, pk, language, timezone);
        CREATE INDEX visitors_browser ON visitors (browser COLLATE NOCASE, pk, os, device_type);
        CREATE INDEX visitors_os ON visitors (os COLLATE NOCASE, pk, browser, device_type);
        CREATE INDEX visitors_device_type ON visitors (device_type, pk, browser, os);
        CREATE INDEX visitors_contact ON visitors (contact_id);
        CREATE INDEX visitors_ip ON visitors (ip);
        CREATE INDEX visitors_deleted_at ON visitors (deleted_at) WHERE deleted_at IS NOT NULL;
        DROP INDEX contacts_email;
        DROP INDEX contacts_any_external_id;
        CREATE INDEX contacts_email ON contacts (email);
        CREATE INDEX contacts_any_external_id ON contacts (external_id);
        CREATE INDEX contacts_name ON contacts (name);
        CREATE INDEX contacts_updated_at ON contacts (updated_at);
        CREATE INDEX contacts_deleted_at ON contacts (deleted_at) WHERE deleted_at IS NOT NULL;
        CREATE INDEX blocks_live ON blocks (visitor_id, contact_id, expires_at) WHERE lifted_at IS NULL;
        CREATE VIRTUAL TABLE visitors_text USING fts5 (
            id, content = 'visitors', content_rowid = 'pk', tokenize = 'trigram', columnsize = 0
        );
        CREATE VIRTUAL TABLE contacts_text USING fts5 (
            id, external_id, name, email, content = 'contacts', content_rowid = 'pk', tokenize = 'trigram',
            columnsize = 0
        );
        CREATE TABLE contact_metadata (
            key TEXT NOT NULL,
            value ANY NOT NULL,
            contact INTEGER NOT NULL,
            PRIMARY KEY (key, value, contact)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO visitors_text (visitors_text) VALUES ('rebuild');
        INSERT INTO contacts_text (contacts_text) VALUES ('rebuild');
    """
    _run(db, statements)
    db.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact) {_METADATA.format('contacts.pk')}"
        " FROM contacts, json_each(contacts.metadata) ORDER BY 1, 2, 3"
    )
    for table, columns in (("visitors", ("id",)), ("contacts", ("id", "external_id", "name", "email"))):
        for trigger in _text_triggers(table, columns):
            db.execute(trigger)
    for trigger in _metadata_triggers("contact", "pk"):
        db.execute(trigger)


@migrations()
def m0006_taking_back_and_erasing(db: Database) -> None:
    """Which operations were taken back and by which; what was erased, and the proof of it."""
    statements = """
        CREATE TABLE undone (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL REFERENCES operations (pk),
            target INTEGER NOT NULL REFERENCES operations (pk) CHECK (target < operation)
        ) STRICT;
        CREATE INDEX undone_operation ON undone (operation);
        CREATE INDEX undone_target ON undone (target);
        CREATE TABLE erasures (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL UNIQUE REFERENCES operations (pk),
            receipt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE erased_changes (
            pk INTEGER PRIMARY KEY,
            operation INTEGER NOT NULL REFERENCES operations (pk),
            erasure INTEGER NOT NULL REFERENCES operations (pk) CHECK (operation < erasure)
        ) STRICT;
        CREATE INDEX erased_changes_operation ON erased_changes (operation);
        CREATE INDEX erased_changes_erasure ON erased_changes (erasure);
        CREATE TABLE keys (
            pk INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            value TEXT NOT NULL
        ) STRICT;
    """
    _run(db, statements)


@migrations()
def m0007_zones(db: Database) -> None:
    """For every 4,096 numbers of visitors the least and the greatest id and times, so that a listing can pass by
    all those that cannot match. An index of ids that has their times is then needed no more: the one of their
    being unique serves.
    """
    statements = """
        DROP INDEX visitors_id;
        CREATE TABLE visitor_zones (
            zone INTEGER PRIMARY KEY,
            least_id TEXT NOT NULL,
            greatest_id TEXT NOT NULL,
            least_created_at TEXT NOT NULL,
            greatest_created_at TEXT NOT NULL,
            least_updated_at TEXT NOT NULL,
            greatest_updated_at TEXT NOT NULL,
            least_last_seen_at TEXT,
            greatest_last_seen_at TEXT,
            never_seen INTEGER NOT NULL
        ) STRICT;
        WITH RECURSIVE firsts (pk) AS (
            SELECT min(pk) FROM visitors
            UNION ALL
            SELECT (SELECT min(pk) FROM visitors WHERE pk >= ((f.pk >> 12) + 1) << 12)
            FROM firsts AS f WHERE f.pk IS NOT NULL
        )
        INSERT INTO visitor_zones
        SELECT v.pk >> 12, v.id, v.id, v.created_at, v.created_at, v.updated_at, v.updated_at,
            v.last_seen_at, v.last_seen_at, v.last_seen_at IS NULL
        FROM firsts JOIN visitors AS v ON v.pk = firsts.pk;
        UPDATE visitor_zones SET (
            least_id, greatest_id, least_created_at, greatest_created_at, least_updated_at, greatest_updated_at,
            least_last_seen_at, greatest_last_seen_at, never_seen
        ) = (
            SELECT min(id), max(id), min(created_at), max(created_at), min(updated_at), max(updated_at),
                min(last_seen_at), max(last_seen_at), max(last_seen_at IS NULL)
            FROM visitors WHERE pk BETWEEN zone << 12 AND ((zone + 1) << 12) - 1
        );
    """
    _run(db, statements)
    for event in ("INSERT", "UPDATE OF pk, id, created_at, updated_at, last_seen_at"):
        db.execute(_zone_trigger(event, ("id", "created_at", "updated_at", "last_seen_at")))


@migrations()
def m0008_days(db: Database) -> None:
    """For every day of each of their times the least and the greatest times of the visitors of that day, so that a
    listing sorted by a time can pass by the days on which nothing matches. Of changes the zones then need not tell.
    """
    statements = """
        DROP TRIGGER visitor_zones_insert;
        DROP TRIGGER visitor_zones_update;
        ALTER TABLE visitor_zones DROP COLUMN least_updated_at;
        ALTER TABLE visitor_zones DROP COLUMN greatest_updated_at;
        CREATE TABLE visitor_days (
            sort TEXT NOT NULL,
            day TEXT NOT NULL,
            least_created_at TEXT NOT NULL,
            greatest_created_at TEXT NOT NULL,
            least_last_seen_at TEXT,
            greatest_last_seen_at TEXT,
            never_seen INTEGER NOT NULL,
            PRIMARY KEY (sort, day)
        ) STRICT, WITHOUT ROWID
    """
    _run(db, statements)
    for sort in _DAYS:
        db.execute(
            f"INSERT INTO visitor_days SELECT '{sort}', substr({sort}, 1, 10), min(created_at), max(created_at),"
            " min(last_seen_at), max(last_seen_at), max(last_seen_at IS NULL)"
            f" FROM visitors WHERE {sort} IS NOT NULL GROUP BY 2"
        )
    for event in ("INSERT", "UPDATE OF pk, id, created_at, last_seen_at"):
        db.execute(_zone_trigger(event, ("id", "created_at", "last_seen_at")))
    for event in ("INSERT", "UPDATE OF created_at, updated_at, last_seen_at"):
        db.execute(_day_trigger(event))


@migrations()
def m0009_kinds(db: Database) -> None:
    """Which languages, time zones and countries come together, and which browsers, systems and devices, so that a
    listing sorted by one can pass by the values in which nothing of another matches.
    """
    for table, columns in _KINDS.items():
        names = ", ".join(columns)
        values = ", ".join(f"coalesce({column}, '')" for column in columns)
        new = ", ".join(f"coalesce(NEW.{column}, '')" for column in columns)
        definitions = ", ".join(f"{column} TEXT NOT NULL" for column in columns)
        db.execute(f"CREATE TABLE {table} ({definitions}, PRIMARY KEY ({names})) STRICT, WITHOUT ROWID")
        db.execute(f"INSERT INTO {table} SELECT DISTINCT {values} FROM visitors")
        for event in ("INSERT", f"UPDATE OF {names}"):
            name = event.split(maxsplit=1)[0].lower()
            db.execute(
                f"CREATE TRIGGER {table}_{name} AFTER {event} ON visitors BEGIN"
                f" INSERT INTO {table} VALUES ({new}) ON CONFLICT DO NOTHING; END"
            )


@migrations()
def m0010_metadata_by_contact_id(db: Database) -> None:
    """Metadata tell of contacts by their ids, as visitors do: so what leads to visitors no longer takes a look at each
    contact between.
    """
    statements = """
        DROP TRIGGER contact_metadata_insert;
        DROP TRIGGER contact_metadata_delete;
        DROP TRIGGER contact_metadata_update;
        DROP TABLE contact_metadata;
        CREATE TABLE contact_metadata (
            key TEXT NOT NULL,
            value ANY NOT NULL,
            contact_id TEXT NOT NULL,
            PRIMARY KEY (key, value, contact_id)
        ) STRICT, WITHOUT ROWID
    """
    _run(db, statements)
    db.execute(
        f"INSERT OR IGNORE INTO contact_metadata (key, value, contact_id) {_METADATA.format('contacts.id')}"
        " FROM contacts, json_each(contacts.metadata) ORDER BY 1, 2, 3"
    )
    for trigger in _metadata_triggers("contact_id", "id"):
        db.execute(trigger)


@migrations()
def m0011_visitor_blocks(db: Database) -> None:
    """On which visitors each block lies that was not lifted, by number: so a listing along any index tells who is
    blocked without a look at the record.
    """
    statements = """
        CREATE TABLE visitor_blocks (
            visitor INTEGER NOT NULL,
            block INTEGER NOT NULL,
            expires_at TEXT,
            PRIMARY KEY (visitor, block)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO visitor_blocks
        SELECT v.pk, b.pk, b.expires_at FROM blocks AS b CROSS JOIN visitors AS v ON v.id = b.visitor_id
        WHERE b.lifted_at IS NULL
        UNION ALL
        SELECT v.pk, b.pk, b.expires_at FROM blocks AS b CROSS JOIN visitors AS v ON v.contact_id = b.contact_id
        WHERE b.lifted_at IS NULL
    """
    _run(db, statements)
    for trigger in (*_block_triggers(), *_blocked_triggers()):
        db.execute(trigger)


def _block_triggers() -> Iterator[str]:
    """What a block that comes, changes or goes tells of visitors."""
    forget = (
        "DELETE FROM visitor_blocks WHERE block = OLD.pk AND visitor IN (SELECT pk FROM visitors"
        " WHERE id = OLD.visitor_id UNION ALL SELECT pk FROM visitors WHERE contact_id = OLD.contact_id);"
    )
    learn = (
        "INSERT INTO visitor_blocks SELECT pk, NEW.pk, NEW.expires_at FROM ("
        "SELECT pk FROM visitors WHERE id = NEW.visitor_id UNION ALL"
        " SELECT pk FROM visitors WHERE contact_id = NEW.contact_id) WHERE NEW.lifted_at IS NULL;"
    )
    columns = ("pk", "visitor_id", "contact_id", "expires_at", "lifted_at")
    yield f"CREATE TRIGGER visitor_blocks_block_insert AFTER INSERT ON blocks BEGIN {learn} END"
    yield f"CREATE TRIGGER visitor_blocks_block_delete AFTER DELETE ON blocks BEGIN {forget} END"
    yield (
        f"CREATE TRIGGER visitor_blocks_block_update AFTER UPDATE OF {', '.join(columns)} ON blocks"
        f" WHEN {_differs(columns)} BEGIN {forget} {learn} END"
    )


def _blocked_triggers() -> Iterator[str]:
    """What a visitor that comes, goes, or is linked to somebody else tells of blocks."""
    forget = "DELETE FROM visitor_blocks WHERE visitor = OLD.pk;"
    # two statements, as an index serves each: what an undo brings back may come after the block on it
    learn = " ".join(
        "INSERT INTO visitor_blocks SELECT NEW.pk, pk, expires_at FROM blocks"
        f" WHERE {column} IS NOT NULL AND {column} = NEW.{value} AND lifted_at IS NULL;"
        for column, value in (("visitor_id", "id"), ("contact_id", "contact_id"))
    )
    columns = ("pk", "id", "contact_id")
    yield f"CREATE TRIGGER visitor_blocks_visitor_insert AFTER INSERT ON visitors BEGIN {learn} END"
    yield f"CREATE TRIGGER visitor_blocks_visitor_delete AFTER DELETE ON visitors BEGIN {forget} END"
    yield (
        f"CREATE TRIGGER visitor_blocks_visitor_update AFTER UPDATE OF {', '.join(columns)} ON visitors"
        f" WHEN {_differs(columns)} BEGIN {forget} {learn} END"
    )


def _differs(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)


_KINDS = {
    "visitor_places": ("language", "timezone", "country_code"),
    "visitor_machines": ("browser", "os", "device_type"),
}


# JSON prints true as 1 in SQL; this is a value as a person writes it, and a number as a number.
_METADATA = (
    "SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END, {}"
)


def _text_triggers(table: str, columns: tuple[str, ...]) -> Iterator[str]:
    names = ", ".join(columns)
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    # an index over another table's content must be told what was there
    forget = f"INSERT INTO {table}_text ({table}_text, rowid, {names}) VALUES ('delete', OLD.pk, {old});"
    learn = f"INSERT INTO {table}_text (rowid, {names}) VALUES (NEW.pk, {new});"
    yield f"CREATE TRIGGER {table}_text_insert AFTER INSERT ON {table} BEGIN {learn} END"
    yield f"CREATE TRIGGER {table}_text_delete AFTER DELETE ON {table} BEGIN {forget} END"
    yield (
        f"CREATE TRIGGER {table}_text_update AFTER UPDATE OF {names} ON {table} WHEN {_differs(columns)}"
        f" BEGIN {forget} {learn} END"
    )


def _metadata_triggers(column: str, of_contacts: str) -> Iterator[str]:
    # by the whole key: a row of the table is found by it alone
    had, has = (f"{_METADATA.format(f'{row}.{of_contacts}')} FROM json_each({row}.metadata)" for row in ("OLD", "NEW"))
    forget = f"DELETE FROM contact_metadata WHERE (key, value, {column}) IN ({had});"
    learn = f"INSERT OR IGNORE INTO contact_metadata {has};"
    yield f"CREATE TRIGGER contact_metadata_insert AFTER INSERT ON contacts BEGIN {learn} END"
    yield f"CREATE TRIGGER contact_metadata_delete AFTER DELETE ON contacts BEGIN {forget} END"
    yield (
        "CREATE TRIGGER contact_metadata_update AFTER UPDATE OF metadata ON contacts"
        f" WHEN OLD.metadata IS NOT NEW.metadata BEGIN {forget} {learn} END"
    )


def _zone_trigger(event: str, columns: tuple[str, ...]) -> str:
    name = event.split(maxsplit=1)[0].lower()
    values = ", ".join(f"NEW.{column}, NEW.{column}" for column in columns)
    return (
        f"CREATE TRIGGER visitor_zones_{name} AFTER {event} ON visitors BEGIN"
        f" INSERT INTO visitor_zones VALUES (NEW.pk >> 12, {values}, NEW.last_seen_at IS NULL)"
        f" ON CONFLICT (zone) {_widen(columns)}; END"
    )


_DAYS = ("created_at", "updated_at", "last_seen_at")


def _day_trigger(event: str) -> str:
    name = event.split(maxsplit=1)[0].lower()
    times = " UNION ALL ".join(f"SELECT '{sort}' AS sort, NEW.{sort} AS at" for sort in _DAYS)
    columns = ("created_at", "last_seen_at")
    values = ", ".join(f"NEW.{column}, NEW.{column}" for column in columns)
    return (
        f"CREATE TRIGGER visitor_days_{name} AFTER {event} ON visitors BEGIN"
        f" INSERT INTO visitor_days SELECT sort, substr(at, 1, 10), {values}, NEW.last_seen_at IS NULL"
        f" FROM ({times}) WHERE at IS NOT NULL"
        f" ON CONFLICT (sort, day) {_widen(columns)}; END"
    )


def _widen(columns: tuple[str, ...]) -> str:
    """What an upsert does with bounds that are there, if it has to."""
    sides = [
        (f"{side}_{column}", sign, choose)
        for column in columns
        for side, sign, choose in (("least", "<", "min"), ("greatest", ">", "max"))
    ]
    # of NULL and a value the value counts
    wider = ",".join(
        f" {side} = coalesce({choose}({side}, excluded.{side}), {side}, excluded.{side})" for side, _, choose in sides
    )
    widens = " OR ".join(
        f"coalesce(excluded.{side} {sign} {side}, excluded.{side} IS NOT NULL AND {side} IS NULL)"
        for side, sign, _ in sides
    )
    return (
        f"DO UPDATE SET{wider}, never_seen = max(never_seen, excluded.never_seen)"
        f" WHERE {widens} OR excluded.never_seen > never_seen"
    )


def migrate(connection: sqlite3.Connection, path: Path, timeout: float = 30.0) -> Path | None:
    """Bring the store up to date, in one transaction; an older one is backed up first.

    Returns where the backup went, or None when the store was new or current already (another process
    may have been quicker). Raises sqlite3.Error and StoreProblem.
    """
    if schema_version(connection, path) == 0:
        use_log(connection, timeout)
    connection.execute("BEGIN IMMEDIATE")
    backup = None
    try:
        version = schema_version(connection, path)
        if version < SCHEMA_VERSION:
            if version > 0:
                backup = _back_up(path, version)
            migrations.apply(Database(connection, execute_plugins=False))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if backup is not None:  # the store is as it was
            backup.unlink()
        raise
    else:
        return backup
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _back_up(path: Path, version: int) -> Path:
    """A copy of the store as it was, beside it and as private; the write lock is held meanwhile.

    Raises StoreProblem when the disk is full, or nothing can be written there.
    """
    from visitors.store.copying import copy, settle
    from visitors.store.placing import put_in_place, unfinished

    stamp = now().replace("-", "").replace(":", "").replace(".", "")
    target = path.with_name(f"{path.name}.v{version}-{stamp}.bak")
    try:
        with unfinished(target) as made:
            with closing(sqlite3.connect(path, isolation_level=None)) as source:
                source.execute("BEGIN")
                copy(Store(source, path), made, target)
            settle(made)
            put_in_place(made, target)
    except FileProblem as error:
        raise StoreProblem(
            f"cannot back up the store {path} before it is migrated: {error.message}",
            code="store_unwritable",
            hint="its folder must be writable, and have room for a copy of it; nothing was changed",
        ) from error
    return target


def _run(db: Database, statements: str) -> None:
    # executescript would commit the surrounding transaction first
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)
