"""The triggers that record every change of a table, so that no write can forget to.

Each changed row becomes one row of `changes`, tied to the open operation: a new record with all its
columns, a changed one with the columns that differ, before and after. A write outside of an operation,
by hand in a SQLite shell say, is refused, since history could not tell of it.
"""

from __future__ import annotations

from collections.abc import Iterator

_OPEN = (
    "coalesce((SELECT pk FROM operations WHERE is_open = 1),"
    " RAISE(ABORT, 'changes are recorded: write through the visitors command'))"
)


def recording_triggers(table: str, kind: str, columns: tuple[str, ...], reals: tuple[str, ...] = ()) -> Iterator[str]:
    """The statements that make `table` recorded as `kind`; `reals` are its columns of type REAL.

    SQLite's JSON prints a REAL with 15 digits; those columns are printed with 17, so that replaying
    the record gives the same bits.
    """

    def value(row: str, column: str) -> str:
        plain = f"{row}.{column}"
        return f"iif({plain} IS NULL, NULL, json(format('%!.17g', {plain})))" if column in reals else plain

    def whole(row: str) -> str:
        return "json_object(" + ", ".join(f"'{column}', {value(row, column)}" for column in columns) + ")"

    def changed(row: str) -> str:
        members = ", ".join(
            f"iif(OLD.{column} IS NEW.{column}, '$.\"\"', '$.{column}'), {value(row, column)}" for column in columns
        )
        return f"json_remove(json_set('{{}}', {members}), '$.\"\"')"

    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
    yield f"""
        CREATE TRIGGER {table}_insert AFTER INSERT ON {table} BEGIN
            INSERT INTO changes (operation, kind, record, after)
            VALUES ({_OPEN}, '{kind}', NEW.id, {whole("NEW")});
        END"""
    yield f"""
        CREATE TRIGGER {table}_update AFTER UPDATE ON {table} WHEN {differs} BEGIN
            INSERT INTO changes (operation, kind, record, before, after)
            VALUES ({_OPEN}, '{kind}', NEW.id, {changed("OLD")}, {changed("NEW")});
        END"""
    yield f"""
        CREATE TRIGGER {table}_delete AFTER DELETE ON {table} BEGIN
            INSERT INTO changes (operation, kind, record, before)
            VALUES ({_OPEN}, '{kind}', OLD.id, {whole("OLD")});
        END"""
