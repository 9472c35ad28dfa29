"""A possible future version of the program: a copy with one more migration, for tests of migrating.

The migration adds a new kind of record, `notes`, which is recorded like the others. The copy runs in separate
processes, with the environment that `next_version` returns: nothing in this process is patched.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import visitors
from visitors.store.schema.version import SCHEMA_VERSION

OLD, NEW = SCHEMA_VERSION, SCHEMA_VERSION + 1
"""The schema version of this program, and of the next one."""

_STATEMENTS = """
CREATE TABLE notes (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    visitor_id TEXT NOT NULL REFERENCES visitors (id),
    body TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;

CREATE INDEX notes_visitor ON notes (visitor_id);

CREATE TRIGGER notes_insert AFTER INSERT ON notes
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'note'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'note', NEW.id
    );
END;

CREATE TRIGGER notes_update AFTER UPDATE ON notes BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'note', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'visitor_id', OLD.visitor_id, NEW.visitor_id
        UNION ALL SELECT 'body', OLD.body, NEW.body
        UNION ALL SELECT 'created_at', OLD.created_at, NEW.created_at
    ) WHERE old IS NOT new GROUP BY NULL;
END;

CREATE TRIGGER notes_delete AFTER DELETE ON notes BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'note', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'visitor_id', OLD.visitor_id, 'body', OLD.body, 'created_at', OLD.created_at
        )
    );
END;
"""
STATEMENTS = [statement.strip() for statement in _STATEMENTS.split(";\n\n")]
"""The SQL of the migration."""

_STEP = f"""
def m{NEW:04}_notes(database: Database) -> None:
    for statement in {STATEMENTS!r}:
        database.execute(statement)


"""
_EDITS = {
    "store/schema/migrations.py": [
        ("def apply(", f"{_STEP}STEPS = (*STEPS, m{NEW:04}_notes)\n\n\ndef apply("),
    ],
    "store/schema/recorded.py": [
        ('    "message": "messages",\n', '    "message": "messages",\n    "note": "notes",\n'),
        ('    "message": ("pk",',
         '    "note": ("pk", "id", "visitor_id", "body", "created_at"),\n    "message": ("pk",'),
        ('    ("message", "visitor_id", "visitor"),\n',
         '    ("message", "visitor_id", "visitor"),\n    ("note", "visitor_id", "visitor"),\n'),
    ],
}  # fmt: skip
"""File of the program -> replacements in it."""


def next_version(folder: Path) -> dict[str, str]:
    """Make the copy in `folder`; return the environment in which it runs instead of this program."""
    copy = folder / "visitors"
    shutil.copytree(Path(visitors.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, edits in _EDITS.items():
        text = (copy / name).read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1, f"{name} has not once {old!r}"
            text = text.replace(old, new)
        (copy / name).write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def python(script: str, *arguments: str, env: dict[str, str]) -> str:
    """Return the output of a script run in an environment."""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


_NOTE = """
import json, sys
from visitors.store.file.opening import open_store
from visitors.store.places import File

path, statements = File.at(sys.argv[1]), json.loads(sys.argv[2])
with open_store(path, create=False) as store:
    for command, sql in statements:
        with store.operation(command, actor="ada", clock=lambda: "2026-03-01T13:00:00.000Z") as operation:
            if sql:
                store.execute(sql)
            else:
                new = [(operation.new_id(), "v", body, operation.at) for body in ("first", "second")]
                store.insert("note", ("id", "visitor_id", "body", "created_at"), new)
"""


def take_notes(path: Path, *statements: tuple[str, str], env: dict[str, str]) -> None:
    """Run the next version: two notes on the visitor `v`, and each of `statements` in an operation of that command."""
    python(_NOTE, str(path), json.dumps([("note", ""), *statements]), env=env)
