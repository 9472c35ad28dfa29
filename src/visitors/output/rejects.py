"""The rows that an import rejected, with reasons, in a file that can be corrected and imported again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

from visitors.errors import UsageProblem, VisitorsError
from visitors.input.formats import FORMATS, Format, TextFormat, format_of
from visitors.input.mapping import REJECT
from visitors.input.readers import Header
from visitors.input.rows import Read
from visitors.output.files import whole_file
from visitors.output.machine import encode_json, separated
from visitors.output.shape import Path, Record

SHOWN_REASONS = 20
"""The number of reasons shown; the file has all."""


class RejectedRows:
    """Collects rejected rows: their reasons, and the rows themselves if there is a file for them."""

    def __init__(self, target: TextIO | None, format_: TextFormat, header: Header, *, quiet: bool = False) -> None:
        self._target = target
        self._quiet = quiet
        self._format = format_
        self._columns = tuple(column for column in header.columns or () if not column.startswith(REJECT))
        self._written = 0
        self.count = 0
        self.reasons: list[str] = []
        """The first reasons: there may be as many as the file has rows."""
        self.left_out: Counter[str] = Counter()
        """The number of dropped values of accepted rows, by field."""
        self.reasons_left_out: list[str] = []

    def add(self, row: Read[Any], error: VisitorsError) -> None:
        """Add a rejected row."""
        self.count += 1
        self._tell(self.reasons, row, row.column, error)
        self._write(row, row.column, error.code, error.message)

    def add_incomplete(self, row: Read[Any]) -> None:
        """Add a row that was accepted without some of its values, once for each of these."""
        for one in row.left_out:
            error = one.problem.error()
            self.left_out[one.problem.field or ""] += 1
            self._tell(self.reasons_left_out, row, one.column, error)
            self._write(row, one.column, error.code, f"{error.message}; not stored")

    def _tell(self, reasons: list[str], row: Read[Any], column: str | None, error: VisitorsError) -> None:
        if len(reasons) < SHOWN_REASONS:
            message = error.code.replace("_", " ") if self._quiet else error.message
            reasons.append(row.place.reason(column, message))

    def _write(self, row: Read[Any], column: str | None, code: str, message: str) -> None:
        if self._target is None:
            return
        reason: Record = {
            f"{REJECT}line": row.place.number,
            f"{REJECT}column": column,
            f"{REJECT}code": code,
            f"{REJECT}reason": message,
        }
        text = row.raw or (row.values or {}).get(f"{REJECT}raw")  # as it was, or as in a file of rejected rows
        raw = {f"{REJECT}raw": text} if text else {}
        values = {column: value for column, value in (row.values or {}).items() if not column.startswith(REJECT)}
        first = not self._written
        self._written += 1
        if self._format in ("json", "ndjson"):
            line = encode_json({**reason, **raw, **values})
            self._target.write(f"{'[' if first else ','}\n{line}" if self._format == "json" else f"{line}\n")
            return
        paths: list[Path] = [(column,) for column in (*reason, f"{REJECT}raw", *self._columns)]
        header, written = separated(self._format, paths, [{**reason, **raw, **values}])
        self._target.write(header + written if first else written)

    def finish(self) -> None:
        """Finish the file's content."""
        if self._target is not None and self._format == "json":
            self._target.write("\n]\n" if self._written else "[]\n")


def text_format(format_: Format, rejects: str | None, header: Header) -> TextFormat:
    """Return the format of rejected rows: that of their file's extension, else that of the input if it is text.

    Raises UsageProblem for a file with another extension.
    """
    named = format_of(rejects or "")
    wanted = named or format_
    for known in FORMATS:
        if wanted == known:
            return known
    if named is not None:
        raise UsageProblem(
            f"rejected rows cannot be written to {rejects}", hint="use a name that ends in .csv or .ndjson"
        )
    return "csv" if header.columns is not None else "ndjson"


@contextmanager
def rejected_rows(
    path: str | None, format_: TextFormat, header: Header, *, quiet: bool = False
) -> Iterator[RejectedRows]:
    """Open a collection whose file, if `path` is given, appears if the block succeeds. With `quiet`, reasons shown,
    unlike those in the file, contain no personal data.

    Raises UsageProblem if the format cannot hold the rows, and FileProblem.
    """
    if path is not None and header.columns is None and format_ in ("csv", "tsv"):
        raise UsageProblem(
            f"rejected rows of JSON cannot be written as columns to {path}", hint="use a name that ends in .ndjson"
        )
    with ExitStack() as stack:
        target = stack.enter_context(whole_file(path)) if path is not None else None
        collected = RejectedRows(target, format_, header, quiet=quiet)
        yield collected
        collected.finish()
