"""Find what belongs to a person: tombstones, devices, and former contacts that exist only in the history. An erasure
removes it, and a subject export lists it.

A tombstone belongs to the only contact that has its external id now, or else its email, such as one that was split off;
or else to the person who once had them; or else to the contact that it resolves to.

A contact whose creation was undone is in no table, but its name and email are in the history. It was the same person if
it had an email or external id that is theirs and of no remaining contact, or if only their devices were ever linked to
it. A device linked to them by an undone operation is not theirs. Undecidable cases are in `left`, for a person to
decide.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from visitors.domain.receipt import Left
from visitors.store.database import THESE, Row, rows
from visitors.store.history import operations
from visitors.store.history.values import Values, gone, had, held, with_value
from visitors.store.store import Store

IDENTIFYING = ("external_id", "email")
"""The identifying columns of contacts."""


class Belongings(msgspec.Struct, frozen=True):
    """The ids of the contacts that are one person and of their devices, including those only in the history."""

    contacts: set[str]
    visitors: set[str]
    left: list[Left]
    shared: frozenset[str] = frozenset()
    """Devices that were theirs, and are or were also somebody else's; these are kept."""
    handed_over: tuple[tuple[str, str], ...] = ()
    """Tombstones that resolve to these contacts but belong to another, each with its owner; these are kept."""


def of_person(store: Store, contact_ids: set[str]) -> Belongings:
    """Find what belongs to the person behind these contacts. Reads all changes a few times."""
    contacts = set(contact_ids)
    while True:
        tombstones = _Tombstones(store, contacts)
        contacts |= tombstones.own
        devices = _Devices(store, contacts)
        selves = _Selves(store, contacts, devices.own)
        if selves.own <= contacts:
            left = sorted([*tombstones.left, *devices.left, *selves.left])
            return Belongings(contacts, devices.own, left, frozenset(devices.of_others), tuple(tombstones.handed_over))
        contacts |= selves.own


def former_contacts(store: Store, column: str, value: str) -> list[str]:
    """Return the ids of contacts that exist only in the history and had the value in an identifying column."""
    return sorted(one for one, theirs in _removed_contacts(store).items() if (column, value) in theirs)


def of_devices(store: Store, visitor_ids: set[str]) -> Belongings:
    """Find what belongs to these devices. Contacts do not, except those that exist only in the history."""
    devices = set(visitor_ids)
    while True:
        selves, alike = _linked_only_to(store, devices), _Alike(store, devices)
        more = devices | with_value(store, "visitor", "contact_id", selves) | alike.own
        if more == devices:
            return Belongings(selves, devices, sorted(alike.left))
        devices = more


class _Tombstones:
    """The tombstones of contacts, and those that resolve to them but belong to others."""

    def __init__(self, store: Store, contacts: set[str]) -> None:
        self.own: set[str] = set()
        while True:
            found = store.execute(_TOMBSTONES, [rows(contacts | self.own)] * 4).fetchall()
            own = {tombstone for tombstone, _, holder in found if holder in contacts | self.own}
            if own <= self.own:
                break
            self.own |= own
        self.handed_over = [
            (tombstone, holder)
            for tombstone, leads_to, holder in found
            if tombstone not in own and leads_to in contacts | own
        ]
        self.left = [
            Left("contact", tombstone, f"it was merged into theirs, and now belongs to contact {holder}")
            for tombstone, holder in self.handed_over
        ]


_TOMBSTONES = (
    "SELECT id, merged_into, coalesce("
    " (SELECT id FROM contacts AS o WHERE o.external_id = t.external_id AND o.merged_into IS NULL),"
    " (SELECT iif(count(*) = 1, max(id), NULL) FROM contacts AS o WHERE o.email = t.email AND o.merged_into IS NULL),"
    f" (SELECT id FROM contacts AS o WHERE o.id {THESE} AND (o.external_id = t.external_id OR o.email = t.email"
    "  AND NOT EXISTS (SELECT 1 FROM contacts AS p"
    "   WHERE p.email = o.email AND p.merged_into IS NULL AND p.id <> o.id))),"
    " t.merged_into) FROM contacts AS t WHERE t.merged_into IS NOT NULL"
    f" AND (t.merged_into {THESE}"
    f" OR t.external_id IN (SELECT external_id FROM contacts WHERE id {THESE})"
    f" OR t.email IN (SELECT email FROM contacts WHERE id {THESE}))"
)
"""Tombstones that resolve to contacts, or have an external id or email of theirs: id, `merged_into`, and owner."""


