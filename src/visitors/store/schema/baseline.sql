-- The schema of version 12, the first that was released. Frozen: what changes later is a migration.

-- History: operations, and what each of them changed and made.

CREATE TABLE operations (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL, arguments TEXT NOT NULL,
    is_open INTEGER CHECK (is_open = 1)
) STRICT;
CREATE UNIQUE INDEX operations_open ON operations (is_open) WHERE is_open IS NOT NULL;

CREATE TABLE changes (
    pk INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operations (pk),
    kind TEXT NOT NULL, record TEXT NOT NULL, before TEXT, after TEXT
) STRICT;
CREATE INDEX changes_operation ON changes (operation);
CREATE INDEX changes_record ON changes (record);
CREATE INDEX changes_removed ON changes (kind, json_extract(before, '$.pk'))
    WHERE before IS NOT NULL AND after IS NULL;

CREATE TABLE creations (
    pk INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operations (pk),
    kind TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first)
) STRICT;
CREATE INDEX creations_operation ON creations (operation);
CREATE INDEX creations_last ON creations (kind, last);

CREATE TABLE causes (
    record TEXT NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (pk),
    code TEXT NOT NULL,
    PRIMARY KEY (record, operation) ON CONFLICT REPLACE
) STRICT, WITHOUT ROWID;

CREATE TABLE undone (
    pk INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operations (pk),
    target INTEGER NOT NULL REFERENCES operations (pk) CHECK (target < operation)
) STRICT;

CREATE TABLE erasures (
    pk INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL UNIQUE REFERENCES operations (pk),
    receipt TEXT NOT NULL,
    is_unfinished INTEGER CHECK (is_unfinished = 1) -- the file may still have bytes of what was erased
) STRICT;

CREATE TABLE erased_changes (
    pk INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operations (pk),
    erasure INTEGER NOT NULL REFERENCES operations (pk) CHECK (operation < erasure)
) STRICT;
CREATE INDEX erased_changes_operation ON erased_changes (operation);

CREATE TABLE keys (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL
) STRICT;

-- What was done stays as it is: only an operation records, and only one that erases takes something out of the record.

CREATE TRIGGER changes_stay_whole BEFORE INSERT ON changes
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER changes_stay_as_they_are BEFORE UPDATE ON changes
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER changes_stay BEFORE DELETE ON changes
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER creations_stay_as_they_are BEFORE UPDATE ON creations
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER creations_stay BEFORE DELETE ON creations
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER operations_stay_as_they_are BEFORE UPDATE ON operations
WHEN OLD.is_open IS NULL BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

CREATE TRIGGER operations_stay BEFORE DELETE ON operations
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    SELECT RAISE(ABORT, 'changes are recorded: write through the visitors command');
END;

-- Records.

CREATE TABLE contacts (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    external_id TEXT, name TEXT, email TEXT, image TEXT, metadata TEXT NOT NULL DEFAULT '{}',
    metadata_hash TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    merged_into TEXT REFERENCES contacts (id),
    search_text TEXT NOT NULL -- external id, name and email, folded: see visitors.domain.folding
) STRICT;
CREATE UNIQUE INDEX contacts_external_id ON contacts (external_id)
    WHERE external_id IS NOT NULL AND merged_into IS NULL;
