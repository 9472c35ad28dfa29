"""All there is to know about one visitor or one contact, put together from the store."""

from __future__ import annotations

import msgspec

from visitors.domain.page import ContactPage, ConversationPage, VisitorPage
from visitors.domain.times import Instant
from visitors.store import blocks, contacts, conversations, operations, visitors
from visitors.store.connection import Store

LAST_CHANGES = 10


def visitor_page(store: Store, visitor_id: str, current: Instant) -> VisitorPage:
    """The page of the visitor with exactly this id, which must exist."""
    visitor = visitors.find(store, visitor_id, current)
    assert visitor is not None
    around = (
        visitors.devices_of(store, visitor.contact.id, besides=visitor_id) if visitor.contact else [],
        blocks.of_visitor(store, visitor_id),
        conversations.seen_by_visitor(store, visitor_id),
        operations.links(store, visitor_id),
        operations.changes(store, operations.Filter(records=(visitor_id,)), limit=LAST_CHANGES),
    )
    return VisitorPage(*(*msgspec.structs.astuple(visitor), *around))


def contact_page(store: Store, contact_id: str, current: Instant) -> ContactPage:
    """The page of the contact with exactly this id, which must exist."""
    contact = contacts.find_listed(store, contact_id, current)
    assert contact is not None
    around = (
        visitors.devices_of(store, contact_id),
        blocks.of_contact(store, contact_id),
        conversations.of_contact(store, contact_id),
        contacts.merged_ids(store, [contact_id]),
        operations.changes(store, operations.Filter(records=(contact_id,)), limit=LAST_CHANGES),
    )
    return ContactPage(*(*msgspec.structs.astuple(contact), *around))


def conversation_page(store: Store, conversation_id: str) -> ConversationPage:
    """The conversation with exactly this id, which must exist, and its messages."""
    conversation = conversations.find(store, conversation_id)
    assert conversation is not None
    messages = conversations.messages(store, conversation_id)
    return ConversationPage(*(*msgspec.structs.astuple(conversation), messages))
