"""Import one row, by the rules of track and identify."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import msgspec

from visitors.domain.decision import OnConflict, OnExisting
from visitors.domain.fields import BROWSER_DATA
from visitors.domain.row import VisitorRow
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict, InvalidData
from visitors.operations.identify import ContactTimes, identify, settle_contact
from visitors.operations.imported_blocks import Left, apply_imported_blocks
from visitors.store.records import visitors
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

Taken = Literal["created", "updated", "unchanged", "skipped", "blank"]


class _Others(TypedDict):
    on_conflict: OnConflict
    new: bool


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What to do when a row matches an existing record."""

    on_existing: OnExisting = "error"
    on_conflict: OnConflict = "error"
    relink: bool = False
    new: bool = False
    """Create a visitor for a row that identifies none."""

    @classmethod
    def chosen(
        cls, part: Part | None, *, on_existing: OnExisting | None, relink: bool | None, **others: Unpack[_Others]
    ) -> Policy:
        """Return the policy by the options, or else by the mapping of the file, or else the default."""
        of_mapping = part if part is not None else cls()
        return cls(
            on_existing=on_existing or of_mapping.on_existing or "error",
            relink=relink if relink is not None else of_mapping.relink,
            **others,
        )


def take(
    store: Store, operation: OpenOperation, row: VisitorRow, policy: Policy, left: Counter[Left] | None = None
) -> Taken:
    """Import one row; one without data is blank. Blocks that it could not change are counted in `left`.

    Raises Conflict for a visitor that exists (depending on the policy), InvalidData for a row that identifies no
    visitor, and whatever identify raises.
    """
    if row.says_nothing:
        return "blank"
    known = _known(store, row, policy)
    existing = visitors.find(store, known, operation.at) if known is not None else None
    if existing is None:
        _create(store, operation, row, policy, left)
        return "created"
    if policy.on_existing == "skip":
        return "skipped"
    if policy.on_existing == "error":
        raise Conflict(
            f"visitor {existing.id} already exists",
            code="visitor_exists",
            hint="use --on-existing skip or --on-existing update",
        )
    if existing.deleted_at is not None and row.deleted_at is None:
        raise Conflict(
            f"visitor {existing.id} is deleted", code="visitor_deleted", hint=f"visitors restore {existing.id}"
        )
    return _update(store, operation, existing, row, policy, left)


def _known(store: Store, row: VisitorRow, policy: Policy) -> str | None:
    """Return the id of the row's visitor, by id or, as in track, by fingerprint; None for a new one.

    Raises InvalidData for a row with neither, and Conflict if several live visitors have the fingerprint.
    """
    if row.id is not None:
        return row.id if visitors.exists(store, row.id) else None
    if policy.new:
        return None
    if row.fingerprint is None:
        names_person = row.identity is not None
        raise InvalidData(
            f"the row {'is about a person, but not a visitor' if names_person else 'does not identify a visitor'}:"
            " id and fingerprint are blank",
            code="no_visitor",
            hint="use --map id=COLUMN to name the column with the id, or --new to create a visitor from "
            "each such row, on every import",
        )
    found = visitors.with_fingerprint(store, row.fingerprint)
    if len(found) > 1:
        raise Conflict(
            f"several visitors have the fingerprint {row.fingerprint}",
            code="ambiguous_fingerprint",
            hint=f"use the id of one of them: {' or '.join(found)}",
        )
    return next(iter(found), None)


def _create(
    store: Store, operation: OpenOperation, row: VisitorRow, policy: Policy, left: Counter[Left] | None
) -> None:
    settled = None
    if row.identity is not None:
        settled = settle_contact(
            store, operation, None, row.identity, on_conflict=policy.on_conflict, times=contact_times(row)
        )
    contact_id = settled.contact_id if settled else None
    visitor_id = row.id or operation.new_id()
    visitors.insert_many(store, [as_inserted(row, visitor_id, contact_id, operation.at)])
    if settled is not None:
        operation.record_cause(store, visitor_id, settled.decision.rule)
    apply_imported_blocks(
        store, operation, [(row, visitor_id, contact_id)], lifts=policy.on_existing == "update", left=left
    )


def contact_times(row: VisitorRow) -> ContactTimes:
    """Return the times of the row's contact."""
    return ContactTimes(
        created_at=row.contact_created_at, updated_at=row.contact_updated_at, deleted_at=row.contact_deleted_at
    )


def as_inserted(row: VisitorRow, visitor_id: str, contact_id: str | None, at: Instant) -> tuple[Any, ...]:
    """Convert the row to the form of `visitors.insert_many`; missing times are `at`."""
    times = (row.created_at or row.last_seen_at or at, row.updated_at or at, row.last_seen_at, row.deleted_at)
    return (visitor_id, contact_id, *times, *row.data)


def _update(
    store: Store,
    operation: OpenOperation,
    existing: Visitor,
    row: VisitorRow,
    policy: Policy,
    left: Counter[Left] | None,
) -> Taken:
    before = operation.state(store)
    told = row.browser_data()
    is_older = _is_older(row, existing)
    if is_older:
        told = {field: value for field, value in told.items() if getattr(existing, BROWSER_DATA[field].column) is None}
    visitors.update(store, operation, [existing.id], told)
    if row.created_at or row.last_seen_at:
        visitors.saw(store, operation, existing.id, first=row.created_at, last=row.last_seen_at)
    contact_id = existing.contact.id if existing.contact else None
    if row.identity is not None and is_older and contact_id is not None and policy.relink:
        settle_contact(store, operation, None, row.identity, on_conflict=policy.on_conflict, times=contact_times(row))
    elif row.identity is not None:
        contact_id = identify(
            store,
            operation,
            existing,
            row.identity,
            on_conflict=policy.on_conflict,
            relink=policy.relink,
            times=contact_times(row),
        ).contact_id
    apply_imported_blocks(store, operation, [(row, existing.id, contact_id)], lifts=True, left=left)
    return "updated" if operation.state(store) != before else "unchanged"


def _is_older(row: VisitorRow, existing: Visitor) -> bool:
    """Return whether the row is older than the latest known visit. Its values then fill blanks only, so the latest
    event wins in whatever order, and however often, events are imported.
    """
    seen = row.last_seen_at
    return (
        row.updated_at is None
        and seen is not None
        and existing.last_seen_at is not None
        and seen < existing.last_seen_at
    )
