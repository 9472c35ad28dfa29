"""Resolve what a person typed to records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from visitors.domain import email_rules, normalise
from visitors.domain.contact import Contact
from visitors.domain.ids import id_token, is_id
from visitors.domain.selection import Selection, each
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, InvalidData, NotFound
from visitors.store.query.listing import Table, begin_with, with_prefix
from visitors.store.records import contacts, visitors
from visitors.store.records.contact_lookup import ContactLookup
from visitors.store.store import Store

if TYPE_CHECKING:
    from visitors.domain.conversation_selection import ConversationSelection

CANDIDATES = 5
"""The maximum number of matches named in an error."""
_NAMED = 10


class Lost(msgspec.Struct, frozen=True):
    """References that match nothing: as typed, with the error for each one alone."""

    typed: str
    error: NotFound


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


def visitor_ids(store: Store, references: Sequence[str], missing: Missing = refuse) -> list[str]:
    """Resolve `references` (ids or unique prefixes) to distinct visitor ids, in order.

    Raises what `missing` raises for unknown ones, and Conflict for the first ambiguous one.
    """
    return list(_visitors(store, references, missing))


def _visitors(store: Store, references: Sequence[str], missing: Missing) -> dict[str, bool | None]:
    """Like `visitor_ids`, with whether those named by their full id are deleted."""
    typed = [one.strip() for one in references]
    whole = visitors.there([one for one in typed if is_id(one)])
    begun: dict[str, list[str]] = {}
    if len(typed) == 1:  # an id or a prefix: one round trip
        prefix = typed[0].removesuffix(ELLIPSIS)
        exact, begun[prefix] = store.ask_all(whole, begin_with("visitors", prefix, CANDIDATES + 1))
    else:
        exact = store.ask(whole)

    def find(reference: str) -> str:
        token = id_or_prefix(reference, "visitor")
        return token if token in exact else by_prefix(store, "visitors", token, begun)

    return {one: exact.get(one) for one in _each(references, find, missing)}


def _each(references: Sequence[str], find: Callable[[str], str], missing: Missing) -> list[str]:
    ids: dict[str, None] = {}
    lost = []
    for reference in references:
        try:
            ids[find(reference)] = None
        except NotFound as error:
            lost.append(Lost(reference, error))
    if lost:
        missing(lost, len(references))
    return list(ids)


def live_visitor_ids(store: Store, references: Sequence[str], missing: Missing = refuse) -> list[str]:
    """Like `visitor_ids`; raises Conflict for a deleted visitor."""
    found = _visitors(store, references, missing)
    unknown = [one for one, is_deleted in found.items() if is_deleted is None]
    if unknown:
        told = store.ask(visitors.there(unknown))
        found.update(told)
    for visitor_id, is_deleted in found.items():
        if is_deleted:
            raise _deleted(visitor_id)
    return list(found)


def look_up_visitors(store: Store, references: Sequence[str]) -> dict[str, bool]:
    """Return those of the references that are full ids of visitors, and whether these are deleted."""
    ids = [one for one in map(str.strip, references) if is_id(one)]
    return store.ask(visitors.there(ids)) if ids else {}


def live_visitor_id(store: Store, reference: str, ahead: Mapping[str, bool]) -> str:
    """Like `live_visitor_ids` of one reference, which `look_up_visitors` has looked up. Raises NotFound, and Conflict
    if it is ambiguous, or deleted.
    """
    token = id_or_prefix(reference, "visitor")
    if token not in ahead:
        return live_visitor_ids(store, [reference])[0]
    if ahead[token]:
        raise _deleted(token)
    return token


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

    A tombstone resolves to its survivor. Raises NotFound, Conflict if it is ambiguous, and InvalidData.
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
            raise NotFound(f"no contact has the external id {external_id!r}", code="contact_not_found", hint=_CONTACTS)
        return found
    if "@" in text:
        email = email_rules.email(text, "contact")
        matches = ahead.find_by_email(email)
        if not matches and email != text.lower():
            matches = ahead.find_by_email(text.lower())
        if len(matches) > 1:
            matches.sort(key=lambda match: match.external_id is None)  # the one that should survive a merge comes first
            raise ambiguous(text, "contact", [match.id for match in matches], is_prefix=False)
        if not matches:
            raise NotFound(f"no contact has the email {text!r}", code="contact_not_found", hint=_CONTACTS)
        return matches[0]
    token = id_or_prefix(text, "contact")
    exact = ahead.find(token)
    if exact is not None:
        return exact
    contact_id = by_prefix(store, "contacts", token)
    found = contacts.find(store, contact_id, current)
    assert found is not None
    return found


def _external_id(text: str) -> str:
    value = text.removeprefix("ext:")
    return normalise.text(normalise.unseen_trimmed(value), "contact", normalise.EXTERNAL_ID_LIMIT)


def look_up_contacts(store: Store, references: Sequence[str], current: Instant) -> ContactLookup:
    """Look up what `contact` needs for these references."""
    ids, external_ids, emails = [], [], []
    for reference in references:
        text = normalise.unseen_trimmed(reference)
        with suppress(InvalidData):  # which `contact` raises, unless an earlier one is not found
            if text.startswith("ext:"):
                external_ids += [_external_id(text), reference.strip().removeprefix("ext:").strip()]
            elif "@" in text:
                emails += [text.lower(), email_rules.email(text, "contact")]
            else:
                ids.append(text)
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
        if "@" not in text and not text.startswith("ext:") and by_prefix(store, "contacts", text) != one.id:
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
    return _each(
        references,
        lambda reference: by_prefix(store, "conversations", id_or_prefix(reference, "conversation")),
        missing,
    )


_CONTACTS = "to search by part of a name, email or external id: visitors contacts list --search TEXT"
_LISTINGS = {
    "visitor": "to search by part of an id, name, email or external id: visitors list --search TEXT",
    "contact": _CONTACTS,
    "conversation": "to list conversations: visitors conversations list",
    "operation": "to list operations: visitors history",
}


ELLIPSIS = "…"
"""The ellipsis of an id cut off by a table, which is copied with it."""


def _is_cut(token: str) -> bool:
    return token.endswith(ELLIPSIS)


def id_or_prefix(reference: str, noun: str) -> str:
    """Return an id or prefix without a table's ellipsis. Raises NotFound if it cannot be an id."""
    text = reference.strip()
    try:
        token = id_token(text.removesuffix(ELLIPSIS), noun)
        return token + ELLIPSIS if _is_cut(text) else token
    except InvalidData as error:
        if noun == "visitor" and ("@" in text or text.startswith("ext:")):
            raise _is_of_contact(text) from None
        # Not a valid id, so it matches no record.
        raise NotFound(error.message, code=f"{noun}_not_found", hint=error.hint) from None


