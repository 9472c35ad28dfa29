"""Devices that belong together, as short views for the page of a visitor or a contact."""

from __future__ import annotations

from typing import Literal

from visitors.domain.page import Device, Sharing
from visitors.store.database import Question, Row

_TOLD = 3
_COUNTED = 1_000
"""The maximum number of visitors with a shared value that are listed, and counted."""

_DEVICES = (
    "SELECT id, browser, os, device_type, country_code, created_at, last_seen_at FROM visitors"
    " WHERE contact_id = {} AND deleted_at IS NULL ORDER BY last_seen_at DESC, pk DESC"
)


def of_contact(contact_id: str) -> Question[list[Device]]:
    """Return the query for short views of the contact's live visitors, last seen first."""
    return Question(_DEVICES.format("?"), (contact_id,), lambda found: [Device(*row) for row in found])


def others_of_contact(visitor_id: str) -> Question[list[Device]]:
    """Return the query of `of_contact` for the visitor's contact, without the visitor itself."""
    sql = _DEVICES.format("(SELECT contact_id FROM visitors WHERE id = ?)")
    return Question(sql, (visitor_id,), lambda found: [Device(*row) for row in found if row[0] != visitor_id])


def sharing(column: Literal["fingerprint", "ip"], visitor_id: str) -> Question[Sharing]:
    """Return the query for other live visitors with the visitor's value; none for no value."""
    sql = (
        f"SELECT id FROM visitors WHERE {column} = (SELECT {column} FROM visitors WHERE id = ?) AND id <> ?"
        f" AND deleted_at IS NULL ORDER BY pk DESC LIMIT {_COUNTED + 1}"
    )

    def read(found: list[Row]) -> Sharing:
        return Sharing([row[0] for row in found[:_TOLD]], len(found) if len(found) <= _COUNTED else None)

    return Question(sql, (visitor_id, visitor_id), read)
