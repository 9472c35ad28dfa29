"""The keys of visitors and contacts in the machine formats, in their order: what others rely on, so written out."""

_VISITOR = """
    id language timezone isBlocked contact fingerprint browser browserVersion os osVersion device
    deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage
    blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt
"""
_CONTACT = "id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt"

VISITOR_KEYS = _VISITOR.split()
CONTACT_KEYS = _CONTACT.split()
