"""A contact: the person that one or more visitors turn out to be."""

from __future__ import annotations

import msgspec

from visitors.domain.metadata import Metadata
from visitors.domain.times import Instant


class Contact(msgspec.Struct, frozen=True, rename="camel"):
    """One contact as it is now. The fields, in this order, are the machine formats' contract."""

    id: str
    external_id: str | None
    name: str | None
    email: str | None
    image: str | None
    metadata: Metadata
    metadata_hash: str
    is_blocked: bool
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None

    @property
    def label(self) -> str:
        """How a person would call it: the name, or else what identifies it."""
        return self.name or self.email or self.external_id or self.id


class ListedContact(Contact, frozen=True, rename="camel"):
    """A contact in a listing, with what its visitors add up to."""

    visitor_count: int
    last_seen_at: Instant | None


class Alias(msgspec.Struct, frozen=True, rename="camel"):
    """A contact that was merged into another: what it was called then."""

    id: str
    external_id: str | None
    name: str | None
    email: str | None
    image: str | None
    metadata: Metadata
    metadata_hash: str
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None
    merged_into: str | None


class Duplicate(msgspec.Struct, frozen=True, rename="camel"):
    """Contacts that may be one person, and why."""

    email: str
    reason: str
    contact_ids: list[str]
