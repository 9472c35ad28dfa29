"""Contacts: the people behind one or more visitors.

`Contact` is read from the store and printed, `Identity` is input about a person, and `Person` the arguments of the
Python API. Their fields are those of the table in `fields`, in the same order.
"""

from __future__ import annotations

from typing import TypedDict

import msgspec

from visitors.domain.fields import PERSON
from visitors.domain.metadata import Metadata
from visitors.domain.times import Instant

_TEXTS = {name: field.column for name, field in PERSON.items()}


class Contact(msgspec.Struct, frozen=True, rename="camel"):
    """The current state of a contact. The field order is part of the machine formats' contract."""

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
        """The fields set by an application, except the metadata, by public name."""
        return {name: getattr(self, column) for name, column in _TEXTS.items()}

    @property
    def label(self) -> str:
        """A short display name: the name, or else whatever identifies the contact."""
        return self.name or self.email or self.external_id or self.id

    @property
    def called(self) -> str:
        """The contact's name in a sentence; see `called`."""
        return called(self.id, self.name, self.email, self.external_id)


def called(contact_id: str, name: str | None, email: str | None, external_id: str | None) -> str:
    """Format a contact for use in a sentence: `Ada <ada@example.com> (01M8…)`, or as much of that as is known."""
    known = f"{name} <{email}>" if name and email else name or email or external_id
    return f"{known} ({contact_id})" if known else f"contact {contact_id}"


class Identity(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Normalised input about a person. None means not given.

    `contact_id` and `is_deleted` come only from exports of a store.
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
        """The given fields, except the metadata, by public name."""
        return {name: value for name, column in _TEXTS.items() if (value := getattr(self, column)) is not None}

    @property
    def says_something(self) -> bool:
        """Whether it sets or clears anything."""
        return self != Identity()

    @property
    def names_somebody(self) -> bool:
        """Whether it identifies a person: it has an id, an external id or an email."""
        return self.external_id is not None or self.email is not None or self.contact_id is not None


class Person(TypedDict, total=False):
    """Fields that describe a person, as arguments of the Python API; None means not given."""

    external_id: str | None
    name: str | None
    email: str | None
    image: str | None
    metadata: Metadata | None


class ListedContact(Contact, frozen=True, rename="camel"):
    """A contact in a listing, with aggregates of its visitors."""

    visitor_count: int
    last_seen_at: Instant | None


class Alias(msgspec.Struct, frozen=True, rename="camel"):
    """A contact that was merged into another, with its identifiers at that time."""

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
    """Contacts that may be the same person, and the reason."""

    email: str
    reason: str
    contact_ids: list[str]
