"""Where the identities of people and devices are found."""

from __future__ import annotations

from visitors.store.history.receipts import IN_CHANGES
from visitors.store.schema.recorded import RECORDED, REFERENCES

KINDS = {"visitor": "visitorId", "contact": "contactId"}


def test_every_reference_to_a_visitor_or_contact_is_looked_at_in_the_history() -> None:
    found = {(kind, column, IN_CHANGES[kind].get(column)) for kind, column, parent in REFERENCES if parent in KINDS}

    assert found == {(kind, column, KINDS[parent]) for kind, column, parent in REFERENCES if parent in KINDS}
    assert IN_CHANGES.keys() == RECORDED.keys()
