"""Parse one row of a visitor import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from visitors.domain import ip_rules, normalise
from visitors.domain.contact import Identity
from visitors.domain.fields import BROWSER_DATA, CONTACT, PERSON, VISITOR, Type, groups
from visitors.domain.identity import parse_identity
from visitors.domain.ids import given_contact_id, given_id
from visitors.domain.metadata import decode_value, parse_metadata
from visitors.domain.times import Instant, parse_instant, parse_number
from visitors.domain.visitor import BrowserData, normalised
from visitors.errors import InvalidData

_TIMES = [field.name for field in VISITOR if field.type == "time"]
_CONTACT_TIMES = [f"contact.{field.name}" for field in CONTACT if field.type == "time"]
_PERSON = (*PERSON, "metadata")
FIELDS = (
    "id",
    *BROWSER_DATA,
    *_TIMES,
    "isBlocked",
    "blockedBy",
    "blockReason",
    "contact.id",
    *(f"contact.{field}" for field in _PERSON),
    *_CONTACT_TIMES,
    "contact.isBlocked",
)
"""All fields of a row, besides single metadata keys (`contact.metadata.plan`)."""

OF_CONTACT = "contact."
"""The prefix of a person's fields."""
_KEY = "metadata."
_PLACES = {field: place for place, field in enumerate(BROWSER_DATA)}
"""The position of each browser data field in a row's `data`."""
_FINGERPRINT = _PLACES["fingerprint"]
_BOOLEANS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


class VisitorRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The parsed row; None for what it omits. `data` is the browser data, in the order of BROWSER_DATA."""

    id: str | None
    data: tuple[str | float | None, ...]
    created_at: Instant | None
    updated_at: Instant | None
    last_seen_at: Instant | None
    deleted_at: Instant | None
    is_blocked: bool | None
    blocked_at: Instant | None
    blocked_by: str | None
    block_reason: str | None
    block_expires_at: Instant | None
    identity: Identity | None
    contact_is_blocked: bool | None
    contact_created_at: Instant | None
    contact_updated_at: Instant | None
    contact_deleted_at: Instant | None

    @property
    def says_nothing(self) -> bool:
        """Whether every field is blank, or only says that there are no blocks."""
        if self.id is not None or self.is_blocked or self.contact_is_blocked:
            return False
        return msgspec.structs.replace(self, is_blocked=None, contact_is_blocked=None) == _BLANK

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint."""
        told = self.data[_FINGERPRINT]
        return None if told is None else str(told)

    @property
    def at(self) -> Instant | None:
        """The time of the row's data, if given: when the visitor was updated, else last seen."""
        return self.updated_at or self.last_seen_at

    @property
    def says_terms(self) -> bool:
        """Whether it has more about a block than that there is one."""
        return any((self.blocked_at, self.blocked_by, self.block_reason, self.block_expires_at))

    def browser_data(self) -> BrowserData:
        """The browser data by field."""
        return {field: value for field, value in zip(BROWSER_DATA, self.data, strict=True) if value is not None}


_BLANK = VisitorRow(
    id=None,
    data=(None,) * len(BROWSER_DATA),
    created_at=None,
    updated_at=None,
    last_seen_at=None,
    deleted_at=None,
    is_blocked=None,
    blocked_at=None,
    blocked_by=None,
    block_reason=None,
    block_expires_at=None,
    identity=None,
    contact_is_blocked=None,
    contact_created_at=None,
    contact_updated_at=None,
    contact_deleted_at=None,
)


