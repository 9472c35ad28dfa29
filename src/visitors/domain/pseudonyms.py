"""Stand-ins for what identifies a person or a device, which keep apart what differs and together what is the same.

A stand-in is made of the value, the field and a secret key by HMAC-SHA256: the same value of a field has the same one
in every export with that key, so that visitors can be joined and followed; without the key nobody can tell what it
stands for, or test a guess. Each is valid for its field, so that what is exported can be imported.

`TREATMENT` says what becomes of every field. Where a stand-in would be of no use, because values are too few or too
telling, there is none: the value becomes coarser, or null.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Callable
from typing import Any

import msgspec

from visitors.domain.metadata import metadata_hash

Record = dict[str, Any]
_Treat = Callable[["Pseudonyms", str, Any], Any]

DOMAIN = "pseudonym.invalid"
"""Where stand-ins of emails and pictures are: no such domain can ever exist (RFC 2606)."""


class Pseudonyms:
    """The stand-ins of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_visitor(self, visitor: Record) -> Record:
        """The visitor, as a record under public names, with what `TREATMENT` makes of each of its fields.

        A field that `TREATMENT` does not know becomes null: better nothing than too much.
        """
        found = {field: self._treated(field, value) for field, value in visitor.items() if field != "contact"}
        contact = visitor["contact"]
        if contact is not None:
            contact = {field: self._treated(f"contact.{field}", value) for field, value in contact.items()}
            contact["metadataHash"] = metadata_hash(contact["metadata"])
        return {field: contact if field == "contact" else found[field] for field in visitor}

    def token(self, field: str, value: str) -> str:
        """Letters and digits that stand for a value of the field: 120 bits of the keyed hash."""
        return b32encode(self.digest(field, value)[:15]).decode().lower()

    def digest(self, field: str, value: str) -> bytes:
        """The keyed hash of a value of the field."""
        return hmac.digest(self._key, f"{field}\0{value}".encode(), "sha256")

    def _treated(self, field: str, value: Any) -> Any:
        return None if value is None or field not in TREATMENT else TREATMENT[field](self, field, value)


def _kept(_: Pseudonyms, _field: str, value: Any) -> Any:
    return value


def _null(_: Pseudonyms, _field: str, _value: Any) -> None:
    return None


def _major(_: Pseudonyms, _field: str, value: str) -> str | None:
    """`126.0.6478.127` is `126`: what comes behind is nearly a fingerprint."""
    found = re.match(r"(?a)\d{1,4}(?=\.|$)", value)
    return found[0] if found else None


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


TREATMENT: dict[str, _Treat] = {
    "id": _word("v"),
    "language": _kept,
    "timezone": _kept,
    "isBlocked": _kept,
    "contact.id": _word("c"),
    "contact.externalId": _word("user-"),
    "contact.name": _word("name-"),
    "contact.email": _word("x", f"@{DOMAIN}"),
    "contact.image": _word(f"https://{DOMAIN}/"),
    "contact.metadata": _document,
    "contact.metadataHash": _null,
    "contact.isBlocked": _kept,
    "contact.createdAt": _kept,
    "contact.updatedAt": _kept,
    "contact.deletedAt": _kept,
    "fingerprint": _word("fp-"),
    "browser": _kept,
    "browserVersion": _major,
    "os": _kept,
    "osVersion": _major,
    "device": _word("device-"),
    "deviceType": _kept,
    "ip": _ip,
    "city": _null,
    "region": _null,
    "country": _kept,
    "countryCode": _kept,
    "latitude": _null,
    "longitude": _null,
    "screenResolution": _kept,
    "viewport": _null,
    "attribution": _document,
    "currentPage": _document,
    "blockedAt": _kept,
    "blockedBy": _word("agent-"),
    "blockReason": _word("reason-"),
    "blockExpiresAt": _kept,
    "createdAt": _kept,
    "updatedAt": _kept,
    "lastSeenAt": _kept,
    "deletedAt": _kept,
}
"""Field -> what becomes of a value that is not null. The hash of metadata becomes that of what stands for them."""
