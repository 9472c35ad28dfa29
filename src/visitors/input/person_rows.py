"""Read the input of `identify -`: in each row a visitor and facts about its person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from visitors.domain.contact import Identity
from visitors.domain.fields import PERSON
from visitors.domain.identity import parse_identity
from visitors.domain.metadata import decode_value
from visitors.errors import InvalidData, UsageProblem
from visitors.input.delimiter import delimiter_of
from visitors.input.formats import Format
from visitors.input.mapping import REJECT
from visitors.input.other_content import refuse_envelope
from visitors.input.readers import Header, RawRow, read_rows
from visitors.input.rows import Read
from visitors.input.source import Source

_KEY = "metadata."
_TABLES = ("csv", "tsv")
_LISTS = ("clear", "unset")
_FIELDS = ("visitorId", *PERSON, "metadata", *_LISTS, "replaceMetadata")
_COLUMNS = {name.lower(): name for name in _FIELDS} | {"id": "visitorId"}
_HINT = "the fields are " + ", ".join(_FIELDS)


def read_people(source: Source, format_: Format) -> tuple[Header, Iterator[Read[RawRow]]]:
    """Return the header of a table, and its rows, to be parsed by `person_of`. Raises InvalidData for unknown columns
    in the header.
    """
    is_table = format_ in _TABLES
    delimiter = delimiter_of(source.head(), lambda name: _column(name) is not None, source.name) if is_table else ","
    header, rows = read_rows(source, format_, delimiter)
    for column in header.columns or ():
        if _column(column) is None and not column.startswith(REJECT):
            raise InvalidData(f"{source.name}: unknown column {column!r}", code="unknown_field", hint=_HINT)
    return header, (Read(raw.place, raw, raw.values, raw.raw) for raw in rows)


def _column(name: str) -> str | None:
    """Return the field of a column; metadata keys keep their spelling."""
    if name.startswith(_KEY) and len(name) > len(_KEY):
        return name
    return _COLUMNS.get("".join(name.split()).lower())


def person_of(raw: RawRow, format_: Format) -> tuple[str, Identity]:
    """Return the visitor reference and the identity in a row. Raises InvalidData and UsageProblem."""
    if raw.error is not None:
        if raw.error.code == "invalid_json" and raw.error.hint is None:
            raw.error.hint = "standard input must have one JSON object per line; use --input-format for other formats"
        raise raw.error
    values = {name: value for name, value in raw.values.items() if not name.startswith(REJECT)}
    values = _from_cells(values) if format_ in _TABLES else values
    unknown = sorted(set(values) - set(_FIELDS))
    if unknown:
        refuse_envelope({name: values[name] for name in unknown})
        raise InvalidData(f"unknown field {unknown[0]!r}", code="unknown_field", hint=_HINT)
    visitor = values.get("visitorId")
    if not isinstance(visitor, str):
        raise InvalidData("visitorId is missing, or is not a string", field="visitorId", code="invalid_type")
    said = parse_identity(values)
    if not said.names_somebody:
        raise UsageProblem("the row has neither externalId nor email", hint="add one of the two to the row, or both")
    return visitor, said


def _from_cells(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Convert cells to JSON values, omitting blank ones."""
    told = {_column(name) or name: cell for name, cell in cells.items() if cell and not cell.isspace()}
    keys = {name.removeprefix(_KEY): told.pop(name) for name in list(told) if name.startswith(_KEY)}
    if "metadata" in told:
        told["metadata"] = decode_value(told["metadata"], "metadata")
    if keys:
        whole = told.get("metadata", {})
        told["metadata"] = {**whole, **keys} if isinstance(whole, dict) else whole
    for name in _LISTS:
        if name in told:
            told[name] = [one.strip() for one in told[name].split(",")]
    if "replaceMetadata" in told:
        word = told["replaceMetadata"].strip().lower()
        told["replaceMetadata"] = {"true": True, "false": False}.get(word, word)
    return told