class RowParser:
    """Parse rows whose values come in a fixed order of fields: a file has few such orders, and many rows.

    Related values, such as a browser's name and version, repeat together, so each combination is parsed once and
    cached.
    """

    def __init__(self, fields: Iterable[str]) -> None:
        positions = {field: position for position, field in enumerate(fields)}
        grouped = [[field for field in positions if field in group] for group in _GROUPS]
        grouped = [group for group in grouped if len(group) > 1]
        self._groups = [
            (
                itemgetter(*(positions[field] for field in group)),
                [_PLACES[field] for field in group],
                Together(*group),
            )
            for group in grouped
        ]
        together = {field for group in grouped for field in group}
        self._alone = [(at, _Cell.of(field)) for field, at in positions.items() if field not in together]

    def parse(self, values: Sequence[Any]) -> VisitorRow:
        """Parse a row, ignoring blank values. Raises InvalidData."""
        data: list[str | float | None] = [None] * len(BROWSER_DATA)
        told: dict[str, Any] = {}
        person: dict[str, Any] = {}
        parts: tuple[Any, ...] = (data, told, person)
        for pick, places, group in self._groups:
            picked = pick(values)
            try:
                found = group[picked]
            except TypeError:  # a list or an object, which no field of a group accepts
                found = group.parse(picked)
            for place, parsed in zip(places, found, strict=True):
                data[place] = parsed
        for position, cell in self._alone:
            value = values[position]
            if value is None:
                continue
            field, part, key, plain, parse_plain, parse = cell
            kind = value.__class__
            if kind is str and (not value or value.isspace()):
                continue
            parts[part][key] = parse_plain(value, field) if kind in plain else parse(value, field)
        get = told.get
        return VisitorRow(
            id=get("id"),
            data=tuple(data),
            created_at=get("createdAt"),
            updated_at=get("updatedAt"),
            last_seen_at=get("lastSeenAt"),
            deleted_at=get("deletedAt"),
            is_blocked=True if "blockedAt" in told else get("isBlocked"),
            blocked_at=get("blockedAt"),
            blocked_by=get("blockedBy"),
            block_reason=get("blockReason"),
            block_expires_at=get("blockExpiresAt"),
            identity=parse_person(person, is_deleted="contact.deletedAt" in told) if person else None,
            contact_is_blocked=get("contact.isBlocked"),
            contact_created_at=get("contact.createdAt"),
            contact_updated_at=get("contact.updatedAt"),
            contact_deleted_at=get("contact.deletedAt"),
        )


def parse_person(told: dict[str, Any], *, is_deleted: bool) -> Identity | None:
    """Parse the fields of a person, by name or as `metadata.KEY`; None if there are none."""
    keys = {field.removeprefix(_KEY): told[field] for field in told if field.startswith(_KEY)}
    person = {field: value for field, value in told.items() if not field.startswith(_KEY)} if keys else told
    contact_id = person.pop("id", None)
    if person.get("metadata") in ({}, "{}"):
        del person["metadata"]  # blank
    if not person and not keys and contact_id is None:
        return None
    if isinstance(person.get("metadata"), str):
        person["metadata"] = decode_value(person["metadata"], "contact.metadata")
    try:
        if keys:
            whole = person.get("metadata")
            person["metadata"] = {**parse_metadata({} if whole is None else whole), **keys}
        identity = parse_identity(person)
    except InvalidData as error:
        error.field = f"contact.{error.field}" if error.field else None
        raise
    if contact_id is not None:
        contact_id = given_contact_id(parse_key(contact_id, "contact.id"), "contact.id")
        identity = msgspec.structs.replace(identity, contact_id=contact_id, is_deleted=is_deleted)
    if not identity.names_somebody:
        raise InvalidData(
            "the row has data about a person, but no contact.id, contact.externalId or contact.email",
            field="contact.externalId",
            code="nobody",
        )
    return identity


def parse_id(value: object, field: str) -> str:
    """Parse an id that may be new. Raises InvalidData."""
    return given_id(parse_key(value, field), field)


def parse_instant_or_number(value: object, field: str) -> Instant:
    """Parse a time given as text or number. Raises InvalidData."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_number(value, field)
    return parse_instant(_string(value, field), field)


def parse_key(value: object, field: str) -> str:
    """Parse an id; row_to_json and similar functions print numeric keys as numbers."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else _string(value, field)


