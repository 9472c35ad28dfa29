"""A contact: the person that one or more visitors turn out to be.

`Contact` is what the store gives and the outputs print, `Identity` what is said of a person, `Person` what Python code
may say. Their fields are those of the table in `fields`, in its order.
"""

from __future__ import annotations

from typing import TypedDict

import msgspec

from visitors.domain.fields import PERSON
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
    def texts(self) -> dict[str, str | None]:
        """What an application told of the person but for the metadata, by public name."""
        return {name: getattr(self, field.column) for name, field in PERSON.items()}

    @property
    def label(self) -> str:
        """How a person would call it: the name, or else what identifies it."""
        return self.name or self.email or self.external_id or self.id

    @property
    def called(self) -> str:
        """As `called`."""
        return called(self.id, self.name, self.email, self.external_id)


def called(contact_id: str, name: str | None, email: str | None, external_id: str | None) -> str:
    """How a sentence names a contact: `Ada <ada@example.com> (01M8…)`, with as much of it as is known."""
    known = f"{name} <{email}>" if name and email else name or email or external_id
    return f"{known} ({contact_id})" if known else f"contact {contact_id}"


class Identity(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What was said about a person, normalised. None means 'not said'.

    `contact_id` and `is_deleted` are what an export of a store says; nobody types them.
    """

    contact_id: str | None = None
    is_deleted: bool = False
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    image: str | None = None
    metadata: Metadata | None = None
    clear: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    replace_metadata: bool = False

    @property
    def texts(self) -> dict[str, str]:
        """What is said but for the metadata, by public name."""
        told = ((name, getattr(self, field.column)) for name, field in PERSON.items())
        return {name: value for name, value in told if value is not None}

    @property
    def says_something(self) -> bool:
        """Whether it would set or clear anything."""
        return self != Identity()

    @property
    def names_somebody(self) -> bool:
        """Whether it can tell one person from another."""
        return self.external_id is not None or self.email is not None or self.contact_id is not None


class Person(TypedDict, total=False):
    """What an application tells of a person, as arguments of the Python API; None means 'not said'."""

    external_id: str | None
    name: str | None
    email: str | None
    image: str | None
    metadata: Metadata | None


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
