"""Report the rows that a bulk command rejected."""

from __future__ import annotations

from visitors.context import Context
from visitors.errors import RowsRejected
from visitors.output.rejects import RejectedRows
from visitors.output.words import number


def tell_rejected(context: Context, rows: RejectedRows, rejects: str | None, then: str) -> None:
    """Report why rows were rejected, if any were. They are in the file `rejects`, and `then` says what to do with it.

    Raises RowsRejected.
    """
    if not rows.count:
        return
    context.output.first(context.output.warn, rows.reasons, rows.count)
    raise RowsRejected(
        f"{number(rows.count, 'row')} rejected",
        hint=f"the rejected rows are in {rejects}; correct them and {then}"
        if rejects
        else "use --rejects FILE to save them with their reasons",
    )
