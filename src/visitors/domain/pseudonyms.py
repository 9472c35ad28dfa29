"""Pseudonyms for identifying values: equal values get equal pseudonyms, different ones differ.

A pseudonym is the HMAC-SHA256 of the field and value with a secret key: a value gets the same one in every export with
that key, so visitors can be joined and tracked; without the key it can be neither reversed nor tested against a guess.
Each is valid for its field, so an export can be imported again.

The table of fields defines the treatment of each. Where values are too few or too revealing for a pseudonym, they are
coarsened or become null. Values are kept only if they are in a fixed vocabulary, since free text might be an email or a
name.
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
    """The pseudonyms of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_visitor(self, visitor: Record) -> Record:
        """Return the visitor as a record under public names, each field treated as the field table says; null for a
        field that is not in the table.
        """
        found = {field: self._treated(field, value) for field, value in visitor.items() if field != "contact"}
        contact = visitor["contact"]
        if contact is not None:
            contact = {field: self._treated(f"contact.{field}", value) for field, value in contact.items()}
            contact["metadataHash"] = metadata_hash(contact["metadata"])
        return {field: contact if field == "contact" else found[field] for field in visitor}

    def visitor_id(self, visitor_id: str) -> str:
        """Return the pseudonym of a visitor's id. Sorting by it gives an order that depends on the key."""
        return str(self._treated("id", visitor_id))

    def token(self, field: str, value: str) -> str:
        """Return letters and digits for a value of the field: 120 bits of the keyed hash."""
        return b32encode(self.digest(field, value)[:15]).decode().lower()

    def digest(self, field: str, value: str) -> bytes:
        """Return the keyed hash of a value of the field."""
        return hmac.digest(self._key, f"{field}\0{value}".encode(), "sha256")

    def _treated(self, field: str, value: Any) -> Any:
        return None if value is None or field not in TREATMENT else TREATMENT[field](self, field, value)


def _kept(rule: Callable[[Any, str], Any] | None) -> _Treat:
    """Keep the value, or null if the rule rejects it: other programs may have written it to the store."""
    if rule is None:
        return lambda _stand_ins, _field, value: value

    @lru_cache(maxsize=4_096)  # repeated values, and time zones are looked up in files: a fifth of an export's time
    def kept(value: Any, field: str) -> Any:
        try:
            return rule(value, field)
        except InvalidData:
            return None

    return lambda _, field, value: kept(value, field)


def _null(_: Pseudonyms, _field: str, _value: Any) -> None:
    return None


def _major(_: Pseudonyms, _field: str, value: str) -> str | None:
    """Shorten `126.0.6478.127` to `126`: the full version is nearly a fingerprint."""
    found = re.match(r"(?a)\d{1,4}(?=\.|$)", value)
    return found[0] if found else None


def _language(_: Pseudonyms, _field: str, value: str) -> str | None:
    """Shorten `zh-Hant-TW` to `zh-TW`, language and country: other subtags may be any word, as in `en-x-amara`."""
    found = re.match("([A-Za-z]{2})(?:-[A-Za-z]{4})?(-[A-Za-z]{2})?(?=-|$)", value)
    return f"{found[1]}{found[2] or ''}" if found else None


def _day(moment: str) -> _Treat:
    """Replace a time by one on the same UTC day, since milliseconds would link exports with different keys."""
    return _kept(lambda value, field: f"{parse_instant(value, field)[:10]}T{moment}Z")


def _unless_common(common: Iterable[str], otherwise: _Treat) -> _Treat:
    """Keep a common value in its canonical spelling, and replace any other."""
    spelled = {value.casefold(): value for value in common}

    def treat(stand_ins: Pseudonyms, field: str, value: str) -> Any:
        return spelled.get(value.casefold()) or otherwise(stand_ins, field, value)

    return treat


def _word(before: str, after: str = "") -> _Treat:
    """Put the pseudonym between a fixed prefix and suffix."""
    return lambda stand_ins, field, value: f"{before}{stand_ins.token(field, value)}{after}"


def _ip(stand_ins: Pseudonyms, field: str, value: str) -> str:
    """Return an IPv6 documentation address (RFC 3849); the IPv4 ranges have too few addresses."""
    from ipaddress import IPv6Address

    return str(IPv6Address(b"\x20\x01\x0d\xb8" + stand_ins.digest(field, value)[:12]))


def _document(stand_ins: Pseudonyms, field: str, value: Record) -> Record:
    """Return an object with one value for the whole document, since keys may be revealing too. An empty one is kept."""
    if not value:
        return value
    return {"pseudonym": stand_ins.token(field, msgspec.json.encode(value, order="sorted").decode())}


_TREATMENT: dict[str, _Treat] = {
    "language": _language,
    "version": _major,
    "day": _day("00:00:00.000"),
    "day end": _day("23:59:59.999"),  # the expiry of a live block must not move into the past
    "address": _ip,
    "document": _document,
}
"""The values of `stand_in`, besides `keep` and text with `{}`."""


def treatment(field: Field) -> _Treat:
    """Return the treatment of the field's values other than null."""
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
"""Field -> treatment of values other than null. The metadata hash becomes that of the replacement metadata."""
