"""Show an error: what happened, the line that is wrong if there is one, and what to do about it."""

from __future__ import annotations

import os
from typing import TextIO

from visitors.errors import VisitorsError
from visitors.output.machine import encode_json
from visitors.output.output import environment_has_color
from visitors.output.sanitise import bounded, visible

_PLAIN_WIDTH = 80
"""The width assumed for an error that is not written to a terminal."""


def write_error(
    error: VisitorsError, stream: TextIO, *, as_json: bool, color: bool = True, quiet: bool = False
) -> None:
    """Print an expected error: one line, the line of input with a caret if there is one, and a hint; or one JSON
    object. With `quiet`, without personal data.
    """
    message, hint = bounded(error.message), bounded(error.hint) if error.hint else None
    if quiet and error.quotes_data:
        message, hint = bounded(error.discreet), None
    if as_json:
        body = {"code": error.code, "message": message, "hint": hint}
        stream.write(encode_json({"error": body}) + "\n")
        return
    styled = color and stream.isatty() and environment_has_color()
    red, dim, reset = ("\x1b[31m", "\x1b[2m", "\x1b[0m") if styled else ("", "", "")
    told = _in_lines(f"error: {visible(message)}", stream).removeprefix("error:")
    stream.write(f"{red}error:{reset}{told}\n")
    if error.pointed_at is not None:
        line, mark = _pointed(*error.pointed_at, _columns(stream) or _PLAIN_WIDTH)
        stream.write(f"  {line}\n  {red}{mark}{reset}\n")
    if hint:
        told = f"hint: {visible(hint)}"
        # commands are wrapped by the terminal itself, so that they are copied in one piece
        stream.write(f"{dim}{told if hint.startswith('visitors ') else _in_lines(told, stream)}{reset}\n")


def _in_lines(text: str, stream: TextIO) -> str:
    """Wrap `text` between words on a terminal, which would break lines anywhere."""
    columns = _columns(stream)
    if not 0 < columns < len(text):
        return text
    import textwrap

    lines_ = textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
    return "\n".join(lines_)


def _columns(stream: TextIO) -> int:
    """Return the width of the terminal; 0 if unknown, or not a terminal."""
    if not stream.isatty():
        return 0
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return 0


def _pointed(line: str, at: int, columns: int) -> tuple[str, str]:
    """Return the line, or the part around `at` that fits the columns, and a line with a caret below that position."""
    from rich.cells import cell_len

    room = max(20, columns - 4)
    start = max(0, min(at - room // 2, len(line) - room))
    before = ("…" if start else "") + visible(line[start:at].replace("\t", " "))
    after = visible(line[at : start + room].replace("\t", " ")) + ("…" if len(line) > start + room else "")
    return (before + after).rstrip(), " " * cell_len(before) + "^"
