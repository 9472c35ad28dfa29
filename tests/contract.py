"""The keys of visitors and contacts in the machine formats, in order, written out because others depend on them."""

from __future__ import annotations

import json

_VISITOR = """
    id language timezone isBlocked contact fingerprint browser browserVersion os osVersion device
    deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage
    blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt
"""
_CONTACT = "id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt"

VISITOR_KEYS = _VISITOR.split()
CONTACT_KEYS = _CONTACT.split()


def fields_of(row: str | bytes) -> str:
    """Return the value of `--fields` for the keys of an exported visitor, a line of JSON of any version."""
    told = json.loads(row)
    of_contact = told.get("contact") or dict.fromkeys(CONTACT_KEYS)
    flat = ([f"contact.{one}" for one in of_contact] if key == "contact" else [key] for key in told)
    return ",".join(key for keys in flat for key in keys)
