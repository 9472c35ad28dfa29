"""Standard input as lines, for commands that take ids, lines of JSON or one long text instead of a file.

Unlike a `Source`, it is read as it comes: nothing is spooled, so a command can stop at the first line that it refuses.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from itertools import chain

from visitors.errors import InvalidData
from visitors.input.other_content import refuse_other_content

_LINE_LIMIT = 4 * 1024 * 1024
"""Like the limit for lines of files: an endless line must not fill the memory."""
HEADER_HINT = "this looks like a header line; to list ids only, use --format ids or --no-header where they come from"


class StandardInput:
    """Lines, split only at line feeds, which can be read once."""

    def __init__(self) -> None:
        self._lines: Iterator[str] | None = None
        """What is left to read, once something was read."""

    def lines(self, *, any_text: bool = True) -> Iterator[str]:
        """Yield the lines. Raises InvalidData if one is not UTF-8 or too long; and unless it may be `any_text`, for
        content recognised as something other than rows or ids.
        """
        lines = self._lines if self._lines is not None else _read_lines(any_text=any_text)
        self._lines = iter(())
        return lines

    def begins_with(self, sign: str) -> bool:
        """Return whether the first line that is not blank begins like this. `lines` still yields all of it, and raises
        InvalidData in the same cases.
        """
        lines, seen = self.lines(any_text=False), []
        for line in lines:
            seen.append(line)
            if line.strip():
                break
        self._lines = chain(seen, lines)
        return bool(seen) and seen[-1].lstrip().startswith(sign)

    def references(self) -> list[str]:
        """Return the lines that are not blank, as references. Raises InvalidData like `lines`, and for JSON."""
        lines = [line for line in map(str.strip, self.lines(any_text=False)) if line]
        if lines and lines[0].startswith(("[", "{")):
            raise InvalidData(
                "standard input is JSON, but must have one id per line",
                code="other_content",
                hint="to list ids only, use --format ids where they come from",
            )
        return lines


def is_header(line: str) -> bool:
    """Return whether a line that matches no record is the header of a listing."""
    from visitors.domain.fields import CONTACT, FLAT

    known = {*FLAT, *(field.name for field in CONTACT), "visitorId"}
    return all(cell.strip() in known for cell in line.replace("\t", ",").split(","))


def _read_lines(*, any_text: bool) -> Iterator[str]:
    stream = sys.stdin.buffer
    is_looked_at = any_text
    for number, line in enumerate(iter(lambda: stream.readline(_LINE_LIMIT), b""), start=1):
        if not is_looked_at:
            refuse_other_content(line, "standard input")
            is_looked_at = bool(line.strip())
        if len(line) == _LINE_LIMIT:
            raise InvalidData(
                f"standard input, line {number}: longer than {_LINE_LIMIT // 1024 // 1024} MiB",
                code="line_too_long",
            )
        try:
            yield line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").decode()
        except UnicodeDecodeError as error:
            raise InvalidData(
                f"standard input, line {number}: not UTF-8 (byte {error.start + 1})", code="not_utf8"
            ) from None
