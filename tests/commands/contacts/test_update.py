from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


@pytest.fixture(autouse=True)
def people(visitors: Visitors) -> None:
    """A, with everything, and B."""
    visitors(
        "contacts", "create", "--id", "A", "--external-id", "a", "--email", "a@example.com", "--name", "Ada",
        "--image", "https://example.com/a", "--metadata", "plan=pro", now=MONDAY,
    )  # fmt: skip
    visitors("contacts", "create", "--id", "B", "--external-id", "b", "--email", "b@example.com", now=MONDAY)


def update(visitors: Visitors, *words: str) -> Any:
    return visitors("contacts", "update", *words, "--format", "json", now=TUESDAY).json


def test_what_is_given_is_set_and_the_rest_stays(visitors: Visitors) -> None:
    answer = update(visitors, "ext:a", "--external-id", "a2", "--email", "NEW@example.com", "--metadata", "team=blue")
    assert [answer[key] for key in ("outcome", "externalId", "email", "name", "metadata", "updatedAt")] == [
        "updated", "a2", "new@example.com", "Ada", {"plan": "pro", "team": "blue"}, TUESDAY,
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["externalId", "name", "email", "image"])
def test_clear_sets_one_field_to_null(visitors: Visitors, field: str) -> None:
    before = visitors("contacts", "show", "A", "--format", "json").json
    after = update(visitors, "A", "--clear", field)
    different = {key for key, value in after.items() if key in before and before[key] != value}
    assert (after[field], different) == (None, {field, "updatedAt"})


def test_a_cleared_external_id_is_free_for_somebody_else(visitors: Visitors, anonymous: str) -> None:
    update(visitors, "A", "--clear", "externalId")
    answer = visitors("identify", anonymous, "--external-id", "a", "--format", "json").json
    assert answer["outcome"] == "created"


def test_metadata_keys_are_unset_and_replaced(visitors: Visitors) -> None:
    assert update(visitors, "A", "--metadata", "n:=1", "--unset", "plan")["metadata"] == {"n": 1}
    assert update(visitors, "A", "--metadata", "k=v", "--replace-metadata")["metadata"] == {"k": "v"}
    assert update(visitors, "A", "--clear", "metadata")["metadata"] == {}


def test_what_it_has_already_changes_nothing(visitors: Visitors) -> None:
    answer = update(visitors, "A", "--external-id", "a", "--email", "A@example.com", "--metadata", "plan=pro")
    assert (answer["outcome"], answer["updatedAt"]) == ("unchanged", MONDAY)
    assert visitors("history", "--command", "contacts update", "--format", "count").stdout == "0\n"


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("A", "--external-id", "b"), "contact_exists", 4),
        (("A", "--email", "B@example.com"), "contact_exists", 4),
        (("A",), "usage", 2),
        (("A", "--clear", "id"), "usage", 2),
        (("A", "--clear", "name", "--name", "Bea"), "usage", 2),
        (("A", "--unset", "k", "--metadata", "k=v"), "usage", 2),
        (("A", "--replace-metadata"), "usage", 2),
        (("A", "--name", ""), "empty", 5),
        (("A", "--external-id", "undefined"), "junk_external_id", 5),
        (("nobody", "--name", "Bea"), "contact_not_found", 3),
    ],
)
def test_what_is_refused_changes_nothing(
    visitors: Visitors, everything: Everything, words: tuple[str, ...], code: str, status: int
) -> None:
    before = everything()
    assert visitors("contacts", "update", *words, "--format", "json", code=status).error["code"] == code
    assert everything() == before


def test_a_tombstone_means_its_survivor_and_a_deleted_contact_is_refused(visitors: Visitors) -> None:
    visitors("contacts", "merge", "A", "B", "--force", "--yes")
    assert update(visitors, "B", "--name", "Bea")["id"] == "A"
    visitors("contacts", "delete", "A")
    refused = visitors("contacts", "update", "B", "--name", "Cleo", "--format", "json", code=4)
    assert (refused.error["code"], refused.error["hint"]) == ("contact_deleted", "visitors contacts restore A")


def test_each_contact_of_standard_input_is_updated_in_one_operation(visitors: Visitors) -> None:
    answer = visitors("contacts", "update", "-", "--name", "Same", input="A\next:b\n", now=TUESDAY)
    assert answer.lines == ["A", "B"]
    for id_ in ("A", "B"):
        page = visitors("contacts", "show", id_, "--format", "json").json
        assert (page["name"], page["updatedAt"]) == ("Same", TUESDAY)
    assert visitors("history", "--command", "contacts update", "--fields", "changeCount").lines[1:] == ["2"]
