"""What belongs to a person: which devices, and which former selves that only the history has.

A contact that was taken back is in no table any more, but its name and its email are in the history. It was the same
person if it had an email or external id that is theirs and of no contact which stays, or if only their devices were
ever linked to it. A device that was linked to them by an operation that was taken back is not theirs. What nobody can
tell is `left`, for somebody to decide.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from visitors.domain.receipt import Left
from visitors.store.database import THESE, Row, decoded, rows
from visitors.store.history import operations
from visitors.store.history.operations import is_removal
from visitors.store.store import Store

IDENTIFYING = ("external_id", "email")
"""The columns of contacts that say who somebody is."""

_Values = set[tuple[str, str]]
"""Columns of contacts, each with a value."""


class Belongings(msgspec.Struct, frozen=True):
    """The ids of the contacts that are one person and of their devices, some of which only the history has."""

    contacts: set[str]
    visitors: set[str]
    left: list[Left]


def of_person(store: Store, contact_ids: set[str]) -> Belongings:
    """What belongs to the person that these contacts are. Reads all changes a few times."""
    contacts = set(contact_ids)
    while True:
        devices = _Devices(store, contacts)
        selves = _Selves(store, contacts, devices.own)
        if selves.own <= contacts:
            return Belongings(contacts, devices.own, sorted([*devices.left, *selves.left]))
        contacts |= selves.own


def removed_with(store: Store, column: str, value: str) -> list[str]:
    """The ids of the contacts that only the history has, and that had the value in an identifying column."""
    return sorted(one for one, theirs in _removed_contacts(store).items() if (column, value) in theirs)


def of_devices(store: Store, visitor_ids: set[str]) -> Belongings:
    """What belongs to these devices: their contacts do not, but for those that only the history has."""
    devices = set(visitor_ids)
    while True:
        selves, alike = _linked_only_to(store, devices), _Alike(store, devices)
        more = devices | _found(store, selves) | alike.own
        if more == devices:
            return Belongings(selves, devices, sorted(alike.left))
        devices = more


class _Devices:
    """The devices of contacts: those that are linked to them, and those that were, and are nobody else's."""

    def __init__(self, store: Store, contacts: set[str]) -> None:
        own = _found(store, contacts)
        void = operations.undos(store).standing
        once = {visitor for visitor, _ in _links(store, "contact", contacts, void)} - own
        links = _links(store, "visitor", once, void)
        gone = _only_in_history(store, {contact for _, contact in links})
        of_others = {visitor for visitor, contact in links if contact not in contacts | gone}
        own |= once - of_others
        alike = _Alike(store, own)
        self.own = own | alike.own
        now: dict[str, str | None] = dict(
            store.execute(f"SELECT id, contact_id FROM visitors WHERE id {THESE}", (rows(of_others),)).fetchall()
        )
        self.left = [
            Left("visitor", one, f"it is contact {now[one]}'s now" if now.get(one) else "it was somebody else's, too")
            for one in of_others
        ] + alike.left


class _Selves:
    """The contacts that only the history has and that were the same person."""

    def __init__(self, store: Store, contacts: set[str], devices: set[str]) -> None:
        values = _values(store, contacts)
        held = _held(store, values, contacts)
        alike: set[str] = set()
        shared: set[str] = set()
        for one, theirs in _removed_contacts(store).items():
            if one not in contacts and theirs & values:
                (alike if theirs & (values - held) else shared).add(one)
        known = _only_in_history(store, {contact for _, contact in _links(store, "visitor", devices)})
        self.own = alike | _linked_only_to(store, devices)
        unclear = (known | shared) - self.own - contacts
        self.left = [
            Left("contact", one, "only the history has it, and it shares an email, external id or device")
            for one in unclear
        ]


def _removed_contacts(store: Store) -> dict[str, _Values]:
    """Every contact that only the history has, with all that it was known by."""
    sql = f"SELECT DISTINCT record FROM changes AS h WHERE {is_removal('contact')}"
    return _states(store, {row[0] for row in store.execute(sql)})


def _values(store: Store, contacts: set[str]) -> _Values:
    """All that these contacts are and were known by."""
    columns = ", ".join(IDENTIFYING)
    there = store.execute(f"SELECT {columns} FROM contacts WHERE id {THESE}", (rows(contacts),))
    values = {pair for row in there for pair in zip(IDENTIFYING, row, strict=True) if pair[1] is not None}
    return values.union(*_states(store, contacts).values())


def _states(store: Store, contacts: set[str]) -> dict[str, _Values]:
    """What contacts were known by, as far as their changes tell."""
    found: dict[str, _Values] = {}
    sql = f"SELECT record, before, after FROM changes WHERE kind = 'contact' AND record {THESE}"
    for record, *sides in store.execute(sql, (rows(contacts),)):
        known = found.setdefault(record, set())
        for side in map(decoded, filter(None, sides)):
            known.update((column, side[column]) for column in IDENTIFYING if side.get(column) is not None)
    return found


