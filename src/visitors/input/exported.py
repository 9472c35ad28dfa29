"""Rows in the shape in which `visitors export` writes them as NDJSON, read many at a time.

The shape is known, so that a line is decoded as that and not as any object, whose every key would be looked at. A
block of lines in which anything is otherwise, or wrong, is left to the readers for all files: this has no errors of
its own, and no rules for values that they have not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from visitors.domain.row import CONTACT, FIELDS, RowParser, VisitorRow
from visitors.errors import InvalidData
from visitors.input.source import LINE_LIMIT

_OF_VISITOR = [field for field in FIELDS if not field.startswith(CONTACT)]
_OF_PERSON = [field for field in FIELDS if field.startswith(CONTACT)]
_COMPUTED = "metadataHash"


def _shape(name: str, fields: dict[str, Any]) -> type[msgspec.Struct]:
    members = [(field, type_, None) for field, type_ in fields.items()]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, gc=False)


_Person = _shape("Person", dict.fromkeys([*(field.removeprefix(CONTACT) for field in _OF_PERSON), _COMPUTED], Any))
_Row = _shape("Row", {**dict.fromkeys(_OF_VISITOR, Any), "contact": _Person | None})
_NOBODY = (None,) * len(_OF_PERSON)


class ExportedRows:
    """Reads blocks of lines."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Row).decode
        self._parse = RowParser([*_OF_VISITOR, *_OF_PERSON]).parse

    def read(self, block: bytearray) -> list[VisitorRow] | None:
        """One row for each line; None if not every line is a good row of an export."""
        if len(block) >= LINE_LIMIT:  # a line in it may be too long
            return None
        decode, parse, values_of = self._decode, self._parse, msgspec.structs.astuple
        rows = []
        try:
            for line in block.removesuffix(b"\n").split(b"\n"):
                *values, person = values_of(decode(line))
                values += values_of(person)[:-1] if person is not None else _NOBODY
                rows.append(parse(values))
        except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidData):
            return None
        return rows
