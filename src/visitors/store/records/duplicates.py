"""Contacts with the same email, as they may come from other programs and older versions."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.domain import email_rules
from visitors.domain.contact import Duplicate
from visitors.errors import InvalidData
from visitors.store.store import Store


def find(store: Store) -> list[Duplicate]:
    """Return the live contacts with the same email, in any spelling, by email.

    The contact that the others should be merged into comes first: one with an external id, else the oldest.
    """
    sql = (
        "SELECT id, email FROM contacts WHERE email IS NOT NULL AND deleted_at IS NULL AND merged_into IS NULL"
        " ORDER BY external_id IS NULL, pk"
    )
    same: dict[str, list[tuple[str, str]]] = {}
    for contact_id, email in store.execute(sql):
        same.setdefault(_normal(email), []).append((contact_id, email))
    return [
        Duplicate(
            address,
            _why_same([email for _, email in found]),
            [contact_id for contact_id, _ in found],
        )
        for address, found in sorted(same.items())
        if len(found) > 1
    ]


def _normal(email: str) -> str:
    """Normalise a stored email by the current rules; one that these reject is only trimmed and lower-cased."""
    try:
        return email_rules.email(email)
    except InvalidData:
        return email.strip().lower()


def _why_same(emails: Sequence[str]) -> str:
    if len(set(emails)) == 1:
        return "same-email"
    cased = len({email.strip().lower() for email in emails}) == 1
    return "email-differs-by-case-or-space" if cased else "email-differs-by-spelling"
