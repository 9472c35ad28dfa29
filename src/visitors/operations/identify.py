"""Carry out the decision of `domain.decision`: link a visitor to a contact."""

from __future__ import annotations

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Decision, Known, OnConflict, changes_of, decide, filling
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.operations.merge import merge
from visitors.store.records import contacts, conversations, visitors
from visitors.store.records.contact_lookup import ContactLookup
from visitors.store.store import OpenOperation, Store


class ContactTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times that an import sets on a contact; None means the operation's time.

    An existing contact keeps the earliest `created_at` and the latest `updated_at`.
    """

    created_at: Instant | None = None
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    is_of_earlier_row: bool = False
    """Whether the visitor who said this has said more since."""
    are_its_own: bool = True
    """Whether they are the contact's own times; else those of what it wrote: an existing contact keeps its own, except
    that it is updated then if it changes.
    """

    def only_fill(self, contact: Contact) -> bool:
        """Return whether what was said then only fills blanks of the contact, because more was said since."""
        return self.is_of_earlier_row or (self.updated_at is not None and self.updated_at < contact.updated_at)

    def moves(self, contact: Contact) -> bool:
        """Return whether they change those of the contact."""
        is_earlier = self.created_at is not None and self.created_at < contact.created_at
        return is_earlier or (self.updated_at is not None and self.updated_at > contact.updated_at)


class Identified(msgspec.Struct, frozen=True):
    """The decision, and the contact that the visitor is now linked to."""

    decision: Decision
    contact_id: str
    times: ContactTimes = ContactTimes()
    leaves_out: bool = False
    """Whether values were left out, because the contact said more since."""

    @property
    def is_changed(self) -> bool:
        """Whether the contact is new or changed."""
        decision = self.decision
        if decision.contact is None or decision.changes or decision.merges:
            return True
        return self.times.moves(decision.contact)


def known(store: Store, linked: Contact | None, said: Identity, current: Instant) -> Known:
    """Look up the contacts that `said` may refer to."""
    there = ContactLookup(store, current, ids=[said.contact_id], external_ids=[said.external_id], emails=[said.email])
    return known_by(linked, said, there)


def known_by(linked: Contact | None, said: Identity, there: ContactLookup) -> Known:
    """Return what `decide` needs, of contacts that were looked up."""
    by_contact_id, by_external_id = there.find(said.contact_id), there.find_by_external_id(said.external_id)
    by_email = there.find_by_email(said.email)
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
        operation.record_causes(store, [(visitor.id, identified.decision.rule)])
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
    times = times or ContactTimes()
    knows = known(store, linked, said, operation.at)
    said, decision, leaves_out = decide_at(times, said, knows, on_conflict=on_conflict, relink=relink)
    if decision.contact is not None:
        contact, changes = decision.contact, decision.changes
        if decision.merges:
            merge(store, operation, contact, decision.merges)
            merged = contacts.find(store, contact.id, operation.at) or contact
            told = filling(said, merged) if times.only_fill(contact) else said
            changes = changes_of(told, merged, keep_email=True)
            leaves_out |= changes != changes_of(said, merged, keep_email=True)
            contact = merged
        own = times if times.are_its_own else ContactTimes(updated_at=times.updated_at if changes else None)
        contacts.update(store, operation, contact, changes, created_at=own.created_at, updated_at=own.updated_at)
        return Identified(decision, contact.id, times, leaves_out)
    contact_id = contacts.insert(
        store,
        operation,
        decision.changes,
        contact_id=said.contact_id,
        created_at=times.created_at,
        updated_at=times.updated_at,
        deleted_at=times.deleted_at,
    )
    return Identified(decision, contact_id, times)


def decide_at(
    times: ContactTimes, said: Identity, knows: Known, *, on_conflict: OnConflict, relink: bool
) -> tuple[Identity, Decision, bool]:
    """Like `decide`, about something said at that time: if the contact said more since, it only fills blanks.

    Returns what is left of it, the decision, and whether values were left out.
    Raises what `decide` raises.
    """
    decision = decide(said, knows, on_conflict=on_conflict, relink=relink)
    contact = decision.contact
    if contact is None or not times.only_fill(contact):
        return said, decision, False
    said = filling(said, contact)
    filled = decide(said, knows, on_conflict=on_conflict, relink=relink)
    return said, filled, filled.changes != decision.changes
