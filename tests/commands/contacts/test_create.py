from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract import CONTACT_KEYS

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-02T09:00:00.000Z"


def test_what_is_given_is_normalised_and_kept(visitors: Visitors) -> None:
    answer = visitors(
        "contacts", "create", "--id", "A", "--external-id", " u-1 ", "--email", "Ada@Example.com", "--name", " Ada ",
        "--metadata", "plan=pro", "--format", "json", now=NOW,
    ).json  # fmt: skip
    assert {key: value for key, value in answer.items() if key != "metadataHash"} == {
        **dict.fromkeys(key for key in CONTACT_KEYS if key != "metadataHash"),
        "id": "A", "externalId": "u-1", "name": "Ada", "email": "ada@example.com", "image": None,
        "metadata": {"plan": "pro"}, "isBlocked": False, "createdAt": NOW, "updatedAt": NOW, "deletedAt": None,
    }  # fmt: skip


def test_into_a_pipe_it_prints_the_id_and_a_visitor_can_become_that_contact(visitors: Visitors, anonymous: str) -> None:
    contact = visitors("contacts", "create", "--email", "ada@example.com").stdout.strip()
    visitors("identify", anonymous, "--email", "ada@example.com")
    assert visitors("show", anonymous, "--format", "json").json["contact"]["id"] == contact


@pytest.mark.parametrize(
    ("options", "code", "status"),
    [
        (("--id", "A"), "contact_exists", 4),
        (("--external-id", "a"), "contact_exists", 4),
        (("--email", "A@example.com"), "contact_exists", 4),
        (("--external-id", "gone"), "contact_exists", 4),
        (("--id", "no spaces"), "invalid_id", 5),
        (("--id", "ext:5"), "invalid_id", 5),
        (("--external-id", "NULL"), "junk_external_id", 5),
        (("--email", "nobody"), "invalid_email", 5),
        (("--name", ""), "empty", 5),
    ],
)
def test_what_is_refused_creates_nothing(
    visitors: Visitors, everything: Everything, options: tuple[str, ...], code: str, status: int
) -> None:
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--email", "a@example.com")
    visitors("contacts", "create", "--id", "G", "--external-id", "gone", "--email", "gone@example.com")
    visitors("contacts", "delete", "G")
    before = everything()
    assert visitors("contacts", "create", *options, "--format", "json", code=status).error["code"] == code
    assert everything() == before


@pytest.mark.parametrize(
    "options",
    [
        ("--id", "A"),
        ("--external-id", "a", "--name", "Other"),
        ("--email", " A@example.com "),
        ("--external-id", "a", "--email", "new@example.com"),
        ("--id", "A", "--external-id", "a", "--email", "a@example.com"),
    ],
)
def test_one_that_exists_may_be_asked_for_and_is_left_as_it_is(
    visitors: Visitors, everything: Everything, options: tuple[str, ...]
) -> None:
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--email", "a@example.com")
    before = everything()
    assert visitors("contacts", "create", "--exist-ok", *options).lines == ["A"]
    assert everything() == before


def test_one_that_does_not_exist_is_created_with_exist_ok_once(visitors: Visitors) -> None:
    words = ("contacts", "create", "--exist-ok", "--external-id", "new")
    first = visitors(*words).stdout
    assert visitors(*words).stdout == first
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"


def test_what_was_merged_exists_as_its_survivor(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com")
    visitors("contacts", "create", "--id", "B", "--external-id", "b")
    visitors("contacts", "merge", "A", "B", "--yes")
    visitors("contacts", "create", "--id", "C", "--external-id", "c")
    visitors("contacts", "merge", "A", "C", "--yes", "--force")
    assert visitors("contacts", "create", "--exist-ok", "--external-id", "c").lines == ["A"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--external-id", "a", "--email", "b@example.com"), "contact_exists"),
        (("--id", "A", "--external-id", "b"), "contact_exists"),
        (("--external-id", "other", "--email", "a@example.com"), "contact_exists"),
        (("--external-id", "gone"), "contact_deleted"),
    ],
)
def test_exist_ok_takes_nobody_for_somebody_else(
    visitors: Visitors, everything: Everything, options: tuple[str, ...], code: str
) -> None:
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--email", "a@example.com")
    visitors("contacts", "create", "--id", "B", "--external-id", "b", "--email", "b@example.com")
    visitors("contacts", "create", "--id", "G", "--external-id", "gone", "--email", "gone@example.com")
    visitors("contacts", "delete", "G")
    before = everything()
    refused = visitors("contacts", "create", "--exist-ok", *options, "--format", "json", code=4)
    assert refused.error["code"] == code
    assert everything() == before


def test_the_email_of_a_deleted_contact_is_free(visitors: Visitors) -> None:
    visitors("contacts", "create", "--email", "a@example.com")
    visitors("contacts", "delete", "a@example.com")
    visitors("contacts", "create", "--email", "a@example.com")
