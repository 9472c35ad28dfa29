"""Print the statements that a migration needs for triggers and views, as Python.

    python tests/migration.py

Run it after adding a column to `domain/fields.py` or `store/schema/recorded.py`: it drops and creates again the
recording triggers and the views that are different in a new store. If there are none, it prints nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from visitors.store.file.opening import open_store
from visitors.store.places import Memory
from visitors.store.schema.recorded import COLUMNS, REALS, RECORDED
from visitors.store.schema.recording import recording_triggers
from visitors.store.views import PREFIX, VIEWS, in_store


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
