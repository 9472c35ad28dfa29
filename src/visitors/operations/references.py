"""Resolve what a person typed to records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import msgspec

from visitors.domain import email_rules, normalise
from visitors.domain.contact import Contact
from visitors.domain.selection import Selection, each
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, InvalidData, NotFound
from visitors.operations.prefixes import TO_FIND, Begun, ambiguous, by_prefix, id_or_prefix, look_up
from visitors.store.query.listing import Match
from visitors.store.records import contacts, visitors
from visitors.store.records.contact_lookup import ContactLookup
from visitors.store.store import Store

if TYPE_CHECKING:
    from visitors.domain.conversation_selection import ConversationSelection

_NAMED = 10


class Lost(msgspec.Struct, frozen=True):
    """References that match nothing: as typed, with the error for each one alone."""

    typed: str
    error: NotFound


Found = TypeVar("Found", Match, str)

Missing = Callable[[Sequence[Lost], int], None]
"""Handles references that match nothing, given the total number; if it returns, the others are used."""


def refuse(lost: Sequence[Lost], named: int, hint: str | None = None) -> None:
    """Raise NotFound for the missing ones out of as many as were `named`."""
    first = lost[0].error
    if named == 1:
        raise first
    if len(lost) > 1:
        message = f"{len(lost):,} of {named:,} not found: {told(lost)}"
        raise NotFound(message, code=first.code, hint=hint or first.hint)
    raise NotFound(first.message, code=first.code, hint=hint or first.hint)


def told(lost: Sequence[Lost]) -> str:
    """List the missing ones, up to `_NAMED` of them."""
    names = ", ".join(repr(one.typed.strip()[:128]) for one in lost[:_NAMED])
    return names + (f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else "")


def visitor_ids(store: Store, references: Sequence[str], missing: Missing = refuse, *, live: bool = False) -> list[str]:
    """Resolve `references` (ids or unique prefixes) to distinct visitor ids, in order.

    Raises what `missing` raises for unknown ones, and Conflict for the first ambiguous one; if they have to be `live`,
    also for a deleted one.
    """
    begun = look_up(store, "visitors", references)
    found = _each(references, lambda reference: by_prefix("visitors", reference, begun), missing)
    return [_live_id(one) if live else one.id for one in found]


def _each(references: Sequence[str], find: Callable[[str], Found], missing: Missing) -> list[Found]:
    found: dict[Found, None] = {}
    lost = []
    for reference in references:
        try:
            found[find(reference)] = None
        except NotFound as error:
            lost.append(Lost(reference, error))
    if lost:
        missing(lost, len(references))
    return list(found)


def live_visitor_id(reference: str, begun: Begun) -> str:
    """Return the id of the visitor that `reference` identifies, which was looked up. Raises NotFound, and Conflict if
    it is ambiguous, or deleted.
    """
    return _live_id(by_prefix("visitors", reference, begun))


def _live_id(found: Match) -> str:
    if found.is_deleted:
        raise _deleted(found.id)
    return found.id


def _deleted(visitor_id: str) -> Conflict:
    return Conflict(f"visitor {visitor_id} is deleted", code="visitor_deleted", hint=f"visitors restore {visitor_id}")


def visitor(store: Store, reference: str, current: Instant) -> Visitor:
    """Return the visitor that `reference` identifies, deleted or not. Raises NotFound and Conflict."""
    found = visitors.find(store, visitor_ids(store, [reference])[0], current)
    assert found is not None
    return found


def live_visitor(store: Store, reference: str, current: Instant) -> Visitor:
    """Like `visitor`; raises Conflict if it is deleted."""
    found = visitor(store, reference, current)
    if found.deleted_at is not None:
        raise _deleted(found.id)
    return found


def contact(store: Store, reference: str, current: Instant, ahead: ContactLookup | None = None) -> Contact:
    """Return the contact that `reference` identifies: an id or unique prefix, an email, or `ext:VALUE`, found by
    `ahead` if that has looked it up.

    A tombstone resolves to its survivor, and an email to deleted contacts if no live one has it. Raises NotFound,
    Conflict if it is ambiguous, and InvalidData.
    """
    if ahead is None:
        ahead = look_up_contacts(store, [reference], current)
    text = normalise.unseen_trimmed(reference)
    if text.startswith("ext:"):
        external_id = _external_id(text)
        found = ahead.find_by_external_id(external_id)
        # stored before values were normalised to NFC and stripped of invisible characters
        if found is None and not reference.isascii():
            as_it_came = reference.strip()
            found = ahead.find_by_external_id(as_it_came.removeprefix("ext:").strip())
        if found is None:
            raise NotFound(
                f"no contact has the external id {external_id!r}", code="contact_not_found", hint=TO_FIND["contact"]
            )
        return found
    if "@" in text:
        email = email_rules.email(text, "contact")
        spellings = (email, text.lower())  # the latter as stored before emails were normalised
        matches = next((live for one in spellings if (live := ahead.find_by_email(one))), [])
        if not matches:
            matches = _deleted_contact(text, *map(ahead.find_deleted_by_email, spellings))
        if len(matches) > 1:
            matches.sort(key=lambda match: match.external_id is None)  # the one that should survive a merge comes first
            raise ambiguous(text, "contact", [match.id for match in matches], is_prefix=False)
        if not matches:
            raise NotFound(f"no contact has the email {text!r}", code="contact_not_found", hint=TO_FIND["contact"])
        return matches[0]
    exact = ahead.find(id_or_prefix(text, "contact"))
    if exact is not None:
        return exact
    begun = look_up(store, "contacts", [text])
    found = contacts.find(store, by_prefix("contacts", text, begun).id, current)
    assert found is not None
    return found


def _deleted_contact(text: str, *found: list[Contact]) -> list[Contact]:
    """Return the deleted contact with the email, if there is one. Raises Conflict if there are several."""
    deleted = {contact.id: contact for some in found for contact in some}
    if len(deleted) > 1:
        raise Conflict(
            f"{text!r} is ambiguous: it matches the deleted contacts {', '.join(deleted)}",
            code="ambiguous",
            hint="use one of these ids",
        )
    return list(deleted.values())


def _external_id(text: str) -> str:
    value = text.removeprefix("ext:")
    return normalise.text(normalise.unseen_trimmed(value), "contact", normalise.EXTERNAL_ID_LIMIT)


def look_up_contacts(store: Store, references: Sequence[str], current: Instant) -> ContactLookup:
    """Look up what `contact` needs for these references."""
    ids, external_ids, emails = [], [], []
    for reference in references:
        text = normalise.unseen_trimmed(reference)
        with suppress(InvalidData, NotFound):  # which `contact` raises, unless an earlier one is not found
            if text.startswith("ext:"):
                external_ids += [_external_id(text), reference.strip().removeprefix("ext:").strip()]
            elif "@" in text:
                emails += [text.lower(), email_rules.email(text, "contact")]
            else:
                ids.append(id_or_prefix(text, "contact"))
    return ContactLookup(store, current, ids=ids, external_ids=external_ids, emails=emails)


def live_contact(store: Store, reference: str, current: Instant, ahead: ContactLookup | None = None) -> Contact:
    """Like `contact`; raises Conflict if it is deleted."""
    found = contact(store, reference, current, ahead)
    if found.deleted_at is not None:
        raise Conflict(
            f"contact {found.id} ({found.label}) is deleted",
            code="contact_deleted",
            hint=f"visitors contacts restore {found.id}",
        )
    return found


def contact_ids(
    store: Store, references: Sequence[str], current: Instant, missing: Missing = refuse, *, live: bool = False
) -> list[str]:
    """Resolve `references` to distinct contact ids; with `live` like `live_contact`."""
    find = live_contact if live else contact
    ahead = look_up_contacts(store, references, current)
    return _each(references, lambda reference: find(store, reference, current, ahead).id, missing)


def mergeable(store: Store, references: Sequence[str], current: Instant) -> list[Contact]:
    """Return the contacts that `references` identify, for a merge, where a tombstone does not resolve to its survivor.

    Raises NotFound, and Conflict for an ambiguous or deleted contact, for a tombstone, and for repeated ones.
    """
    found: list[Contact] = []
    for reference in references:
        one = live_contact(store, reference, current)
        text = reference.strip()
        own_id = one.id
        if "@" not in text and not text.startswith("ext:"):
            own_id = by_prefix("contacts", text, look_up(store, "contacts", [text])).id
        if own_id != one.id:
            raise Conflict(
                f"contact {text} was already merged into {one.id} ({one.label})",
                code="contact_merged",
                hint=f"use {one.id} instead",
            )
        if one.id in [other.id for other in found]:
            raise Conflict(f"contact {one.id} cannot be merged into itself", code="merge_with_itself")
        found.append(one)
    return found


def selection(store: Store, chosen: Selection, current: Instant) -> Selection:
    """Resolve the contacts in `chosen` to ids. Raises NotFound and Conflict."""
    if chosen.contact is None:
        return chosen
    ids = tuple(dict.fromkeys(contact(store, one, current).id for one in each(chosen.contact)))
    fields = {name: getattr(chosen, name) for name in Selection.__struct_fields__}
    return Selection(**{**fields, "contact": ids if len(ids) > 1 else ids[0]})


def conversation_selection(store: Store, chosen: ConversationSelection, current: Instant) -> ConversationSelection:
    """Resolve the visitors and contacts in `chosen` to ids. Raises NotFound and Conflict."""
    named: dict[str, tuple[str, ...]] = {}
    if chosen.visitor is not None:
        named["visitor"] = tuple(visitor_ids(store, each(chosen.visitor)))
    if chosen.contact is not None:
        named["contact"] = tuple(contact_ids(store, each(chosen.contact), current))
    return msgspec.structs.replace(chosen, **named)


def conversation_ids(store: Store, references: Sequence[str], missing: Missing = refuse) -> list[str]:
    """Resolve `references` (ids or unique prefixes) to distinct conversation ids."""
    begun = look_up(store, "conversations", references)
    return [one.id for one in _each(references, lambda one: by_prefix("conversations", one, begun), missing)]
