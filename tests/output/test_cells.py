"""Table cells: the best available description of a record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from visitors.output.shape import picked

Visitors = Callable[..., Any]

NAME, EMAIL, EXTERNAL_ID, ID = {"name": "Ada"}, {"email": "a@example.com"}, {"externalId": "u1"}, {"id": "c1"}


@pytest.mark.parametrize(
    ("told", "column", "shown"),
    [
        ({"contact": ID | EXTERNAL_ID | EMAIL | NAME}, "WHO", "Ada"),
        ({"contact": ID | EXTERNAL_ID | EMAIL}, "WHO", "a@example.com"),
        ({"contact": ID | EXTERNAL_ID}, "WHO", "u1"),
        ({"contact": ID}, "WHO", "c1"),
        ({"timezone": "Europe/Oslo", "country": "Norway", "countryCode": "NO"}, "FROM", "NO"),
        ({"timezone": "Europe/Oslo", "country": "Norway"}, "FROM", "Norway"),
        ({"timezone": "Europe/Oslo"}, "FROM", "Europe/Oslo"),
        ({"browser": "Firefox", "os": "Linux", "deviceType": "desktop"}, "DEVICE", "Firefox · Linux"),
        ({"browser": "Firefox", "deviceType": "desktop"}, "DEVICE", "Firefox · desktop"),
        ({"os": "Linux"}, "DEVICE", "Linux"),
    ],
)
def test_a_listing_names_by_the_best_that_is_known(
    visitors: Visitors, told: dict[str, Any], column: str, shown: str
) -> None:
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps({"id": "v", **told}))

    header, row = visitors("list", "--format", "table").lines
    start = header.index(column)
    assert row[start:].split("  ")[0].strip() == shown


@pytest.mark.parametrize(
    ("contact", "reduced"),
    [
        (None, None),
        ({"name": "Ada", "metadata": None}, {"metadata": None}),
        ({"metadata": {"seats": 5}}, {"metadata": {"plan": None}}),
        ({"metadata": {"plan": "pro", "seats": 5}}, {"metadata": {"plan": "pro"}}),
    ],
)
def test_a_record_is_reduced_to_a_nested_field_up_to_where_there_is_nothing(contact: Any, reduced: Any) -> None:
    assert picked({"id": "v", "contact": contact}, [("contact", "metadata", "plan")]) == {"contact": reduced}
