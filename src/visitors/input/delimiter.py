"""The delimiter of a CSV file: given, or unambiguous from its header line."""

from __future__ import annotations

import csv
from collections.abc import Callable

from visitors.errors import InvalidData, UsageProblem

_NAMES = {"\\t": "\t", "tab": "\t"}
_PLURALS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_CANDIDATES = (",", ";", "\t", "|")


def parse_delimiter(text: str) -> str:
    """Parse the value of `--delimiter`: one character, or `tab`. Raises UsageProblem."""
    delimiter = _NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageProblem(
            f"--delimiter {text!r} is not one character", hint="use one such as ';' or '|', or the word tab"
        )
    return delimiter


def delimiter_of(head: bytes, is_known: Callable[[str], bool], name: str) -> str:
    """Return the only delimiter that splits the header line in `head` into columns of which any `is_known`, or a comma
    if there is none.

    Raises InvalidData if there are several.
    """
    line = head.partition(b"\n")[0].decode(errors="replace").rstrip("\r")
    there = [one for one in _CANDIDATES if one in line]
    if there == [","]:  # the common case
        return ","
    found = [one for one in there if _is_split(line, one, is_known)]
    if len(found) > 1:
        raise InvalidData(
            f"{name}: cannot tell whether columns are separated by {' or '.join(map(shown_delimiter, found))}",
            code="ambiguous_delimiter",
            hint="use " + " or ".join(map(hint_of, found)),
        )
    return found[0] if found else ","


def shown_delimiter(delimiter: str) -> str:
    """Return the delimiter's name in errors."""
    return _PLURALS.get(delimiter, repr(delimiter))


def hint_of(delimiter: str) -> str:
    """Return the option that sets it."""
    return "--delimiter tab" if delimiter == "\t" else f"--delimiter '{delimiter}'"


def _is_split(line: str, delimiter: str, is_known: Callable[[str], bool]) -> bool:
    try:
        columns = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return False
    return len(columns) > 1 and any(is_known(column.strip()) for column in columns)