CREATE INDEX contacts_any_external_id ON contacts (external_id);
CREATE INDEX contacts_email ON contacts (email);
CREATE INDEX contacts_merged_into ON contacts (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE visitors (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    contact_id TEXT REFERENCES contacts (id),
    language TEXT, timezone TEXT, fingerprint TEXT, browser TEXT, browser_version TEXT, os TEXT,
    os_version TEXT, device TEXT, device_type TEXT, ip TEXT, city TEXT, region TEXT, country TEXT,
    country_code TEXT, latitude REAL, longitude REAL, screen_resolution TEXT, viewport TEXT, attribution TEXT,
    current_page TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_seen_at TEXT, deleted_at TEXT
) STRICT;
-- Without its index a sort by a time takes 0.1 to 0.2 s at a million, finding one contact's devices, a fingerprint or
-- an address 0.06, and each row of an import that names a person 0.01. tests/benchmarks/indexes.py measures each.

CREATE INDEX visitors_fingerprint ON visitors (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX visitors_ip ON visitors (ip);
CREATE INDEX visitors_created_at ON visitors (created_at);
CREATE INDEX visitors_updated_at ON visitors (updated_at);
CREATE INDEX visitors_last_seen_at ON visitors (last_seen_at);
CREATE INDEX visitors_deleted_at ON visitors (deleted_at) WHERE deleted_at IS NOT NULL;

-- What the visitors of contacts add up to is read in the index: at a million (26 MB more), contacts without any are found
-- in 0.1 s instead of 1, and contacts sorted by when their visitors were seen in 0.4 instead of 1.1.

CREATE INDEX visitors_contact ON visitors (contact_id, deleted_at, last_seen_at);

-- A place goes with other places, and a machine with other machines: a listing sorted by one and filtered by another
-- passes most records, and does so in the index. At a million that takes 0.04 s instead of 0.67 for places (60 MB), and
-- 0.03 instead of 0.27 for machines (56 MB). Records with the same value are in the order of `pk`.

CREATE INDEX visitors_language ON visitors (language, pk, timezone, country_code);
CREATE INDEX visitors_timezone ON visitors (timezone, pk, language, country_code);
CREATE INDEX visitors_country_code ON visitors (country_code, pk, language, timezone);
CREATE INDEX visitors_browser ON visitors (browser COLLATE NOCASE, pk, os, device_type);
CREATE INDEX visitors_os ON visitors (os COLLATE NOCASE, pk, browser, device_type);
CREATE INDEX visitors_device_type ON visitors (device_type, pk, browser, os);

CREATE TABLE blocks (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    visitor_id TEXT REFERENCES visitors (id),
    contact_id TEXT REFERENCES contacts (id),
    reason TEXT, blocked_at TEXT NOT NULL, blocked_by TEXT, expires_at TEXT, lifted_at TEXT, lifted_by TEXT,
    CHECK ((visitor_id IS NULL) <> (contact_id IS NULL))
) STRICT;
CREATE INDEX blocks_visitor ON blocks (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX blocks_contact ON blocks (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE conversations (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT,
    status TEXT NOT NULL CHECK (status IN ('open', 'resolved', 'spam')),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    visitor_id TEXT NOT NULL REFERENCES visitors (id),
    contact_id TEXT REFERENCES contacts (id),
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, resolved_at TEXT,
    search_text TEXT NOT NULL -- the title, folded
) STRICT;
CREATE INDEX conversations_visitor ON conversations (visitor_id);
CREATE INDEX conversations_contact ON conversations (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE messages (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    visitor_id TEXT REFERENCES visitors (id),
    agent TEXT, body TEXT NOT NULL, created_at TEXT NOT NULL,
    search_text TEXT NOT NULL, -- the body, folded
    CHECK ((visitor_id IS NULL) <> (agent IS NULL))
) STRICT;
CREATE INDEX messages_conversation ON messages (conversation_id);
CREATE INDEX messages_visitor ON messages (visitor_id) WHERE visitor_id IS NOT NULL;

-- What contacts are found by: their texts and their metadata. `visitors.store.load.indexes` fills both anew. By the
-- quotes around its content Datasette and sqlite-utils know whose full-text index it is.

CREATE VIRTUAL TABLE contacts_text USING fts5 (
    search_text,
    content="contacts", content_rowid = 'pk', tokenize = 'trigram', columnsize = 0
);

CREATE TABLE contact_metadata (
    key TEXT NOT NULL, value ANY NOT NULL, contact INTEGER NOT NULL,
    PRIMARY KEY (key, value, contact)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER contacts_text_insert AFTER INSERT ON contacts BEGIN
    INSERT INTO contacts_text (rowid, search_text) VALUES (NEW.pk, NEW.search_text);
END;

CREATE TRIGGER contacts_text_delete AFTER DELETE ON contacts BEGIN
    INSERT INTO contacts_text (contacts_text, rowid, search_text) VALUES ('delete', OLD.pk, OLD.search_text);
END;

CREATE TRIGGER contacts_text_update AFTER UPDATE OF search_text ON contacts
WHEN OLD.search_text IS NOT NEW.search_text BEGIN
    INSERT INTO contacts_text (contacts_text, rowid, search_text) VALUES ('delete', OLD.pk, OLD.search_text);
    INSERT INTO contacts_text (rowid, search_text) VALUES (NEW.pk, NEW.search_text);
END;

-- A number is kept as a number, and true, false and null as a person writes them.

CREATE TRIGGER contact_metadata_insert AFTER INSERT ON contacts BEGIN
    INSERT OR IGNORE INTO contact_metadata (key, value, contact)
    SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END,
        NEW.pk
    FROM json_each(NEW.metadata);
END;

CREATE TRIGGER contact_metadata_delete AFTER DELETE ON contacts BEGIN
    DELETE FROM contact_metadata WHERE (key, value, contact) IN (
        SELECT key,
            CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END, OLD.pk
        FROM json_each(OLD.metadata)
    );
END;

CREATE TRIGGER contact_metadata_update AFTER UPDATE OF metadata ON contacts
WHEN OLD.metadata IS NOT NEW.metadata BEGIN
    DELETE FROM contact_metadata WHERE (key, value, contact) IN (
        SELECT key,
            CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END, OLD.pk
        FROM json_each(OLD.metadata)
    );
    INSERT OR IGNORE INTO contact_metadata (key, value, contact)
    SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END,
        NEW.pk
    FROM json_each(NEW.metadata);
END;
