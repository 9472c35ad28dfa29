"""The application id and schema version of a database: checked before anything else."""

from __future__ import annotations

from visitors.errors import StoreProblem
from visitors.store.database import Executor, Row
from visitors.store.schema.migrations import STEPS

BASELINE = 12
"""The schema version of `baseline.sql`. Earlier ones were never released."""

SCHEMA_VERSION = BASELINE + len(STEPS)
"""`BASELINE` plus one for each migration."""

APPLICATION_ID = 0x56535452
"""`VSTR`, in the application id of SQLite's header."""


# In one statement: another process may be creating the store meanwhile.
WHOSE = (
    "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),"
    " NOT EXISTS (SELECT 1 FROM sqlite_master)"
)
"""The statement that identifies a database; `version_of` interprets its result."""


def schema_version(database: Executor, name: str) -> int:
    """Return the schema version of the store called `name`; 0 for an empty file. Raises StoreProblem."""
    return version_of(database.execute(WHOSE).fetchone(), name)


def version_of(found: Row, name: str) -> int:
    """Like `schema_version`, for the result of `WHOSE`."""
    version, owner, empty = found
    if owner != APPLICATION_ID:
        if version == 0 and owner == 0 and empty:
            return 0
        raise StoreProblem(
            f"{name} is a SQLite database, but not a visitors store",
            code="store_invalid",
            hint="use another file with --db; to use its data, export it as CSV and import that",
        )
    if version < BASELINE:
        raise StoreProblem(
            f"{name} was made by visitors 0.1 or earlier (schema {version}; this one needs {BASELINE} or later)",
            code="store_unreleased",
            hint="to convert it, run 'db dump -o all.ndjson' with the version that made it, then 'visitors"
            " --db NEW.db db load all.ndjson' with this one",
        )
    if version > SCHEMA_VERSION:
        raise StoreProblem(
            f"{name} was made by a newer version of visitors (schema {version}; this version supports "
            f"up to {SCHEMA_VERSION})",
            code="store_newer",
            hint="upgrade visitors",
        )
    return int(version)
