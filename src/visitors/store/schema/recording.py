"""The triggers that record every change of a table, so that no write can bypass it.

New rows have ascending numbers, so everything that an operation creates of one kind is recorded as one range
(`creations`), written by `Store.operation` at its end: the cost is the same for one row and for a million. The initial
state of a row is its current one with all changes reverted.

Each changed row becomes one row of `changes`, tied to the open operation: the changed columns, before and after; for a
removed row all columns before, including its number. A row restored under its former number is a change without either.
Writes outside of an operation, by hand in a SQLite shell for example, are rejected, since they would be missing from
the history.

A migration that adds a column to a recorded table drops its triggers and creates them again; once the column is in
`domain/fields.py` or `recorded.py`, `python tests/migration.py` prints the statements.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence

from visitors.store.schema.recorded import RECORDED, claimed

_OPEN = (
    "coalesce((SELECT pk FROM operations WHERE is_open = 1),\n"
    "        RAISE(ABORT, 'changes are recorded: write through the visitors command'))"
)

EXACT = "iif(typeof({0}) = 'real', json(printf('%!.17g', {0})), {0})"
"""The SQL of a value in JSON. Some SQLite versions print a REAL in JSON with 15 digits; 17 are needed to round-trip."""


def recording_triggers(kind: str, columns: Sequence[str], reals: Collection[str] = ()) -> Iterator[str]:
    """Build the statements that record changes of the table of `kind`; `reals` are its `columns` of type REAL."""
    table = RECORDED[kind]
    rows = "\n        UNION ALL ".join(f"SELECT '{name}', OLD.{name}, NEW.{name}" for name in columns)
    first = f"SELECT '{columns[0]}' AS name, OLD.{columns[0]} AS old, NEW.{columns[0]} AS new"
    rows = rows.replace(rows.partition("\n")[0], first, 1)
    removed = ", ".join(
        f"'{name}', {EXACT.format(f'OLD.{name}') if name in reals else f'OLD.{name}'}" for name in ("pk", *columns)
    )
    yield f"""\
CREATE TRIGGER {table}_insert AFTER INSERT ON {table}
WHEN NEW.pk <= {claimed(kind)}
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        {_OPEN}, '{kind}', NEW.id
    );
END;"""
    yield f"""\
CREATE TRIGGER {table}_update AFTER UPDATE ON {table} BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT {_OPEN}, '{kind}', NEW.id,
        json_group_object(name, {EXACT.format("old")}),
        json_group_object(name, {EXACT.format("new")})
    FROM (
        {rows}
    ) WHERE old IS NOT new GROUP BY NULL;
END;"""
    yield f"""\
CREATE TRIGGER {table}_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        {_OPEN}, '{kind}', OLD.id, json_object(
{textwrap.fill(removed, 116, initial_indent=" " * 12, subsequent_indent=" " * 12, break_on_hyphens=False)}
        )
    );
END;"""