def by_prefix(store: Store, table: Table, prefix: str, begun: Mapping[str, list[str]] = MappingProxyType({})) -> str:
    """Return the id that begins with `prefix`; `begun` has the ids for prefixes that were looked up already."""
    noun = table.removesuffix("s")
    is_cut, prefix = _is_cut(prefix), prefix.removesuffix(ELLIPSIS)
    matches = begun[prefix] if prefix in begun else with_prefix(store, table, prefix, CANDIDATES + 1)
    if not matches and noun == "visitor" and prefix.startswith("ext:"):
        raise _is_of_contact(prefix)
    if not matches:
        raise NotFound(f"no {noun} has the id {prefix!r}", code=f"{noun}_not_found", hint=_LISTINGS[noun])
    if len(matches) > 1 and (is_cut or matches[0] != prefix):
        raise ambiguous(prefix, noun, matches)
    return matches[0]


def _is_of_contact(reference: str) -> NotFound:
    import shlex

    quoted = shlex.quote(reference)
    return NotFound(
        f"{reference!r} refers to a contact, not to a visitor",
        code="visitor_not_found",
        hint=f"to list its visitors: visitors list --contact {quoted}; to show the contact: visitors "
        f"contacts show {quoted}",
    )


def ambiguous(reference: str, noun: str, matches: Sequence[str], *, is_prefix: bool = True) -> Conflict:
    """Make the error for a reference with several `matches`: a prefix, or an email."""
    one_person = f"visitors contacts merge {' '.join(matches)}"
    if len(matches) > CANDIDATES:
        one_person = "visitors contacts duplicates"
    hint = (
        "use a longer prefix, or the whole id"
        if is_prefix
        else f"use one of the ids; if they are the same person: {one_person}"
    )
    shown = ", ".join(matches[:CANDIDATES]) + (", …" if len(matches) > CANDIDATES else "")
    return Conflict(f"{reference!r} is ambiguous: it matches the {noun}s {shown}", code="ambiguous", hint=hint)