def _held(store: Store, values: _Values, contacts: set[str]) -> _Values:
    """Those of the values that a contact has which is none of these."""
    held: _Values = set()
    for column in IDENTIFYING:
        wanted = rows(value for of_column, value in values if of_column == column)
        sql = f"SELECT {column} FROM contacts WHERE {column} {THESE} AND id NOT {THESE}"
        held.update((column, row[0]) for row in store.execute(sql, (wanted, rows(contacts))))
    return held


# Links and devices


def _links(store: Store, end: str, ids: set[str], void: Iterable[int] = ()) -> list[Row]:
    """Visitors and contacts that are or were linked, of which the one or the other `end` is among these; but for the
    links that these `void` operations made.
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
# What a device was linked to before its link changed at all, it was made with.
_MADE_WITH = (
    f"{_SIDE.format('before')} AND NOT EXISTS (SELECT 1 FROM changes AS e WHERE e.record = h.record"
    " AND e.kind = 'visitor' AND e.pk < h.pk AND instr(coalesce(e.before, e.after), '\"contact_id\"'))"
)
"""The links that operations made, and those that devices were made with."""


def _linked_only_to(store: Store, devices: set[str]) -> set[str]:
    """The contacts that only the history has and to which nothing but these devices was ever linked."""
    known = _only_in_history(store, {contact for _, contact in _links(store, "visitor", devices)})
    strangers = {contact for visitor, contact in _links(store, "contact", known) if visitor not in devices}
    return known - strangers


class _Alike:
    """The devices that only the history has, that were never anybody's, and that are like some of these: tracked, taken
    back, and tracked again, perhaps. They are `own` where no other device has the fingerprint, and else `left`, as
    those are that share no more than an address.
    """

    def __init__(self, store: Store, devices: set[str]) -> None:
        sql = f"SELECT DISTINCT record FROM changes AS h WHERE {is_removal('visitor')}"
        gone = {row[0] for row in store.execute(sql)} - devices
        strangers = gone - {visitor for visitor, _ in _links(store, "visitor", gone)}
        fingerprints = _had(store, "fingerprint", devices)
        theirs = {value for values in fingerprints.values() for value in values}
        shared = theirs & _had_by_others(store, theirs, devices)
        of_strangers = _had(store, "fingerprint", strangers)
        self.own = {one for one, values in of_strangers.items() if values & (theirs - shared)}
        addresses = {value for values in _had(store, "ip", devices).values() for value in values}
        unclear = {one: "fingerprint" for one, values in of_strangers.items() if values & shared}
        for one, values in _had(store, "ip", strangers).items():
            if values & addresses:
                unclear.setdefault(one, "address")
        self.left = [
            Left("visitor", one, f"only the history has it, and it shares the {what}")
            for one, what in unclear.items()
            if one not in self.own
        ]


def _had(store: Store, column: str, devices: set[str]) -> dict[str, set[str]]:
    """The devices that have, or ever had, a value in the column, with these values."""
    path = f"'$.{column}'"
    sql = f"SELECT id, {column} FROM visitors WHERE id {THESE} AND {column} IS NOT NULL" + "".join(
        f" UNION SELECT record, json_extract({side}, {path}) FROM changes"
        f" WHERE kind = 'visitor' AND record {THESE} AND json_extract({side}, {path}) IS NOT NULL"
        for side in ("before", "after")
    )
    found: dict[str, set[str]] = {}
    for record, value in store.execute(sql, [rows(devices)] * 3):
        found.setdefault(record, set()).add(value)
    return found


def _had_by_others(store: Store, fingerprints: set[str], devices: set[str]) -> set[str]:
    """Those of the fingerprints that a device has now which is none of these."""
    sql = f"SELECT fingerprint FROM visitors WHERE fingerprint {THESE} AND id NOT {THESE}"
    return {row[0] for row in store.execute(sql, (rows(fingerprints), rows(devices)))}


def _found(store: Store, contacts: set[str]) -> set[str]:
    """The devices that are linked to these contacts, or were when they were removed."""
    sql = (
        f"SELECT id FROM visitors WHERE contact_id {THESE} UNION SELECT h.record FROM changes AS h"
        f" WHERE json_extract(h.before, '$.contact_id') {THESE} AND {is_removal('visitor')}"
    )
    return {row[0] for row in store.execute(sql, [rows(contacts)] * 2)} if contacts else set()


def _only_in_history(store: Store, contacts: set[str]) -> set[str]:
    """Those of these contacts that are in the table no more."""
    return {*contacts} - {
        row[0] for row in store.execute(f"SELECT id FROM contacts WHERE id {THESE}", (rows(contacts),))
    }
