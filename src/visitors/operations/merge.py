"""Create and update contacts, merge duplicates, and split contacts that are several people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import contact_changes
from visitors.domain.merging import Step, moved, plan_merge
from visitors.errors import Conflict, UsageProblem
from visitors.store.records import blocks, contacts, conversations, states, visitors
from visitors.store.records.contact_lookup import ContactLookup
from visitors.store.store import OpenOperation, Store


def merge(
    store: Store, operation: OpenOperation, survivor: Contact, others: Sequence[Contact], *, force: bool = False
) -> list[Step]:
    """Merge `others` into `survivor`, one after another; return every step.

    Visitors, conversations and blocks move, blanks are filled, and each other contact becomes a tombstone. Raises what
    `plan_merge` raises.
    """
    steps: list[Step] = []
    for other in others:
        current = contacts.find(store, survivor.id, operation.at)
        assert current is not None
        plan = plan_merge(current, other, force=force)
        # before the survivor takes its external id, which is unique
        contacts.bury(store, operation, other.id, survivor.id)
        contacts.update(store, operation, current, plan.changes)
        moved_visitors = visitors.move(store, operation, other.id, survivor.id)
        operation.record_causes(store, [(visitor_id, "merged") for visitor_id in moved_visitors])
        steps += [
            *plan.steps,
            *moved("visitors", other.id, len(moved_visitors)),
            *moved("conversations", other.id, conversations.move(store, operation, other.id, survivor.id)),
            *moved("blocks", other.id, blocks.move(store, other.id, survivor.id)),
        ]
    return steps


def split(store: Store, operation: OpenOperation, contact: Contact, visitor_ids: Sequence[str], said: Identity) -> str:
    """Move visitors from `contact` to a new one, with the conversations that they started. Returns the new contact's
    id.

    A live block of the contact is copied to the new one, since a mistake must not unblock anybody. Raises Conflict for
    a visitor that is not the contact's, and if another contact has the new external id or email.
    """
    if not visitor_ids:
        raise UsageProblem("no visitors given: pass the ids to move, or - for standard input")
    strangers = visitors.not_of_contact(store, visitor_ids, contact.id)
    if strangers:
        raise Conflict(
            f"visitor {strangers[0]} does not belong to contact {contact.id}",
            code="not_of_contact",
            hint=f"visitors list --contact {contact.id}",
        )
    new_id = create_contact(store, operation, said, out_of=contact)
    visitors.link(store, operation, visitor_ids, new_id)
    operation.record_causes(store, [(visitor_id, "split") for visitor_id in visitor_ids])
    conversations.move(store, operation, contact.id, new_id, started_by=visitor_ids)
    blocks.copy(store, operation, contact.id, new_id)
    return new_id


def create_contact(
    store: Store,
    operation: OpenOperation,
    said: Identity,
    *,
    contact_id: str | None = None,
    out_of: Contact | None = None,
) -> str:
    """Create a contact. One split `out_of` another may take an identifier of that one's tombstones, so that a merge can
    be reversed.

    Raises Conflict if its id, external id or email is taken.
    """
    if contact_id is not None and contacts.find(store, contact_id, operation.at) is not None:
        raise Conflict(f"contact {contact_id} already exists", code="contact_exists")
    fields: Mapping[str, Any] = {**said.texts, "metadata": said.metadata or {}}
    refuse_taken(store, operation, fields, out_of=out_of)
    return contacts.insert(store, operation, fields, contact_id=contact_id)


def find_or_create_contact(
    store: Store, operation: OpenOperation, said: Identity, *, contact_id: str | None = None
) -> tuple[str, bool]:
    """Return the id of the live contact with the id, external id or email, left as it is, and False; or that of a new
    one, and True.

    Raises Conflict if these are several contacts, or one that is deleted or has another external id.
    """
    external_id, email = said.texts.get("externalId"), said.texts.get("email")
    there = ContactLookup(store, operation.at, ids=[contact_id], external_ids=[external_id], emails=[email])
    by_external_id = there.find_by_external_id(external_id)
    found = [there.find(contact_id), by_external_id, *there.find_by_email(email)]
    owners = {one.id: one for one in found if one is not None}
    if not owners:
        return create_contact(store, operation, said, contact_id=contact_id), True
    first, *others = owners.values()
    if others:
        raise Conflict(
            f"the given values belong to {len(owners)} contacts: {', '.join(owners)}",
            code="contact_exists",
            hint=f"visitors contacts show {' '.join(owners)}",
        )
    if first.deleted_at is not None:
        raise Conflict(
            f"contact {first.id} ({first.label}) already exists, but is deleted",
            code="contact_deleted",
            hint=f"visitors contacts restore {first.id}",
        )
    if external_id and by_external_id is None and first.external_id is not None:
        raise Conflict(
            f"contact {first.id} ({first.label}) already exists with another external id",
            code="contact_exists",
            hint=f"visitors contacts show {first.id}",
        )
    return first.id, False


def update_contacts(store: Store, operation: OpenOperation, contact_ids: Sequence[str], said: Identity) -> set[str]:
    """Set or clear fields of contacts; return the ids of those that changed.

    Raises UsageProblem if nothing is given, and Conflict if another contact has the external id or email.
    """
    if not said.says_something:
        raise UsageProblem("nothing to update", hint="use an option such as --name, or --clear FIELD")
    changed = set()
    there = ContactLookup(store, operation.at, ids=contact_ids)
    for contact_id in contact_ids:
        found = there.find(contact_id)
        assert found is not None
        changes = contact_changes(said, found)
        refuse_taken(store, operation, changes, besides=found.id)
        contacts.update(store, operation, found, changes)
        changed |= {found.id} if changes else set()
    return changed


def restore_contacts(store: Store, operation: OpenOperation, contact_ids: Sequence[str]) -> set[str]:
    """Restore deleted contacts; return the ids of those that were deleted.

    Raises Conflict if another live contact has taken the email of one.
    """
    restored = set()
    for contact_id in contact_ids:
        found = contacts.find(store, contact_id, operation.at)
        assert found is not None
        if found.deleted_at is None:
            continue
        for owner in ContactLookup(store, operation.at, emails=[found.email]).find_by_email(found.email):
            if owner.email == found.email:  # ignore contacts that were merged into it
                raise Conflict(
                    f"contact {found.id} cannot be restored: its email {found.email} now belongs to contact "
                    f"{owner.id} ({owner.label})",
                    code="contact_exists",
                    hint=f"clear the email with visitors contacts update {owner.id} --clear email, then restore; if"
                    f" they are the same person, then visitors contacts merge {owner.id} {found.id}, which "
                    "sets it again",
                )
        restored |= states.set_deleted(store, operation, "contact", [found.id], deleted=False)
    return restored


def refuse_taken(
    store: Store,
    operation: OpenOperation,
    fields: Mapping[str, Any],
    *,
    besides: str | None = None,
    out_of: Contact | None = None,
) -> None:
    """Raise Conflict if a contact other than `besides` has the external id or email in `fields`. A tombstone that
    resolves to `out_of` does not count.
    """
    external_id, email = fields.get("externalId"), fields.get("email")
    there = ContactLookup(store, operation.at, external_ids=[external_id], emails=[email])
    by_external_id = there.find_by_external_id(external_id)
    owners = [("external id", external_id, by_external_id)] if by_external_id is not None else []
    owners += [("email", email, owner) for owner in there.find_by_email(email)]
    for what, value, owner in owners:
        own = owner.email if what == "email" else owner.external_id
        if owner.id == besides or (owner == out_of and own != value):
            continue
        merge_them = f"if they are the same person: visitors contacts merge {owner.id} {besides}"
        raise Conflict(
            f"{what} {value} belongs to contact {owner.id} ({owner.label})",
            code="contact_exists",
            hint=merge_them if besides else f"visitors contacts show {owner.id}",
        )
