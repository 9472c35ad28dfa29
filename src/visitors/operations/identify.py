"""Carry out the decision of `domain.decision`: link a visitor to a contact."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Decision, Known, OnConflict, changes_of, decide
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.operations.merge import merge
from visitors.store.records import contacts, conversations, visitors
from visitors.store.store import OpenOperation, Store


class Identified(msgspec.Struct, frozen=True):
    """The decision, and the contact that the visitor is now linked to."""

    decision: Decision
    contact_id: str


class ContactTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times that an import sets on a contact it creates; None means the operation's time."""

    created_at: Instant | None = None
    updated_at: Instant | None = None
    deleted_at: Instant | None = None


def known(store: Store, linked: Contact | None, said: Identity, current: Instant) -> Known:
    """Look up the contacts that `said` may refer to."""
    by_contact_id, by_external_id, by_email = contacts.find_all(
        store, current, contact_id=said.contact_id, external_id=said.external_id, email=said.email
    )
    return known_by(linked, said, by_contact_id, by_external_id, by_email)


def known_by(
    linked: Contact | None,
    said: Identity,
    by_contact_id: Contact | None,
    by_external_id: Contact | None,
    by_email: Sequence[Contact],
) -> Known:
    """Return what `decide` needs, of contacts that were looked up."""
    strong = by_contact_id or by_external_id
    # a person who is said to be deleted, and is, is none of the live ones, whoever has that email now
    if said.is_deleted and (strong is None or strong.deleted_at is not None):
        by_email = []
    return Known(linked=linked, by_contact_id=by_contact_id, by_external_id=by_external_id, by_email=tuple(by_email))


def identify(
    store: Store,
    operation: OpenOperation,
    visitor: Visitor,
    said: Identity,
    *,
    on_conflict: OnConflict = "error",
    relink: bool = False,
) -> Identified:
    """Decide, create or update the contact, link the visitor, and transfer its conversations.

    Conversations that already have an owner keep it. Raises what `decide` raises.
    """
    identified = settle_contact(store, operation, visitor.contact, said, on_conflict=on_conflict, relink=relink)
    merged_away = visitor.contact is not None and visitor.contact in identified.decision.merges
    if identified.decision.links and not merged_away:
        visitors.link(store, operation, [visitor.id], identified.contact_id)
        operation.record_cause(store, visitor.id, identified.decision.rule)
        conversations.give_to_contact(store, [visitor.id], identified.contact_id)
    return identified


def settle_contact(
    store: Store,
    operation: OpenOperation,
    linked: Contact | None,
    said: Identity,
    *,
    on_conflict: OnConflict = "error",
    relink: bool = False,
    times: ContactTimes | None = None,
) -> Identified:
    """Decide, and create or update the contact; the caller sets the visitor's link.

    Raises what `decide` raises.
    """
    knows = known(store, linked, said, operation.at)
    decision = decide(said, knows, on_conflict=on_conflict, relink=relink)
    if decision.contact is not None:
        contact, changes = decision.contact, decision.changes
        if decision.merges:
            merge(store, operation, contact, decision.merges)
            contact = contacts.find(store, contact.id, operation.at) or contact
            changes = changes_of(said, contact, keep_email=True)
        contacts.update(store, operation, contact, changes)
        return Identified(decision, contact.id)
    times = times or ContactTimes()
    contact_id = contacts.insert(
        store,
        operation,
        decision.changes,
        contact_id=said.contact_id,
        created_at=times.created_at,
        updated_at=times.updated_at,
        deleted_at=times.deleted_at,
    )
    return Identified(decision, contact_id)
