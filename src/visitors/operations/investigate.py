"""Collect everything about one visitor, contact or conversation."""

from __future__ import annotations

import msgspec

from visitors.domain.page import ContactPage, ConversationPage, Sharing, VisitorPage
from visitors.domain.times import Instant
from visitors.store.history import changes
from visitors.store.history.operations import Filter
from visitors.store.records import blocks, contacts, conversations, devices, visitors
from visitors.store.store import Store

LAST_CHANGES = 10


def visitor_page(store: Store, visitor_id: str, current: Instant) -> tuple[VisitorPage, dict[str, Sharing]]:
    """Return the page of the visitor with exactly this id, which must exist, and who shares its fingerprint and IP
    address.
    """
    around = (
        visitors.called(visitor_id, current),
        devices.sharing("fingerprint", visitor_id),
        devices.sharing("ip", visitor_id),
        devices.others_of_contact(visitor_id),
        blocks.of_visitor(visitor_id),
        conversations.seen_by_visitor(visitor_id),
    )
    history, (visitor, *shared, others, blocked, seen) = changes.links_and_changes(
        store, visitor_id, LAST_CHANGES, *around
    )
    page = VisitorPage(*(*msgspec.structs.astuple(visitor), others, blocked, seen, *history))
    return page, dict(zip(("fingerprint", "ip"), shared, strict=True))


def contact_page(store: Store, contact_id: str, current: Instant) -> ContactPage:
    """Return the page of the contact with exactly this id, which must exist."""
    around = (
        contacts.listed(contact_id, current),
        devices.of_contact(contact_id),
        blocks.of_contact(contact_id),
        conversations.of_contact(contact_id),
        contacts.tombstone_ids([contact_id]),
    )
    wanted = Filter(records={"contact": [contact_id]})
    last, (contact, *answers) = changes.changes_and(store, wanted, LAST_CHANGES, *around)
    return ContactPage(*(*msgspec.structs.astuple(contact), *answers, last))


def conversation_page(store: Store, conversation_id: str) -> ConversationPage:
    """Return the conversation with exactly this id, which must exist, with its messages."""
    conversation = conversations.find(store, conversation_id)
    assert conversation is not None
    messages = conversations.messages_of(store, [conversation_id])[conversation_id]
    return ConversationPage(*(*msgspec.structs.astuple(conversation), messages))