def _string(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return value


def parse_text(value: object, field: str) -> str:
    """Parse text of the usual maximum length. Raises InvalidData."""
    return normalise.text(_string(value, field), field)


def _boolean(value: object, field: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise InvalidData(f"{field} is not true or false", field=field, code="invalid_type")


def _as_it_is(value: object, _field: str) -> object:
    """Return the value: the fields of a person are parsed together later."""
    return value


def quick_ip(value: str, field: str) -> str:
    """Like `ip_rules.ip`, faster for an address that the C library prints unchanged.

    The C library's form differs from RFC 5952 only for some addresses that contain an IPv4 address, which have dots.
    """
    import socket  # takes too long to import for a single address

    if "." not in value or ":" not in value:
        family = socket.AF_INET6 if ":" in value else socket.AF_INET
        try:
            if socket.inet_ntop(family, socket.inet_pton(family, value)) == value:
                return value
        except (OSError, ValueError):
            pass
    return ip_rules.ip(value, field)


_PLAIN_TYPES: dict[Type, type] = {"text": str, "number": float, "document": dict}
"""Types besides text that a field's rule accepts as they are."""
_PLAIN_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "id": given_id,
    **dict.fromkeys((*_TIMES, *_CONTACT_TIMES), parse_instant),
    **dict.fromkeys(("blockedBy", "blockReason"), normalise.text),
}
_PARSERS: dict[str, Callable[[Any, str], Any]] = {
    "id": parse_id,
    **dict.fromkeys((*_TIMES, *_CONTACT_TIMES), parse_instant_or_number),
    **dict.fromkeys(("isBlocked", "contact.isBlocked"), _boolean),
    **dict.fromkeys(("blockedBy", "blockReason"), parse_text),
}


class _Cell(NamedTuple):
    """A field, the part of the row that it belongs to (browser data, the row itself, or the person), and its key there.

    `parse_plain` is `parse` for values of one of the `plain` types, which it need not check again.
    """

    field: str
    part: int
    key: int | str
    plain: tuple[type, ...]
    parse_plain: Callable[[Any, str], Any]
    parse: Callable[[Any, str], Any]

    @classmethod
    def of(cls, field: str) -> _Cell:
        """Return the cell of a field."""
        if field in BROWSER_DATA:
            known = BROWSER_DATA[field]
            assert known.rule is not None
            plain = quick_ip if field == "ip" else known.rule
            return cls(field, 0, _PLACES[field], (str, _PLAIN_TYPES[known.type]), plain, normalised)
        if field in _PARSERS:
            return cls(field, 1, field, (str,), _PLAIN_PARSERS.get(field, _PARSERS[field]), _PARSERS[field])
        return cls(field, 2, field.removeprefix(OF_CONTACT), (), _as_it_is, _as_it_is)


class Together(dict[tuple[Any, ...], tuple[str | float | None, ...]]):
    """A cache of parsed browser data groups, which have few distinct combinations: raw values -> parsed ones (None:
    blank).
    """

    def __init__(self, *fields: str) -> None:
        self._fields = fields

    def __missing__(self, values: tuple[Any, ...]) -> tuple[str | float | None, ...]:
        found = self.parse(values)
        if len(self) < REMEMBERED:
            self[values] = found
        return found

    def parse(self, values: tuple[Any, ...]) -> tuple[str | float | None, ...]:
        """Parse the values. Raises InvalidData."""
        return tuple(
            None
            if value is None or (isinstance(value, str) and (not value or value.isspace()))
            else normalised(value, field)
            for field, value in zip(self._fields, values, strict=True)
        )


# Text fields only: as a cache key, True equals 1 and 1.0, but no text equals another type.
_GROUPS = groups(field for field in BROWSER_DATA.values() if field.type == "text")
REMEMBERED = 4_096
"""The maximum number of cached combinations."""
