"""Create a store, or migrate one: each in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visitors import interrupts
from visitors.domain.times import now
from visitors.errors import FileProblem, StoreProblem, moved
from visitors.store.database import Statement
from visitors.store.file.opening import use_write_ahead_log
from visitors.store.file.sqlite import SqliteDatabase, statements
from visitors.store.places import File, Memory, Place
from visitors.store.schema.version import APPLICATION_ID, BASELINE, SCHEMA_VERSION, schema_version

_SCRIPTS = ("baseline.sql", "baseline_recording.sql", "baseline_views.sql")


def make(database: SqliteDatabase, place: Place, timeout: float = 30.0) -> None:
    """Initialise an empty database as a store, unless another process already did. Raises sqlite.Error and
    StoreProblem.
    """
    if not isinstance(place, Memory):
        use_write_ahead_log(database, timeout)
    with _one_write(database):
        if schema_version(database, place.name) == 0:
            database.batch([*baseline(), (f"PRAGMA application_id = {APPLICATION_ID}", ())])
            if SCHEMA_VERSION > BASELINE:
                _apply(database)


def baseline() -> list[Statement]:
    """Return the statements that create the baseline schema."""
    folder = Path(__file__).parents[1] / "schema"
    script = "".join((folder / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return [*((one, ()) for one in statements(script)), (f"PRAGMA user_version = {BASELINE}", ())]


def migrate(database: SqliteDatabase, place: File) -> Path | None:
    """Back up an older store, then migrate it.

    Returns the backup's path, or None if another process was quicker. Raises sqlite.Error and StoreProblem.
    """
    copy, file = None, place.identity
    try:
        with _one_write(database):
            version = schema_version(database, place.name)
            if version < SCHEMA_VERSION:
                copy = _back_up(place, version)
                _apply(database)
                _refuse_another_file(place, file)
                interrupts.hold()  # committed: the backup stays
    except BaseException:
        if copy is not None:  # rolled back: the store is unchanged
            copy.unlink()
        raise
    return copy


def _refuse_another_file(place: File, opened: tuple[int, int] | None) -> None:
    """Raise StoreProblem if the path no longer leads to the file that was opened."""
    if place.identity != opened:
        raise moved(place.name)


@contextmanager
def _one_write(database: SqliteDatabase) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def _apply(database: SqliteDatabase) -> None:
    from visitors.store.schema.migrations import apply

    database.hand_to(apply)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _back_up(place: File, version: int) -> Path:
    """Back up the store as a file beside it, as private as the store; the write lock is held meanwhile.

    Raises StoreProblem if the disk is full or the folder is not writable.
    """
    from visitors.store.file.backup import default_name, keep

    store = place.resolved
    target = store.path.with_name(default_name(store, now(), f"v{version}-"))
    try:
        keep(place.path, target)
    except FileProblem as error:
        raise StoreProblem(
            f"cannot back up the store {place.name} before migrating it: {error.message}",
            code="store_unwritable",
            hint="its folder must be writable and have space for a copy; nothing was changed",
        ) from error
    return target
