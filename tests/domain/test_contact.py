"""Contacts: their display names, and their keys in the machine formats."""

from __future__ import annotations

import msgspec
import pytest

from contract import CONTACT_KEYS
from visitors.domain.contact import Contact, ListedContact

AT = "2026-03-01T00:00:00.000Z"
TOLD = {"id": "c1", "externalId": "u1", "name": "Ada", "email": "ada@example.com", "metadata": {}, "metadataHash": ""}
TIMES = {"createdAt": AT, "updatedAt": AT}
CONTACT = msgspec.convert({**dict.fromkeys(CONTACT_KEYS), **TOLD, "isBlocked": False, **TIMES}, Contact)


@pytest.mark.parametrize(
    ("missing", "label"),
    [
        ((), "Ada"),
        (("name",), "ada@example.com"),
        (("name", "email"), "u1"),
        (("name", "email", "external_id"), "c1"),
    ],
)
def test_the_label_is_the_name_or_else_what_identifies_it(missing: tuple[str, ...], label: str) -> None:
    assert msgspec.structs.replace(CONTACT, **dict.fromkeys(missing)).label == label


def test_the_keys_are_in_the_order_of_the_contract() -> None:
    assert list(msgspec.to_builtins(CONTACT)) == CONTACT_KEYS


def test_a_listed_contact_adds_what_its_visitors_add_up_to() -> None:
    assert list(ListedContact.__struct_encode_fields__) == [*CONTACT_KEYS, "visitorCount", "lastSeenAt"]
