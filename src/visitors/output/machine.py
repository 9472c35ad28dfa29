r"""The formats for programs: json, ndjson, csv, tsv, ids, count.

Except in CSV, every record is one line, whatever it contains: JSON escapes line breaks, TSV escapes tabs, line ends and
backslashes as `\t`, `\n`, `\r`, `\\` (like PostgreSQL's COPY). CSV follows RFC 4180, where a quoted cell may span
lines. JSON contains no terminal control characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, cast

import msgspec

from visitors.output.sanitise import json_bytes, json_safe
from visitors.output.shape import Path, Record, Shape, picked, value_at

MachineFormat = Literal["json", "ndjson", "csv", "tsv", "ids", "count"]
FileFormat = Literal["json", "ndjson", "csv", "tsv", "ids", "count", "parquet"]
"""The formats of files."""

_BATCH = 500
_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Formula triggers; the last four are the full-width forms that some East Asian spreadsheets accept."""


def lines(
    format_: MachineFormat,
    shape: Shape,
    records: Iterable[msgspec.Struct | Record],
    *,
    fields: list[str] | None = None,
    single: bool = False,
    spreadsheet_safe: bool = False,
    header: bool = True,
) -> Iterator[str]:
    """Yield the text of `records` in pieces, to be written one after another.

    `single` makes `json` an object instead of an array. `spreadsheet_safe` puts a quote before CSV and TSV cells that a
    spreadsheet would evaluate as a formula; `header` is the first line of both. Raises UsageProblem for an unknown
    field.
    """
    paths = shape.paths(fields)
    if format_ == "count":
        return iter([f"{sum(1 for _ in records)}\n"])
    if format_ in ("json", "ndjson"):
        chosen = records if fields is None else (picked(as_record(record), paths) for record in records)
        if format_ == "ndjson":
            return json_lines(chosen)
        return _json_object(chosen) if single else batched(_json_array(chosen))
    plain = map(as_record, records)
    if format_ == "ids":
        path = tuple(shape.id_field.split("."))
        return batched(f"{one}\n" for record in plain for one in _ids(value_at(record, path)))
    cell = _spreadsheet_safe if spreadsheet_safe else as_text
    return batched(separated(format_, paths, plain, cell, header=header))


def properties(shape: Shape, records: Iterable[Record], *, fields: list[str] | None = None) -> Iterator[str]:
    """Yield `records` as lines of a field, a tab and its value, with a blank line between two records.

    List items are fields of their own, with their index: `blocks.0.reason`. Raises UsageProblem for an unknown field.
    """
    paths = shape.paths(fields)
    for number, record in enumerate(records):
        if number:
            yield "\n"
        for path in paths:
            yield from map(tsv_line, _flat(".".join(path), value_at(record, path)))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Flatten the values of a list by index, those of its objects by name; an open object stays one value."""
    if not isinstance(value, list) or not value:
        yield name, "" if value == [] else as_text(value)
        return
    for place, item in enumerate(value):
        if isinstance(item, dict):
            for key, of_key in item.items():
                yield from _flat(f"{name}.{place}.{key}", of_key)
        else:
            yield from _flat(f"{name}.{place}", item)


def as_record(value: msgspec.Struct | Record) -> Record:
    """Convert a domain value to a nested dict under its public names."""
    return value if isinstance(value, dict) else cast("Record", msgspec.to_builtins(value))


def _ids(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def encode_json(value: object) -> str:
    """Encode as compact JSON in UTF-8, on one line, without terminal control characters."""
    return json_safe(_encoded(value).decode())


def json_document(value: object) -> str:
    """Encode as indented JSON in UTF-8, without terminal control characters."""
    return json_safe(_encoded(value, indent=2).decode()) + "\n"


def json_lines(records: Iterable[object]) -> Iterator[str]:
    """Yield `records` as NDJSON, each encoded by `encode_json`, in pieces of many lines."""
    encode = msgspec.json.Encoder().encode_lines
    remaining = iter(records)
    while batch := list(islice(remaining, _BATCH)):
        try:
            encoded = encode(batch)
        except UnicodeEncodeError:
            encoded = b"".join(_encoded(record) + b"\n" for record in batch)
        yield json_bytes(encoded).decode()


def _encoded(value: object, indent: int | None = None) -> bytes:
    r"""Encode `value` as JSON, on one line or indented. A byte of a path that is not UTF-8 becomes an escape, `\udcff`
    for 0xff, which `os.fsencode` reverts.
    """
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        import json

        separators = (",", ":") if indent is None else None
        return json.dumps(msgspec.to_builtins(value), indent=indent, separators=separators).encode()
    return encoded if indent is None else msgspec.json.format(encoded, indent=indent)


def as_text(value: Any) -> str:
    """Format a value as one CSV or TSV cell; empty for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _encoded(value).decode()


def batched(pieces: Iterable[str]) -> Iterator[str]:
    """Join `pieces` into fewer, larger ones: writing each costs more than making it."""
    remaining = iter(pieces)
    while batch := list(islice(remaining, _BATCH)):
        yield "".join(batch)


def _json_object(records: Iterable[object]) -> Iterator[str]:
    yield from map(json_document, records)


def _json_array(records: Iterable[object]) -> Iterator[str]:
    separator = "["
    for record in records:
        yield f"{separator}\n{encode_json(record)}"
        separator = ","
    yield "[]\n" if separator == "[" else "\n]\n"


def separated(
    format_: MachineFormat,
    paths: list[Path],
    records: Iterable[Record],
    cell: Callable[[Any], str] = as_text,
    *,
    header: bool = True,
) -> Iterator[str]:
    """Yield the header line if requested, then a piece of CSV or TSV for each record, its cells formatted by `cell`."""
    line = csv_line if format_ == "csv" else tsv_line
    if header:
        yield line([".".join(path) for path in paths])
    names = [path[0] for path in paths]
    if all(len(path) == 1 for path in paths):  # takes half the time
        yield from (line([cell(record.get(name)) for name in names]) for record in records)
        return
    for record in records:
        yield line([cell(value_at(record, path)) for path in paths])


def tsv_line(cells: Sequence[str]) -> str:
    """Join cells to a line of TSV."""
    return "\t".join(map(tsv_cell, cells)) + "\n"


def tsv_cell(text: str) -> str:
    """Escape characters in `text` that would end the cell or the line."""
    return text.translate(_TSV_ESCAPES)


def csv_line(cells: Sequence[str]) -> str:
    """Join cells to a line of CSV. A single empty cell is quoted, since an empty line is not a row."""
    return ",".join(map(csv_cell, cells)) + "\n" if list(cells) != [""] else '""\n'


def csv_cell(text: str) -> str:
    """Quote `text` if it contains special characters of CSV."""
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def _spreadsheet_safe(value: Any) -> str:
    text = as_text(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text
