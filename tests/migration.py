"""Print the statements that a migration needs for triggers and views, as Python.

    python tests/migration.py

Run it after adding a column to `domain/fields.py` or `store/schema/recorded.py`: it drops and creates again the
recording triggers and the views that are different in a new store. If there are none, it prints nothing.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence

from visitors.store.file.opening import open_store
from visitors.store.places import Memory
from visitors.store.schema.recorded import COLUMNS, EXACT, REALS, RECORDED, claimed
from visitors.store.views import PREFIX, VIEWS, in_store

_OPEN = (
    "coalesce((SELECT pk FROM operations WHERE is_open = 1),\n"
    "        RAISE(ABORT, 'changes are recorded: write through the visitors command'))"
)


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


def expected() -> dict[str, str]:
    """Return the triggers and views for the current columns: type and name -> statement."""
    triggers = [one for kind in RECORDED for one in recording_triggers(kind, COLUMNS[kind][1:], REALS)]
    named = {f"TRIGGER {statement.split()[2]}": statement for statement in triggers}
    return named | {f"VIEW {PREFIX}{view}": in_store(view) for view in VIEWS}


def of_new_store() -> dict[str, str]:
    """Return those of a new store."""
    with open_store(Memory()) as store:
        rows = store.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchall()
    return {f"{type_.upper()} {name}": f"{sql};" for type_, name, sql in rows}


def statements(found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """Return the statements that make `found` what is `wanted`."""
    for name, statement in wanted.items():
        if found.get(name) != statement:
            if name in found:
                yield f"DROP {name}"
            yield statement


def main() -> None:
    """Print the statements as items of a tuple."""
    for statement in statements(of_new_store(), expected()):
        sys.stdout.write(f'"""\\\n{statement}""",\n' if "\n" in statement else f'"{statement}",\n')


if __name__ == "__main__":
    main()
