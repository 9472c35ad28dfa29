"""The triggers that record every change of a table, so that no write can forget to.

New rows are numbered upwards, so all that an operation makes of one kind is recorded as one range of
numbers (`creations`), which `Store.operation` writes at its end: it costs the same for one row and for a
million. What a row was when it was made is what it is now, with its changes taken back one by one.

Each changed row becomes one row of `changes`, tied to the open operation: the columns that differ, before
and after; of a removed row all of them before, its number too. A row that is put back under a number that
was given before is a change without either. A write outside of an operation, by hand in a SQLite shell
say, is refused, since history could not tell of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from visitors.store.schema import claimed

_OPEN = (
    "coalesce((SELECT pk FROM operations WHERE is_open = 1),"
    " RAISE(ABORT, 'changes are recorded: write through the visitors command'))"
)


def recording_triggers_v1(
    table: str, kind: str, columns: tuple[str, ...], reals: tuple[str, ...] = ()
) -> Iterator[str]:
    """The triggers of the first schemas: there a new row, too, was a change, with all its columns."""
    record = _Record(table, kind, columns, reals)
    yield f"""
        CREATE TRIGGER {table}_insert AFTER INSERT ON {table} BEGIN
            INSERT INTO changes (operation, kind, record, after)
            VALUES ({_OPEN}, '{kind}', NEW.id, {record.whole("NEW")});
        END"""
    yield record.update_trigger()
    yield f"""
        CREATE TRIGGER {table}_delete AFTER DELETE ON {table} BEGIN
            INSERT INTO changes (operation, kind, record, before)
            VALUES ({_OPEN}, '{kind}', OLD.id, {record.whole("OLD")});
        END"""


def recording_triggers(table: str, kind: str, columns: tuple[str, ...], reals: tuple[str, ...] = ()) -> Iterator[str]:
    """The statements that make `table` recorded as `kind`; `reals` are its columns of type REAL."""
    record = _Record(table, kind, columns, reals)
    yield f"""
        CREATE TRIGGER {table}_insert AFTER INSERT ON {table}
        WHEN NEW.pk <= {claimed(kind)} OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
            INSERT INTO changes (operation, kind, record) VALUES ({_OPEN}, '{kind}', NEW.id);
        END"""
    yield record.update_trigger()
    yield f"""
        CREATE TRIGGER {table}_delete AFTER DELETE ON {table} BEGIN
            INSERT INTO changes (operation, kind, record, before)
            VALUES ({_OPEN}, '{kind}', OLD.id, {record.whole("OLD", "pk")});
        END"""


class _Record:
    """A table's rows as JSON.

    SQLite's JSON prints a REAL with 15 digits; `reals` are printed with 17, so that taking a change back
    gives the same bits.
    """

    def __init__(self, table: str, kind: str, columns: tuple[str, ...], reals: tuple[str, ...]) -> None:
        self._table = table
        self._kind = kind
        self._columns = columns
        self._reals = reals

    def whole(self, row: str, *leading: str) -> str:
        """All columns of OLD or NEW, after those in `leading`."""
        columns = (*leading, *self._columns)
        return "json_object(" + ", ".join(f"'{column}', {self._value(row, column)}" for column in columns) + ")"

    def update_trigger(self) -> str:
        """The trigger that records the columns that differ."""
        differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in self._columns)
        return f"""
        CREATE TRIGGER {self._table}_update AFTER UPDATE ON {self._table} WHEN {differs} BEGIN
            INSERT INTO changes (operation, kind, record, before, after)
            VALUES ({_OPEN}, '{self._kind}', NEW.id, {self._changed("OLD")}, {self._changed("NEW")});
        END"""

    def _changed(self, row: str) -> str:
        members = ", ".join(
            f"iif(OLD.{column} IS NEW.{column}, '$.\"\"', '$.{column}'), {self._value(row, column)}"
            for column in self._columns
        )
        return f"json_remove(json_set('{{}}', {members}), '$.\"\"')"

    def _value(self, row: str, column: str) -> str:
        plain = f"{row}.{column}"
        return f"iif({plain} IS NULL, NULL, json(format('%!.17g', {plain})))" if column in self._reals else plain
