"""The triggers that record every change of a table, so that no write can forget to.

New rows are numbered upwards, so all that an operation creates of one kind is recorded as one range of numbers
(`creations`), which `Store.operation` writes at its end: it costs the same for one row and for a million. What a row
was when it was created is what it is now, with its changes taken back one by one.

Each changed row becomes one row of `changes`, tied to the open operation: the columns that differ, before and after;
of a removed row all of them before, its number too. A row that is put back under a number that was given before is a
change without either. A write outside of an operation, by hand in a SQLite shell say, is refused, since history could
not tell of it.

A migration that gives a recorded table a column drops that table's three triggers and creates them again, by the
statements that this prints as Python once the column stands in `domain/fields.py` or `recorded.py`:

    python -m visitors.store.schema.recording visitor
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence

from visitors.store.schema.recorded import COLUMNS, REALS, RECORDED, claimed

_OPEN = (
    "coalesce((SELECT pk FROM operations WHERE is_open = 1),\n"
    "        RAISE(ABORT, 'changes are recorded: write through the visitors command'))"
)

EXACT = "iif(typeof({0}) = 'real', json(printf('%!.17g', {0})), {0})"
"""The SQL of a value in JSON. SQLite's JSON prints a REAL with 15 digits, in some versions: 17 are enough for the same
bits to come back.
"""


def recording_triggers(kind: str, columns: Sequence[str], reals: Collection[str] = ()) -> Iterator[str]:
    """The statements that have the table of `kind` recorded; `reals` are those of its `columns` of type REAL."""
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


if __name__ == "__main__":
    import sys

    (kind,) = sys.argv[1:]
    _, *columns = COLUMNS[kind]
    for event in ("insert", "update", "delete"):
        sys.stdout.write(f'"DROP TRIGGER {RECORDED[kind]}_{event}",\n')
    for statement in recording_triggers(kind, columns, REALS):
        sys.stdout.write(f'"""\\\n{statement}""",\n')
