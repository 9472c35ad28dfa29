"""Choose the mapping for a file: the one given, or the only included one that recognises it."""

from __future__ import annotations

import csv
import io
from json import JSONDecoder
from typing import Any

from visitors.errors import InvalidData
from visitors.input.formats import BINARY, Format
from visitors.input.kinds import Kind
from visitors.input.mapping import REJECT
from visitors.input.mapping_files import READY_MADE, Part, read_mapping
from visitors.input.readers import read_rows
from visitors.input.source import Source

AUTO, NONE = "auto", "none"
_SPACE = " \t\n\r"


def choose_part(source: Source, format_: Format, kind: Kind, mapping: str, delimiter: str = ",") -> Part | None:
    """Return the part of a mapping that fits the file: of the mapping with this name or at this path; for `auto`, of
    the included one that recognises the file, unless its column names suffice.

    Raises InvalidData if the mapping does not fit the file, or the file is known to be of another kind, and what
    `read_mapping` raises.
    """
    if mapping == NONE or (format_ not in BINARY and source.is_empty):
        return None
    first = first_row(source, format_, delimiter)
    if mapping == AUTO:
        return None if first is None or _is_our_own(first, kind) else _recognised(first, kind)
    return part_for(first, kind, mapping, source.name)


def part_for(first: Any, kind: Kind, mapping: str, name: str = "it") -> Part | None:
    """Return the part of the mapping with this name for a file, or for objects, given the first of them. Raises like
    `choose_part`.
    """
    if mapping in (AUTO, NONE):
        return None
    parts = read_mapping(mapping)
    ours = [part for part in parts if part.kind is kind]
    if not ours:
        others = " and ".join(dict.fromkeys(part.kind.noun for part in parts))
        raise InvalidData(
            f"{mapping} is for {others}, not for {kind.noun}",
            code="other_mapping",
            hint=f"visitors {parts[0].kind.command} FILE --mapping {mapping}",
        )
    fitting = [part for part in ours if part.fits(first)] or [part for part in ours if part.is_empty(first)]
    if not fitting:
        known = "; ".join(f"{part.file}: {', '.join(path for path, _ in part.recognise)}" for part in ours)
        raise InvalidData(
            f"{name} does not fit the mapping {ours[0].mapping}",
            code="other_mapping",
            hint=f"the mapping expects these columns: {known}",
        )
    return fitting[0]


def known_to(mapping: str) -> frozenset[str]:
    """Return the columns that identify files to the mapping with this name; for `auto`, to any included one.

    Raises what `read_mapping` raises.
    """
    names = READY_MADE if mapping == AUTO else () if mapping == NONE else (mapping,)
    return frozenset(path for name in names for part in read_mapping(name) for path, _ in part.recognise)


def _is_our_own(first: Any, kind: Kind) -> bool:
    """Return whether all columns are known by name."""
    if not isinstance(first, dict):
        return False
    contact = first.get("contact")
    inner = [f"contact.{key}" for key in contact] if isinstance(contact, dict) else []
    columns = [*(one for one in first if one != "contact" and not one.startswith(REJECT)), *inner]
    return bool(columns) and all(
        column in kind.ignored or kind.field_of(column) not in (None, *kind.more) for column in columns
    )


def _recognised(first: Any, kind: Kind) -> Part | None:
    fitting = [part for name in READY_MADE for part in read_mapping(name) if part.fits(first)]
    ours = [part for part in fitting if part.kind is kind]
    if fitting and not ours:
        other = fitting[0].kind
        raise InvalidData(
            f"the file contains {other.noun}, not {kind.noun}: {fitting[0].name}",
            code="other_kind",
            hint=f"visitors {other.command} FILE",
        )
    return ours[0] if len(ours) == 1 else None


def first_row(source: Source, format_: Format, delimiter: str = ",") -> Any:
    """Return the first row, or as much as can be read at once of a file that is one object; None if that is invalid."""
    if format_ in BINARY:
        _, rows = read_rows(source, format_)
        return next((row.values for row in rows), None)
    text = source.head().decode(errors="replace")
    if format_ in ("csv", "tsv"):
        lines = csv.reader(io.StringIO(text), delimiter="\t" if format_ == "tsv" else delimiter)
        try:
            header, row = next(lines, []), next(lines, [])
        except csv.Error:
            return None
        cells = [*row, *[""] * len(header)]
        return {column.strip(): cell for column, cell in zip(header, cells, strict=False)}
    start = len(text) - len(text.lstrip(_SPACE))
    if text[start : start + 1] not in ("{", "["):
        return None
    try:
        found, _, _ = _begun(text, start)
    except RecursionError:
        return None
    return found[0] if isinstance(found, list) and found else found


_scan = JSONDecoder().raw_decode


def _begun(text: str, at: int) -> tuple[Any, int, bool]:
    """Parse the possibly truncated value at `at`; return it, its end, and whether it is complete."""
    try:
        value, end = _scan(text, at)
    except (ValueError, IndexError):  # also for a truncated number
        pass
    else:
        return value, end, True
    sign = text[at : at + 1]
    found: Any = {} if sign == "{" else []
    at = _after_space(text, at + 1)
    while sign in ("{", "[") and at < len(text):
        key = None
        if sign == "{":
            try:
                key, at = _scan(text, at)
            except (ValueError, IndexError):  # also for a truncated number
                break
            at = _after_space(text, _after_space(text, at) + 1)  # after the colon
        value, at, is_whole = _begun(text, at)
        if value is None and not is_whole:
            break
        if isinstance(found, dict):
            found[key] = value
        else:
            found.append(value)
        if not is_whole or sign == "[":  # one item is enough
            break
        at = _after_space(text, _after_space(text, at) + 1)  # after the comma
    return (found if sign in ("{", "[") else None), len(text), False


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
