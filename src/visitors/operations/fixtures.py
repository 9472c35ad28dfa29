"""Make the store match fixture files, and find where it differs.

Differences are found and fixed in stages, each of which sees the results of the earlier ones, so `differences` after
`apply` finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from visitors.domain.fixture import (
    Difference,
    Fixture,
    Kind,
    Record,
    Values,
    derived_id,
    differing,
    messages_differ,
    tombstones,
)
from visitors.domain.times import Instant
from visitors.errors import Conflict
from visitors.operations.fixture_blocks import make_blocks, plan_blocks
from visitors.store.records import blocks, conversations, fixtures, states, visitors
from visitors.store.store import OpenOperation, Store

_MAKE_AN_EMAIL_ONES_OWN = ("email", "deletedAt", "mergedInto")
"""Changes that make a contact live with an email."""
_CREATED_BY_THEMSELVES = ("createdAt", "lastSeenAt")
"""Changes that do not update `updatedAt`."""


def differences(store: Store, fixture: Fixture, current: Instant, *, prune: bool = False) -> list[Difference]:
    """Return where the store differs from the fixture; with `prune`, also records that the fixture does not name."""
    return [found for plan, _ in _stages(prune=prune) for found in plan(store, fixture, current)]


def apply(store: Store, operation: OpenOperation, fixture: Fixture, *, prune: bool = False) -> list[Difference]:
    """Make the store match the fixture; return the differences that it had.

    Raises Conflict if another contact, not named in the fixture, has an external id or email of the fixture.
    """
    fixtures.defer_references(store)
    done: list[Difference] = []
    for plan, act in _stages(prune=prune):
        found = plan(store, fixture, operation.at)
        if found:
            act(store, operation, fixture, found)
        done += found
    return done


_Plan = Callable[[Store, Fixture, Instant], list[Difference]]
_Act = Callable[[Store, OpenOperation, Fixture, list[Difference]], None]


def _stages(*, prune: bool) -> list[tuple[_Plan, _Act]]:
    stages: list[tuple[_Plan, _Act]] = [
        (_plan_contacts, _make_contacts),
        (_plan_visitors, _make_visitors),
        (plan_blocks, make_blocks),
        (_plan_conversations, _make_conversations),
    ]
    return [(_plan_removal, _remove), *stages] if prune else stages


# Records that the files do not name


def _plan_removal(store: Store, fixture: Fixture, _: Instant) -> list[Difference]:
    named: dict[Literal["visitor", "contact", "conversation"], tuple[Record, ...]] = {
        "conversation": fixture.conversations,
        "visitor": fixture.visitors,
        "contact": fixture.contacts,
    }
    found = [
        Difference(kind=kind, id=record_id, name=None, action="remove", before=values)
        for kind, records in named.items()
        for record_id, values in fixtures.live_except(store, kind, _ids(records)).items()
    ]
    removed = {one.id for one in found if one.kind == "contact"}
    holders = fixtures.owners(store, "externalId", _external_ids(fixture), _ids(fixture.contacts))
    return found + [
        Difference(
            kind="contact", id=contact_id, name=None, action="change",
            before={"externalId": external_id}, after={"externalId": None},
        )
        for contact_id, external_id in holders.items() if contact_id not in removed
    ]  # fmt: skip


def _remove(store: Store, operation: OpenOperation, fixture: Fixture, found: list[Difference]) -> None:
    """Remove records: contacts and visitors softly; conversations, which have no soft deletion, permanently."""
    removed = {
        kind: [one.id for one in found if one.kind == kind and one.action == "remove"]
        for kind in ("conversation", "visitor", "contact")
    }
    fixtures.remove(store, "conversation", removed["conversation"])
    states.set_deleted(store, operation, "visitor", removed["visitor"], deleted=True)
    states.set_deleted(store, operation, "contact", removed["contact"], deleted=True)
    # external ids are unique, even among deleted contacts: free them for contacts in the files
    holders = fixtures.owners(store, "externalId", _external_ids(fixture), _ids(fixture.contacts))
    fixtures.release_external_ids(store, holders)


# Contacts


def _plan_contacts(store: Store, fixture: Fixture, _: Instant) -> list[Difference]:
    return _plan(fixture.contacts, fixtures.read(store, "contact", _ids(fixture.contacts)))


def _make_contacts(store: Store, operation: OpenOperation, fixture: Fixture, found: list[Difference]) -> None:
    """Create or change contacts, tombstones first, so that their external ids are free for others."""
    _refuse_taken(store, fixture, found)
    changed = [one for one in found if one.action == "change"]
    wanted = set(_external_ids(fixture))
    before = {one.id: one.before["externalId"] for one in changed if one.before and "externalId" in one.before}
    fixtures.release_external_ids(store, [contact_id for contact_id, value in before.items() if value in wanted])
    buried = [one for one in changed if (one.after or {}).get("mergedInto")]
    _change(store, operation, fixture.contacts, buried)
    _create(store, operation, "contact", found)
    _change(store, operation, fixture.contacts, [one for one in changed if one not in buried])
    survivors = tombstones(fixture.contacts)
    for one in buried:
        _hand_over(store, operation, one.id, _last(survivors, one.id))


def _hand_over(store: Store, operation: OpenOperation, contact_id: str, survivor_id: str) -> None:
    """Move everything from a new tombstone to its survivor, as in a merge."""
    moved = visitors.move(store, operation, contact_id, survivor_id)
    operation.record_causes(store, [(visitor_id, "merged") for visitor_id in moved])
    conversations.move(store, operation, contact_id, survivor_id)
    blocks.move(store, contact_id, survivor_id)


def _last(survivors: Mapping[str, str], contact_id: str) -> str:
    while contact_id in survivors:
        contact_id = survivors[contact_id]
    return contact_id


def _refuse_taken(store: Store, fixture: Fixture, found: list[Difference]) -> None:
    """Raise Conflict if a contact would get the external id, or newly have the email, of one outside the fixture."""
    named, touched = _ids(fixture.contacts), {one.id for one in found}
    living = [record for record in fixture.contacts if record.id in touched and record.values["mergedInto"] is None]
    newly = {one.id for one in found if one.after and not one.after.keys().isdisjoint(_MAKE_AN_EMAIL_ONES_OWN)}
    emails = [one.values["email"] for one in living if one.id in newly and one.values["deletedAt"] is None]
    wanted: dict[Literal["externalId", "email"], list[str]] = {
        "externalId": [record.values["externalId"] for record in living],
        "email": emails,
    }
    for field, values in wanted.items():
        for contact_id, value in fixtures.owners(store, field, values, named).items():
            raise Conflict(
                f"{field} {value!r} belongs to contact {contact_id}, which is not named in the files",
                code="contact_exists",
                hint=f"add {contact_id} to the files, or use --prune to delete contacts not named in them",
            )


# Visitors


def _plan_visitors(store: Store, fixture: Fixture, _: Instant) -> list[Difference]:
    return _plan(fixture.visitors, fixtures.read(store, "visitor", _ids(fixture.visitors)))


def _make_visitors(store: Store, operation: OpenOperation, fixture: Fixture, found: list[Difference]) -> None:
    _create(store, operation, "visitor", found)
    _change(store, operation, fixture.visitors, found)
    for one in found:
        contact_id = (one.after or {}).get("contact")
        if contact_id is not None:
            operation.record_causes(store, [(one.id, "fixture")])
            if one.action == "change":
                conversations.give_to_contact(store, [one.id], contact_id)


# Conversations


def _plan_conversations(store: Store, fixture: Fixture, _: Instant) -> list[Difference]:
    return _plan(fixture.conversations, fixtures.conversations(store, _ids(fixture.conversations)))


def _make_conversations(store: Store, operation: OpenOperation, fixture: Fixture, found: list[Difference]) -> None:
    _create(store, operation, "conversation", found)
    _change(store, operation, fixture.conversations, found)
    said = [one for one in found if one.after is not None and "messages" in one.after]
    there = fixtures.messages(store, _ids(said)) if said else {}
    made = [_messages(operation, one, there.get(one.id, {})) for one in said]
    fixtures.remove(store, "message", [message_id for old, _ in made for message_id in old])
    fixtures.insert(store, "message", [message for _, new in made for message in new])


def _messages(
    operation: OpenOperation, conversation: Difference, there: fixtures.Found
) -> tuple[list[str], list[tuple[str, Values]]]:
    """Return the ids of the messages to remove, and those to insert: all from the first one that differs, since they
    are ordered.
    """
    assert conversation.after is not None
    wanted: list[Values] = conversation.after["messages"]
    same = 0
    for one, other in zip(wanted, there.values(), strict=False):
        if differing(one, other):
            break
        same += 1
    start = conversation.after.get("createdAt") or operation.at
    new = [{"createdAt": start, **values, "conversation": conversation.id} for values in wanted[same:]]
    made = [
        (derived_id(values["createdAt"], "message", conversation.id, number), values)
        for number, values in enumerate(new, start=same)
    ]
    return list(there)[same:], made


# Any kind


def _plan(records: Sequence[Record], there: fixtures.Found) -> list[Difference]:
    return [found for record in records if (found := _difference(record, there.get(record.id))) is not None]


def _difference(record: Record, current: Values | None) -> Difference | None:
    if current is None:
        return Difference(kind=record.kind, id=record.id, name=record.name, action="create", after=record.values)
    fields = [
        field
        for field in differing(record.values, current)
        if field != "messages" or messages_differ(record.values[field], current[field])
    ]
    if not fields:
        return None
    before = {field: current[field] for field in fields}
    after = {field: record.values[field] for field in fields}
    return Difference(kind=record.kind, id=record.id, name=record.name, action="change", before=before, after=after)


def _create(store: Store, operation: OpenOperation, kind: Kind, found: list[Difference]) -> None:
    new = ((one.id, _with_times(one.after or {}, operation.at)) for one in found if one.action == "create")
    fixtures.insert(store, kind, new)


def _with_times(values: Values, at: Instant) -> Values:
    created = values.get("createdAt") or values.get("lastSeenAt")
    times = {"createdAt": created or at, "updatedAt": created or at}
    if values.get("status") == "resolved":
        times["resolvedAt"] = values.get("updatedAt") or created or at
    return {**times, **values}


def _change(store: Store, operation: OpenOperation, records: Sequence[Record], found: list[Difference]) -> None:
    said = {record.id: record.values for record in records}
    changed = [one for one in found if one.action == "change" and one.after is not None]
    if not changed:
        return
    there = fixtures.read(store, changed[0].kind, _ids(changed))
    for one in changed:
        assert one.after is not None
        values: dict[str, Any] = {field: value for field, value in one.after.items() if field != "messages"}
        if "updatedAt" not in said[one.id] and not set(one.after) <= set(_CREATED_BY_THEMSELVES):
            values["updatedAt"] = max(there[one.id]["updatedAt"], operation.at)
        if values.get("status") == "resolved":
            values.setdefault("resolvedAt", said[one.id].get("resolvedAt") or operation.at)
        if values:
            fixtures.change(store, one.kind, one.id, there[one.id], values)


def _ids(records: Iterable[Record | Difference]) -> list[str]:
    return [record.id for record in records]


def _external_ids(fixture: Fixture) -> list[str]:
    values = [record.values for record in fixture.contacts if record.values["mergedInto"] is None]
    return [one["externalId"] for one in values if one["externalId"] is not None]
