"""The plan of a contact merge, step by step, without side effects.

The survivor's values win and its blanks are filled; discarded values stay readable on the other contact, which becomes
a tombstone. Each step has a stable code, so programs can read the preview as well as people.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from visitors.domain.contact import Contact
from visitors.domain.fields import PERSON
from visitors.domain.metadata import Metadata, parse_metadata
from visitors.errors import Conflict

StepCode = Literal["kept", "filled", "discarded", "moved"]
Reason = Literal[
    "survivor-wins",
    "same-value",
    "survivor-blank",
    "visitors-of-other",
    "conversations-of-other",
    "blocks-of-other",
]


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """One step of a merge: a field with its value, or `count` records that move."""

    action: StepCode
    reason: Reason
    what: str
    other_id: str
    survivor_value: Any
    other_value: Any
    count: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of a merge on the survivor: the public fields that change, and every step for the preview."""

    changes: dict[str, Any]
    steps: tuple[Step, ...]


def plan_merge(survivor: Contact, other: Contact, *, force: bool = False) -> Plan:
    """Plan the merge of `other` into `survivor`, a different contact.

    Raises Conflict if one is deleted, or if they have different external ids and `force` is not set; InvalidData if
    their combined metadata is too large.
    """
    for contact in (survivor, other):
        if contact.deleted_at is not None:
            raise Conflict(
                f"contact {contact.id} ({contact.label}) is deleted",
                code="contact_deleted",
                hint=f"visitors contacts restore {contact.id}",
            )
    if None not in (survivor.external_id, other.external_id) and not force:
        raise Conflict(
            f"contacts {survivor.id} and {other.id} have different external ids: "
            f"{survivor.external_id} and {other.external_id}",
            code="two_external_ids",
            hint=f"if they are the same person: visitors contacts merge {survivor.id} {other.id} --force",
        )
    changes: dict[str, Any] = {}
    steps: list[Step] = []
    ours, theirs = survivor.texts, other.texts
    for field in PERSON:
        steps += _step(field, ours[field], theirs[field], other.id)
        if ours[field] is None and theirs[field] is not None:
            changes[field] = theirs[field]
    metadata: Metadata = dict(survivor.metadata)
    for key, value in other.metadata.items():
        # a key with a null value counts as blank
        steps += _step(f"metadata.{key}", metadata.get(key), value, other.id)
        if metadata.get(key) is None and value is not None:
            metadata[key] = value
            changes["metadata"] = metadata
    if "metadata" in changes:
        parse_metadata(metadata)
    return Plan(changes=changes, steps=tuple(steps))


def moved(what: Literal["visitors", "conversations", "blocks"], other_id: str, count: int) -> list[Step]:
    """Return the step for records that move to the survivor; an empty list if there are none."""
    reasons: dict[str, Reason] = {
        "visitors": "visitors-of-other",
        "conversations": "conversations-of-other",
        "blocks": "blocks-of-other",
    }
    return [Step("moved", reasons[what], what, other_id, None, None, count)] if count else []


def _step(what: str, ours: Any, theirs: Any, other_id: str) -> list[Step]:
    if theirs is None:
        return []
    if ours is None:
        return [Step("filled", "survivor-blank", what, other_id, None, theirs, 1)]
    if ours == theirs:
        return [Step("kept", "same-value", what, other_id, ours, theirs, 1)]
    return [
        Step("kept", "survivor-wins", what, other_id, ours, None, 1),
        Step("discarded", "survivor-wins", what, other_id, ours, theirs, 1),
    ]
