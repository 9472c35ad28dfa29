"""Numbered changes of the schema since `baseline.sql`. A released migration is never edited.

Each is a function of a sqlite-utils `Database`, named `mNNNN_what`, that calls nothing in this program, so later
changes cannot alter it. sqlite-utils records in the store which were applied; it is imported only to apply some.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database

STEPS: tuple[Callable[[Database], None], ...] = ()
"""The migrations, in order of number."""


def apply(connection: Any) -> None:
    """Apply those that the store does not have, in the open transaction of the sqlite3 connection."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations("visitors")
    for step in STEPS:
        migrations()(step)
    migrations.apply(Database(connection, execute_plugins=False))
