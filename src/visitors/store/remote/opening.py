"""Opening, creating and migrating stores on a server."""

from __future__ import annotations

from typing import NoReturn

from visitors.errors import StoreProblem
from visitors.store.database import Commit, Row
from visitors.store.file.migrating import baseline
from visitors.store.remote.database import ServerDatabase
from visitors.store.schema import migrations
from visitors.store.schema.version import APPLICATION_ID, BASELINE, SCHEMA_VERSION, version_of
from visitors.store.servers import Server

# A server does not let clients set the application id, so stores are recognised by their tables.
_IS_OURS = (
    "3 = (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('operations', 'changes', 'creations'))"
)
_IS_EMPTY = (
    "NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name NOT GLOB 'libsql_*' AND name NOT GLOB 'sqlite_*'"
    " AND name NOT GLOB '_litestream_*')"
)
_VERSION = "(SELECT user_version FROM pragma_user_version)"
_WHOSE = f"SELECT {_VERSION}, iif({_IS_OURS}, {APPLICATION_ID}, 0), {_IS_EMPTY}"


def database_of(place: Server, *, timeout: float = 30.0, create: bool = True) -> ServerDatabase:
    """Return the database of a store. It is checked together with the first statement, which raises StoreProblem if
    there is no store and `create` is false, or if its schema is older or newer.
    """

    def judge(found: Row) -> bool:
        version = version_of(found, place.name)
        if version == 0 and create:
            _change(place, timeout, make=True)
            return True
        _refuse(place, version)

    is_current = f"{SCHEMA_VERSION} = {_VERSION} AND {_IS_OURS}"
    return ServerDatabase(place, _WHOSE, is_current, judge, timeout)


def migrate_store(place: Server, *, timeout: float = 30.0) -> bool:
    """Migrate the store; return whether it was older. Raises StoreProblem, also if there is no store."""
    return _change(place, timeout, make=False)


def _change(place: Server, timeout: float, *, make: bool) -> bool:
    """Create or migrate a store in one transaction; return whether that was needed."""
    database = ServerDatabase(place, "SELECT 1", "1", lambda _: False, timeout)
    try:
        with database.translated_errors():
            database.begin("IMMEDIATE")
            version = version_of(database.execute(_WHOSE).fetchall()[0], place.name)
            if version == SCHEMA_VERSION:
                return False
            if version == 0:
                if not make:
                    _refuse(place, version)
                database.batch(baseline())
                version = BASELINE
            elif make:
                _refuse(place, version)
            for step in migrations.STEPS[version - BASELINE :]:
                step(database)  # type: ignore[arg-type]  # a migration only executes statements
            database.later(f"PRAGMA user_version = {SCHEMA_VERSION}")
            proof = f"SELECT 1 WHERE {_VERSION} = {SCHEMA_VERSION}"
            database.commit(Commit(name="the schema", proof=(proof, ()), find="db info"))
            return True
    finally:
        database.close()


def _refuse(place: Server, version: int) -> NoReturn:
    if version == 0:
        raise StoreProblem(
            f"no store found at {place.name}",
            code="store_missing",
            hint="check --db and VISITORS_DB; create, track and import create a store in an empty database",
        )
    raise StoreProblem(
        f"the store {place.name} has an older schema ({version}; this version needs {SCHEMA_VERSION})",
        code="store_older",
        hint="once everyone has this version: visitors db migrate",
    )
