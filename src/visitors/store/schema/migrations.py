"""What changed in the schema since `baseline.sql`, as numbered steps. One that was released is never edited.

Each is a function of a sqlite-utils `Database`, named `mNNNN_what`, that calls nothing of this program: its text is
all that it does, whatever becomes of the rest. `SCHEMA_VERSION` counts them, so that a current store opens without
importing this; sqlite-utils remembers in the store which were applied.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("visitors")


def apply(connection: Any) -> None:
    """Apply those that the store does not have, in the transaction that is open on the sqlite3 connection."""
    migrations.apply(Database(connection, execute_plugins=False))
