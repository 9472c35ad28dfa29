"""The choice of a file's format: as given, by its extension, or recognised in its content."""

from __future__ import annotations

import msgspec

from visitors.errors import UsageProblem
from visitors.input.compression import without_ending
from visitors.input.formats import BINARY, FORMATS, Format, format_of
from visitors.input.source import Source


def choose_format(path: str, given: str | None, source: Source, delimiter: str | None = None) -> Format:
    """Return the given format, else that of the extension, else the one recognised in the content. With a `delimiter`
    it is CSV.

    Raises UsageProblem if `given` cannot be read, and for a `delimiter` or an encoding with another format.
    """
    format_ = _choose_format(path, given, source)
    if format_ in BINARY and source.has_encoding:
        raise UsageProblem(f"--encoding only applies to text, and {source.name} is {format_}")
    if delimiter is None:
        return format_
    if given not in (None, "csv") or format_ in ("json", "ndjson", *BINARY):
        raise UsageProblem(f"--delimiter only applies to csv, and {source.name} is {format_}")
    return "csv"


def _choose_format(path: str, given: str | None, source: Source) -> Format:
    if given is not None:
        for known in (*FORMATS, *BINARY):
            if given == known:
                return known
        raise UsageProblem(f"cannot read {given}", hint="use one of " + ", ".join((*FORMATS, *BINARY)))
    named = format_of(without_ending(path))
    if named in ("csv", "tsv", *BINARY):
        return named
    shown = _format_shown(source.head())
    # NDJSON files are often called .json, and lists .jsonl
    return shown if named is None or shown in ("json", "ndjson") else named


def _format_shown(head: bytes) -> Format:
    """Recognise the format of content that begins like this: JSON by its first character, a table by the delimiter of
    its header.
    """
    first, _, rest = head.lstrip().partition(b"\n")
    if first.startswith(b"["):
        return "json"
    if first.startswith(b"{"):
        return "json" if rest and not _is_json(first) else "ndjson"
    return "tsv" if first.count(b"\t") > first.count(b",") else "csv"


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return True
