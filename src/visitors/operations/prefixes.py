"""Resolve ids and unique prefixes of ids, of records of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from visitors.domain import normalise
from visitors.domain.ids import id_token
from visitors.errors import Conflict, InvalidData, NotFound
from visitors.store.query.listing import Match, Table, begin_with
from visitors.store.store import Store

CANDIDATES = 5
"""The maximum number of matches named in an error."""

Begun = Mapping[str, list[Match]]
"""Prefix of ids -> the first records whose ids begin with it."""

TO_FIND = {
    "visitor": "to search by part of an id, name, email or external id: visitors list --search TEXT",
    "contact": "to search by part of a name, email or external id: visitors contacts list --search TEXT",
    "conversation": "to list conversations: visitors conversations list",
    "operation": "to list operations: visitors history",
}
"""A kind of record -> the hint for a reference that matches none."""

ELLIPSIS = "…"
"""The ellipsis of an id cut off by a table, which is copied with it."""


def id_or_prefix(reference: str, noun: str) -> str:
    """Return an id or prefix, with its ellipsis if it was cut off. Raises NotFound if it cannot be an id, and
    InvalidData if it is no text.
    """
    text = normalise.encodable(reference.strip(), noun)
    try:
        token = id_token(text.removesuffix(ELLIPSIS), noun)
        return token + ELLIPSIS if text.endswith(ELLIPSIS) else token
    except InvalidData as error:
        if noun == "visitor" and ("@" in text or text.startswith("ext:")):
            raise _is_of_contact(text) from None
        # Not a valid id, so it matches no record.
        raise NotFound(error.message, code=f"{noun}_not_found", hint=error.hint) from None


def look_up(store: Store, table: Table, references: Sequence[str]) -> Begun:
    """Look up what `by_prefix` needs for these references. Raises InvalidData if one is no text."""
    prefixes = []
    for reference in references:
        with suppress(NotFound):  # which `by_prefix` raises
            prefixes.append(id_or_prefix(reference, table.removesuffix("s")).removesuffix(ELLIPSIS))
    if not prefixes:
        return {}
    return store.ask(begin_with(table, prefixes, CANDIDATES + 1))


def by_prefix(table: Table, reference: str, begun: Begun) -> Match:
    """Return the record that `reference`, an id or unique prefix, identifies, of those that were looked up. Raises
    NotFound, and Conflict if it is ambiguous.
    """
    noun = table.removesuffix("s")
    token = id_or_prefix(reference, noun)
    prefix = token.removesuffix(ELLIPSIS)
    matches = begun[prefix]
    if not matches and noun == "visitor" and prefix.startswith("ext:"):
        raise _is_of_contact(prefix)
    if not matches:
        raise NotFound(f"no {noun} has the id {prefix!r}", code=f"{noun}_not_found", hint=TO_FIND[noun])
    if len(matches) > 1 and (token != prefix or matches[0].id != prefix):
        raise ambiguous(prefix, noun, [one.id for one in matches])
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
