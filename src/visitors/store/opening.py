"""Opening stores, in files and on servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from visitors.store.file import opening
from visitors.store.places import Place
from visitors.store.servers import Server
from visitors.store.store import Store


def open_store(
    place: Place,
    *,
    timeout: float = 30.0,
    create: bool = True,
    before_migrating: Callable[[], None] | None = None,
) -> Store:
    """Open the store at `place`, creating it if needed, unless `create` is false. A store in a file is migrated; one on
    a server is only checked, together with the first statement. Raises StoreProblem.

    `timeout` limits the wait for other writers, in seconds; `before_migrating` may raise to leave an older store alone.
    """
    if isinstance(place, Server):
        from visitors.store.remote.opening import database_of

        return Store(database_of(place, timeout=timeout, create=create), place)
    return opening.open_store(place, timeout=timeout, create=create, before_migrating=before_migrating)


def migrate_store(place: Place, *, timeout: float = 30.0) -> tuple[bool, Path | None]:
    """Migrate the store at `place`; return whether it was older, and the path of the backup, if there is one. Raises
    StoreProblem, also if there is no store.
    """
    if isinstance(place, Server):
        from visitors.store.remote.opening import migrate_store as migrate_on_server

        return migrate_on_server(place, timeout=timeout), None
    with opening.open_store(place, timeout=timeout, create=False) as store:
        return store.backup is not None, store.backup
