"""What a row of an import does, by the rules of track and identify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from visitors.domain.decision import OnConflict, OnExisting
from visitors.domain.row import VisitorRow
from visitors.domain.times import Instant
from visitors.operations.identify import ContactTimes
from visitors.store.records.stored_visitors import Stored

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

Taken = Literal["created", "updated", "unchanged", "skipped", "blank"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What to do when a row matches an existing record."""

    on_existing: OnExisting = "error"
    on_conflict: OnConflict = "error"
    relink: bool = False
    new: bool = False
    """Create a visitor for a row that identifies none."""

    @classmethod
    def chosen(
        cls,
        part: Part | None,
        *,
        on_existing: OnExisting | None,
        on_conflict: OnConflict,
        relink: bool | None,
        new: bool,
    ) -> Policy:
        """Return the policy by the options, or else by the mapping of the file, or else the default."""
        of_mapping = part if part is not None else cls()
        return cls(
            on_existing=on_existing or of_mapping.on_existing or "error",
            on_conflict=on_conflict,
            relink=relink if relink is not None else of_mapping.relink,
            new=new,
        )


def contact_times(row: VisitorRow, existing: Stored | None = None) -> ContactTimes:
    """Return the times of the row's contact; `existing` is its visitor, if that is known."""
    return ContactTimes(
        created_at=row.contact_created_at,
        updated_at=row.contact_updated_at,
        deleted_at=row.contact_deleted_at,
        is_of_earlier_row=row.contact_updated_at is None and existing is not None and is_older(row, existing),
    )


def as_inserted(row: VisitorRow, visitor_id: str, contact_id: str | None, at: Instant) -> tuple[Any, ...]:
    """Convert the row to the form of `visitors.insert_many`; missing times are `at`."""
    times = (row.created_at or row.last_seen_at or at, row.updated_at or at, row.last_seen_at, row.deleted_at)
    return (visitor_id, contact_id, *times, *row.data)


def data_of(row: VisitorRow, existing: Stored) -> tuple[str | float | None, ...]:
    """Return the visitor's browser data after the row. An older row only fills blanks."""
    fills = is_older(row, existing)
    return tuple(
        old if value is None or (fills and old is not None) else value
        for old, value in zip(existing.data, row.data, strict=True)
    )


def is_older(row: VisitorRow, existing: Stored) -> bool:
    """Return whether the row is older than what is known: it was updated earlier, or does not say when and is about an
    earlier visit. Its values then fill blanks only, so the latest row wins in whatever order, and however often, rows
    are imported.
    """
    if row.updated_at is not None:
        return row.updated_at < existing.updated_at
    seen = row.last_seen_at
    return seen is not None and existing.last_seen_at is not None and seen < existing.last_seen_at


def leaves_out(row: VisitorRow, existing: Stored) -> bool:
    """Return whether values of the row are left out, because the visitor was updated since they were."""
    if row.updated_at is None or not is_older(row, existing):
        return False
    return any(None not in (old, value) and old != value for old, value in zip(existing.data, row.data, strict=True))
