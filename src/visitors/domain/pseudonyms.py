"""Stand-ins for what identifies a person or a device, which keep apart what differs and together what is the same.

A stand-in is made of the value, the field and a secret key by HMAC-SHA256: the same value of a field has the same one
in every export with that key, so that visitors can be joined and followed; without the key nobody can tell what it
stands for, or test a guess. Each is valid for its field, so that what is exported can be imported.

The table of fields says what becomes of each. Where a stand-in would be of no use, because values are too few or too
telling, there is none: the value becomes coarser, or null. What is kept comes from a fixed vocabulary, and never is any
text that somebody sent, since that might be an email or a name.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgspec

from visitors.domain.fields import FLAT, Field
from visitors.domain.metadata import metadata_hash
from visitors.domain.times import parse_instant
from visitors.errors import InvalidData

Record = dict[str, Any]
_Treat = Callable[["Pseudonyms", str, Any], Any]


class Pseudonyms:
    """The stand-ins of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_visitor(self, visitor: Record) -> Record:
        """The visitor, as a record under public names, each of its fields as the table of fields treats it; one that
        is not in the table becomes null.
        """
        found = {field: self._treated(field, value) for field, value in visitor.items() if field != "contact"}
        contact = visitor["contact"]
        if contact is not None:
            contact = {field: self._treated(f"contact.{field}", value) for field, value in contact.items()}
            contact["metadataHash"] = metadata_hash(contact["metadata"])
        return {field: contact if field == "contact" else found[field] for field in visitor}

    def visitor_id(self, visitor_id: str) -> str:
        """The stand-in for the id of a visitor. What is sorted by it is in an order that only the key gives."""
        return str(self._treated("id", visitor_id))

    def token(self, field: str, value: str) -> str:
        """Letters and digits that stand for a value of the field: 120 bits of the keyed hash."""
        return b32encode(self.digest(field, value)[:15]).decode().lower()

    def digest(self, field: str, value: str) -> bytes:
        """The keyed hash of a value of the field."""
        return hmac.digest(self._key, f"{field}\0{value}".encode(), "sha256")

    def _treated(self, field: str, value: Any) -> Any:
        return None if value is None or field not in TREATMENT else TREATMENT[field](self, field, value)


def _kept(rule: Callable[[Any, str], Any] | None) -> _Treat:
    """The value; null where it does not have the form that the rule gives, whatever wrote it into the store."""
    if rule is None:
        return lambda _stand_ins, _field, value: value

    @lru_cache(maxsize=4_096)  # few values in many rows, and a time zone is looked up in files: a fifth of an export
    def kept(value: Any, field: str) -> Any:
        try:
            return rule(value, field)
        except InvalidData:
            return None

    return lambda _, field, value: kept(value, field)


def _null(_: Pseudonyms, _field: str, _value: Any) -> None:
    return None


def _major(_: Pseudonyms, _field: str, value: str) -> str | None:
    """`126.0.6478.127` is `126`: what comes behind is nearly a fingerprint."""
    found = re.match(r"(?a)\d{1,4}(?=\.|$)", value)
    return found[0] if found else None


def _language(_: Pseudonyms, _field: str, value: str) -> str | None:
    """`zh-Hant-TW` is `zh-TW`: two letters, and two for the country. Other subtags may be any word, as `en-x-amara`."""
    found = re.match("([A-Za-z]{2})(?:-[A-Za-z]{4})?(-[A-Za-z]{2})?(?=-|$)", value)
    return f"{found[1]}{found[2] or ''}" if found else None


def _day(moment: str) -> _Treat:
    """A moment of the day, in UTC, since times to the millisecond would join what different keys keep apart."""
    return _kept(lambda value, field: f"{parse_instant(value, field)[:10]}T{moment}Z")


def _unless_common(common: Iterable[str], otherwise: _Treat) -> _Treat:
    """One of the common values, as they spell it, or what is made of another."""
    spelled = {value.casefold(): value for value in common}

    def treat(stand_ins: Pseudonyms, field: str, value: str) -> Any:
        return spelled.get(value.casefold()) or otherwise(stand_ins, field, value)

    return treat


def _word(before: str, after: str = "") -> _Treat:
    """A stand-in between two fixed parts."""
    return lambda stand_ins, field, value: f"{before}{stand_ins.token(field, value)}{after}"


def _ip(stand_ins: Pseudonyms, field: str, value: str) -> str:
    """An address in the range for documentation (RFC 3849); the ranges of IPv4 are too small to keep apart many."""
    from ipaddress import IPv6Address

    return str(IPv6Address(b"\x20\x01\x0d\xb8" + stand_ins.digest(field, value)[:12]))


def _document(stand_ins: Pseudonyms, field: str, value: Record) -> Record:
    """An object of one value, which stands for the whole; keys may be as telling as values. An empty one is kept."""
    if not value:
        return value
    return {"pseudonym": stand_ins.token(field, msgspec.json.encode(value, order="sorted").decode())}


_TREATMENT: dict[str, _Treat] = {
    "language": _language,
    "version": _major,
    "day": _day("00:00:00.000"),
    "day end": _day("23:59:59.999"),  # a block that holds must not be over already
    "address": _ip,
    "document": _document,
}
"""The words that a field may have for its stand-in beside `keep`, and text with `{}`."""


def treatment(field: Field) -> _Treat:
    """What becomes of a value of the field that is not null."""
    if field.stand_in is None:
        treat: _Treat = _null
    elif field.stand_in == "keep":
        treat = _kept(field.rule)
    elif "{}" in field.stand_in:
        before, _, after = field.stand_in.partition("{}")
        treat = _word(before, after)
    else:
        treat = _TREATMENT[field.stand_in]
    return _unless_common(field.common, treat) if field.common else treat


TREATMENT: dict[str, _Treat] = {path: treatment(field) for path, field in FLAT.items()}
"""Field -> what becomes of a value that is not null. The hash of metadata becomes that of what stands for them."""
