"""Parse and normalise input about a person: an external id, an email, a name, metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from visitors.domain.contact import Identity
from visitors.domain.fields import PERSON
from visitors.domain.metadata import parse_metadata
from visitors.errors import InvalidData, UsageProblem

CLEARABLE_OF_CONTACT = (*PERSON, "metadata")
CLEARABLE = tuple(field for field in CLEARABLE_OF_CONTACT if field != "externalId")


def parse_identity(values: Mapping[str, object], clearable: tuple[str, ...] = CLEARABLE) -> Identity:
    """Build an Identity from public field names (`externalId email name image metadata clear unset replaceMetadata`);
    None means not given.

    Raises InvalidData for an invalid value and UsageProblem for contradictory input.
    """
    told: dict[str, Any] = {}
    for name, field in PERSON.items():
        value = values.get(name)
        if value is not None:
            assert field.rule is not None
            told[field.column] = field.rule(_as_text(value, name), name)
    metadata = values.get("metadata")
    identity = Identity(**told, metadata=None if metadata is None else parse_metadata(metadata))
    return identity if _REMOVALS.isdisjoint(values) else _with_removals(identity, values, clearable)


def _as_text(value: object, field: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and field == "externalId":
        return str(value)  # row_to_json and similar functions print numeric keys as numbers
    if not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return value


def _with_removals(identity: Identity, values: Mapping[str, object], clearable: tuple[str, ...]) -> Identity:
    """Add the removals to an identity: fields to clear, metadata keys to unset, whether metadata is replaced."""
    clear = _names(values.get("clear"), "clear")
    unset = _names(values.get("unset"), "unset")
    replace_metadata = _flag(values.get("replaceMetadata"), "replaceMetadata")
    for field in clear:
        if field not in clearable:
            raise UsageProblem(f"{field!r} cannot be cleared", hint="use one of " + ", ".join(clearable))
        if values.get(field) is not None:
            raise UsageProblem(f"{field} is both given and cleared")
    for key in unset:
        if key in (identity.metadata or {}):
            raise UsageProblem(f"metadata key {key!r} is both set and unset")
    if replace_metadata and identity.metadata is None:
        raise UsageProblem("--replace-metadata needs new metadata", hint="add --metadata K=V")
    return msgspec.structs.replace(identity, clear=clear, unset=unset, replace_metadata=replace_metadata)


def _names(value: object, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InvalidData(f"{field} is not a list of names", field=field, code="invalid_type")
    return tuple(value)


def _flag(value: object, field: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise InvalidData(f"{field} is not true or false", field=field, code="invalid_type")
    return bool(value)


_REMOVALS = {"clear", "unset", "replaceMetadata"}
