"""Report the rows that a bulk command rejected."""

from __future__ import annotations

from pathlib import Path

from visitors.context import Context, are_same
from visitors.errors import RowsRejected, UsageProblem
from visitors.output.rejects import RejectedRows
from visitors.output.words import number


def refuse_input(rejects: str | None, path: str) -> None:
    """Raise UsageProblem if the file of rejected rows is standard output, or would replace the file that is read, which
    has the good rows too; `path` is that file, or `-`.
    """
    if rejects is None:
        return
    if rejects == "-":
        raise UsageProblem("--rejects needs a file", hint="use a name such as rejected.csv")
    if Path(rejects).is_file() and are_same(rejects, Path("/dev/stdin" if path == "-" else path)):
        raise UsageProblem(f"--rejects would overwrite {rejects}, the file that is read", hint="use another file")


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
