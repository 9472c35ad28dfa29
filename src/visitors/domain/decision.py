"""The rules of `identify`, as one pure decision: which contact a visitor belongs to.

`decide` takes what the store knows (the visitor's contact, the contact with that external id, the live contacts with
that email) and the given identity, and returns what to do, or raises. Execution, dry run and `explain` share it.

An external id is the stronger key; an email alone is sufficient only while nothing contradicts it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from visitors.domain.contact import Contact, Identity
from visitors.domain.fields import PERSON
from visitors.domain.metadata import Metadata, encode, parse_metadata
from visitors.errors import Conflict, UsageProblem

OnConflict = Literal["error", "external-id-wins", "merge"]
OnExisting = Literal["error", "skip", "update"]
"""What an import does with a row about a record that is there already."""
Outcome = Literal["created", "linked", "updated", "unchanged"]
Rule = Literal["contact-id", "external-id", "email", "email-adopts-external-id", "created"]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows before the decision."""

    linked: Contact | None = None
    by_contact_id: Contact | None = None
    by_external_id: Contact | None = None
    by_email: tuple[Contact, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of `decide`: which rule chose the contact, and what changes on it.

    `contact` is None when a new one is to be created. `changes` maps public contact fields to their new values and is
    empty if nothing is new. `links` is whether the visitor's link changes. `left_alone` is the contact that has, and
    keeps, the given email; `merges` are merged into `contact` first.
    """

    rule: Rule
    contact: Contact | None
    changes: dict[str, Any]
    links: bool
    left_alone: Contact | None = None
    merges: tuple[Contact, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """A one-word summary."""
        if self.contact is None:
            return "created"
        if self.links:
            return "linked"
        return "updated" if self.changes or self.merges else "unchanged"


def decide(said: Identity, known: Known, *, on_conflict: OnConflict = "error", relink: bool = False) -> Decision:
    """Decide what identify does with `said`, given `known`.

    Raises UsageProblem if `said` identifies nobody, and Conflict if the external id and the email belong to different
    people, the contact is deleted, several contacts have the email, or the visitor is linked to another contact and
    `relink` is not set.
    """
    if not said.names_somebody:
        raise UsageProblem(
            "identify needs an external id, an email, or both", hint="add --external-id ID or --email ADDRESS"
        )
    choice = _choose(said, known, on_conflict)
    contact = choice.contact
    if contact is not None and contact.deleted_at is not None and not said.is_deleted:
        raise Conflict(
            f"contact {contact.id} ({contact.label}) is deleted",
            code="contact_deleted",
            hint=f"visitors contacts restore {contact.id}",
        )
    links = contact is None or known.linked is None or known.linked.id != contact.id
    becomes_it = known.linked is not None and known.linked.id in [other.id for other in choice.merges]
    if links and known.linked is not None and not relink and not becomes_it:
        other = "a new contact" if contact is None else f"{contact.id} ({contact.label})"
        same = _same_person(said, known.linked) if contact is None else None
        deleted = ", which is deleted" if known.linked.deleted_at is not None else ""
        raise Conflict(
            f"the visitor is already linked to contact {known.linked.id} ({known.linked.label}){deleted}, not to "
            f"{other}",
            code="linked_elsewhere",
            hint=(f"if it is the same person: {same}; " if same else "")
            + "if another person now uses this browser, add --relink; past conversations stay with the "
            "old contact",
        )
    # Do not set an email that another contact has, or that resolved here through a merged contact.
    leads_here = contact is not None and contact in known.by_email
    keep_email = choice.left_alone is not None or bool(choice.merges) or leads_here
    return Decision(
        rule=choice.rule,
        contact=contact,
        changes=changes_of(said, contact, keep_email=keep_email),
        links=links,
        left_alone=choice.left_alone,
        merges=choice.merges,
    )


def _same_person(said: Identity, linked: Contact) -> str | None:
    """Return the command that makes the visitor's own contact the one that was said; None if it has other values."""
    if said.contact_id is not None:
        return None
    given = (("--external-id", said.external_id, linked.external_id), ("--email", said.email, linked.email))
    new = [(option, value) for option, value, old in given if value is not None and value != old]
    if any(old is not None and value not in (None, old) for _, value, old in given):
        return None
    if linked.deleted_at is not None:
        return f"visitors contacts restore {linked.id}"
    import shlex

    options = " ".join(f"{option}={shlex.quote(value)}" for option, value in new)
    return f"visitors contacts update {linked.id} {options}"


def contact_changes(said: Identity, contact: Contact) -> dict[str, Any]:
    """Return the public fields of `contact` that change if `said` is applied to it directly, without a visitor."""
    changes = changes_of(said, contact, keep_email=False)
    if said.external_id not in (None, contact.external_id):
        changes["externalId"] = said.external_id
    return changes


def filling(said: Identity, contact: Contact) -> Identity:
    """Reduce `said` to what the contact lacks: what the contact has is newer, or is that of a survivor."""
    texts = {field.column: None for name, field in PERSON.items() if contact.texts[name] is not None}
    metadata = {key: value for key, value in (said.metadata or {}).items() if key not in contact.metadata}
    return msgspec.structs.replace(said, contact_id=contact.id, metadata=metadata or None, **texts)


class _Choice(msgspec.Struct, frozen=True):
    """The matching rule, the contact it chooses, the one left alone, and those merged."""

    rule: Rule
    contact: Contact | None
    left_alone: Contact | None = None
    merges: tuple[Contact, ...] = ()


def _choose(said: Identity, known: Known, on_conflict: OnConflict) -> _Choice:
    by_email = known.by_email
    strong = known.by_contact_id or known.by_external_id
    if strong is not None:
        return _choose_strong(said, known, strong, on_conflict)
    if len(by_email) > 1:
        raise Conflict(
            f"{len(by_email)} contacts have the email {said.email}: " + ", ".join(contact.id for contact in by_email),
            code="ambiguous",
            hint="use the external id instead, or list them: visitors contacts duplicates",
        )
    if by_email:
        contact = by_email[0]
        if said.external_id is None:
            return _Choice("email", contact)
        if contact.external_id is None:
            return _Choice("email-adopts-external-id", contact)
        if on_conflict == "external-id-wins":
            return _Choice("created", None, left_alone=contact)
        raise _two_people(said, None, contact)
    return _Choice("created", None)


def _choose_strong(said: Identity, known: Known, strong: Contact, on_conflict: OnConflict) -> _Choice:
    """Like `_choose`, when an id identifies the contact `strong`."""
    if said.external_id is not None and known.by_external_id is None and strong.external_id is not None:
        raise _two_ids(said, strong, None)
    if known.by_external_id not in (None, strong):
        raise _two_ids(said, strong, known.by_external_id)
    rule: Rule = "contact-id" if known.by_contact_id else "external-id"
    # the contact's own email is not a change, even if other contacts share it
    others = () if said.email == strong.email else tuple(one for one in known.by_email if one.id != strong.id)
    if not others:
        return _Choice(rule, strong)
    if on_conflict == "external-id-wins":
        return _Choice(rule, strong, left_alone=others[0])
    if on_conflict == "merge":
        return _Choice(rule, strong, merges=others)
    raise _two_people(said, strong, others[0])


def _two_ids(said: Identity, by_id: Contact, by_external_id: Contact | None) -> Conflict:
    whose = f"belongs to contact {by_external_id.id}" if by_external_id else "is not in use"
    return Conflict(
        f"contact {by_id.id} has {f'external id {by_id.external_id}' if by_id.external_id else 'no external id'},"
        f" and {said.external_id} {whose}",
        code="contact_conflict",
        hint="leave out the contact id to identify by external id",
    )


def _two_people(said: Identity, by_external_id: Contact | None, by_email: Contact) -> Conflict:
    can_be_one = by_external_id is not None and None in (by_external_id.external_id, by_email.external_id)
    named = f"external id {said.external_id}" if said.external_id else f"id {said.contact_id}"
    first = (
        f"{named} belongs to contact {by_external_id.id} ({by_external_id.label})"
        if by_external_id
        else f"{named} is not in use"
    )
    second = f"email {said.email} belongs to contact {by_email.id} ({by_email.label}"
    second += f", external id {by_email.external_id})" if by_email.external_id else ")"
    return Conflict(
        f"{first}, but {second}",
        code="contact_conflict",
        hint="to use the external id and leave the other contact unchanged, add --on-conflict "
        "external-id-wins" + ("; to merge the two, add --on-conflict merge" if can_be_one else ""),
    )


def changes_of(said: Identity, contact: Contact | None, *, keep_email: bool) -> dict[str, Any]:
    """Return the public fields of `contact` (None: a new one) that change; never the email if `keep_email` is set."""
    wanted: dict[str, Any] = dict(said.texts)
    if contact is not None and contact.external_id is not None:
        wanted.pop("externalId", None)
    if keep_email:
        wanted.pop("email", None)
    wanted.update({field: None for field in said.clear if field != "metadata"})
    before: Metadata = contact.metadata if contact else {}
    metadata = {} if said.replace_metadata or "metadata" in said.clear else dict(before)
    metadata.update(said.metadata or {})
    for key in said.unset:
        metadata.pop(key, None)
    current = contact.texts if contact else {}
    changes = {field: value for field, value in wanted.items() if value != current.get(field)}
    if encode(dict(sorted(metadata.items()))) != encode(dict(sorted(before.items()))):
        changes["metadata"] = parse_metadata(metadata)  # merging two objects within the limit can exceed it
    return changes