class _Devices:
    """The devices of contacts: those linked to them, and those that were and are now nobody else's."""

    def __init__(self, store: Store, contacts: set[str]) -> None:
        own = with_value(store, "visitor", "contact_id", contacts)
        void = store.ask(operations.ALL_UNDOS).standing
        once = {visitor for visitor, _ in _links(store, "contact", contacts, void)} - own
        links = _links(store, "visitor", once, void)
        gone = operations.removed(store, "contact", {contact for _, contact in links})
        of_others = {visitor for visitor, contact in links if contact not in contacts | gone}
        own |= once - of_others
        alike = _Alike(store, own)
        self.own, self.of_others = own | alike.own, of_others
        now: dict[str, str | None] = dict(
            store.execute(f"SELECT id, contact_id FROM visitors WHERE id {THESE}", (rows(of_others),)).fetchall()
        )
        self.left = [
            Left(
                "visitor",
                one,
                f"it now belongs to contact {now[one]}" if now.get(one) else "it also belonged to someone else",
            )
            for one in of_others
        ] + alike.left


class _Selves:
    """The contacts that exist only in the history and were the same person."""

    def __init__(self, store: Store, contacts: set[str], devices: set[str]) -> None:
        values = Values().union(*had(store, "contact", IDENTIFYING, contacts).values())
        of_others = held(store, "contact", values, contacts)
        alike: set[str] = set()
        shared: set[str] = set()
        for one, theirs in _removed_contacts(store).items():
            if one not in contacts and theirs & values:
                (alike if theirs & (values - of_others) else shared).add(one)
        known = operations.removed(store, "contact", {contact for _, contact in _links(store, "visitor", devices)})
        self.own = alike | _linked_only_to(store, devices)
        unclear = (known | shared) - self.own - contacts
        self.left = [
            Left("contact", one, "it is only in the history, and shares an email, external id or device")
            for one in unclear
        ]


def _removed_contacts(store: Store) -> dict[str, Values]:
    """Return all contacts that exist only in the history, with all identifying values they had."""
    return had(store, "contact", IDENTIFYING, gone(store, "contact"))


# Links and devices


def _links(store: Store, end: str, ids: set[str], void: Iterable[int] = ()) -> list[Row]:
    """Return pairs of visitors and contacts that are or were linked, where the `end` given is among these, excluding
    links made by the `void` operations.
    """
    if not ids:
        return []
    now, then = ("id", "record") if end == "visitor" else ("contact_id", "contact")
    sql = (
        f"SELECT record, contact FROM ({_MADE} UNION {_MADE_WITH}) WHERE {then} {THESE}"
        f" UNION SELECT id, contact_id FROM visitors WHERE contact_id IS NOT NULL AND {now} {THESE}"
    )
    return store.execute(sql, (rows(void), rows(ids), rows(ids))).fetchall()


_SIDE = (
    "SELECT record, json_extract({0}, '$.contact_id') AS contact FROM changes AS h"
    " WHERE kind = 'visitor' AND instr({0}, '\"contact_id\":\"')"
)
_MADE = f"{_SIDE.format('after')} AND operation NOT {THESE}"
# The initial link of a device, before any change of it.
_MADE_WITH = (
    f"{_SIDE.format('before')} AND NOT EXISTS (SELECT 1 FROM changes AS e WHERE e.record = h.record"
    " AND e.kind = 'visitor' AND e.pk < h.pk AND instr(coalesce(e.before, e.after), '\"contact_id\"'))"
)
"""The links that operations made, and the initial ones of devices."""


def _linked_only_to(store: Store, devices: set[str]) -> set[str]:
    """Return the contacts that exist only in the history and were linked to none but these devices."""
    known = operations.removed(store, "contact", {contact for _, contact in _links(store, "visitor", devices)})
    strangers = {contact for visitor, contact in _links(store, "contact", known) if visitor not in devices}
    return known - strangers


class _Alike:
    """The devices that exist only in the history, never belonged to anybody, and resemble some of these: perhaps
    tracked, undone, and tracked again. They are `own` if no other device has the fingerprint; otherwise `left`, as are
    those that share only an IP address.
    """

    def __init__(self, store: Store, devices: set[str]) -> None:
        removed = gone(store, "visitor") - devices
        strangers = removed - {visitor for visitor, _ in _links(store, "visitor", removed)}
        columns = ("fingerprint", "ip")
        theirs = Values().union(*had(store, "visitor", columns, devices).values())
        fingerprints = {(column, value) for column, value in theirs if column == "fingerprint"}
        shared = held(store, "visitor", fingerprints, devices)
        self.own: set[str] = set()
        self.left: list[Left] = []
        for one, values in had(store, "visitor", columns, strangers).items():
            if values & (fingerprints - shared):
                self.own.add(one)
            elif values & theirs:
                what = "fingerprint" if values & shared else "address"
                self.left.append(Left("visitor", one, f"it is only in the history, and shares the {what}"))
