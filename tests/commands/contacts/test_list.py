from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contract import CONTACT_KEYS

Visitors = Callable[..., Any]
Fill = Callable[..., None]


@pytest.fixture(autouse=True)
def store(visitors: Visitors, fill: Fill) -> None:
    """Three contacts, one of them blocked, and a deleted one."""
    ada = {
        "id": "C-ada",
        "externalId": "u_1",
        "email": "ada@example.com",
        "name": "Ada",
        "createdAt": "2026-01-03",
        "metadata": {"plan": "pro"},
    }
    bob = {"id": "C-bob", "email": "bob@example.com", "createdAt": "2026-01-01", "updatedAt": "2026-01-09"}
    cy = {"id": "C-cy", "externalId": "ux1", "createdAt": "2026-01-02", "updatedAt": "2026-01-02"}
    fill(
        {"id": "laptop", "lastSeenAt": "2026-02-01", "contact": {**ada, "updatedAt": "2026-01-03"}},
        {"id": "phone", "lastSeenAt": "2026-02-02", "contact": {"id": "C-ada"}},
        {"id": "x", "contact": {**bob, "isBlocked": True}, "isBlocked": True},
        {"id": "y", "contact": cy},
        {"id": "z", "contact": {"id": "C-del", "externalId": "gone", "deletedAt": "2026-01-01"}},
    )  # fmt: skip
    visitors("delete", "phone")


def ids(visitors: Visitors, *arguments: str) -> list[str]:
    lines: list[str] = visitors("contacts", "list", *arguments, "--format", "ids").lines
    return lines


def test_newest_first_with_what_their_visitors_add_up_to(visitors: Visitors) -> None:
    listed = visitors("contacts", "list", "--format", "json").json
    assert [(one["id"], one["visitorCount"], one["lastSeenAt"]) for one in listed] == [
        ("C-cy", 1, None),
        ("C-bob", 1, None),
        ("C-ada", 1, "2026-02-01T00:00:00.000Z"),
    ]
    assert list(listed[0]) == [*CONTACT_KEYS, "visitorCount", "lastSeenAt"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--blocked"], {"C-bob"}),
        (["--not-blocked"], {"C-ada", "C-cy"}),
        (["--deleted"], {"C-del"}),
        (["--search", "ADA"], {"C-ada"}),
        (["--search", "example.com"], {"C-ada", "C-bob"}),
        (["--search", "u_1"], {"C-ada"}),
        (["--search", "C-"], {"C-ada", "C-bob", "C-cy"}),
        (["--search", "%"], set()),
        (["--search", "example.com", "--blocked"], {"C-bob"}),
        (["--search", "gone"], set()),
        (["--search", "ADA", "--search", "ux1"], {"C-ada", "C-cy"}),
        (["--email-domain", "Example.com"], {"C-ada", "C-bob"}),
        (["--email-domain", "mple.com"], set()),
        (["--metadata", "plan"], {"C-ada"}),
        (["--metadata", "plan=pro", "--metadata", "plan=free"], {"C-ada"}),
        (["--metadata", "plan!=pro"], {"C-bob", "C-cy"}),
        (["--created-since", "2026-01-02", "--created-until", "2026-01-03"], {"C-cy"}),
        (["--has-visitors"], {"C-ada", "C-bob", "C-cy"}),
        (["--no-visitors"], set()),
        (["--no-visitors", "--deleted"], set()),
    ],
)
def test_each_filter_chooses_what_it_should(visitors: Visitors, arguments: list[str], expected: set[str]) -> None:
    assert set(ids(visitors, *arguments)) == expected
    assert visitors("contacts", "list", *arguments, "--format", "count").stdout == f"{len(expected)}\n"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("id", ["C-ada", "C-bob", "C-cy"]),
        ("externalId", ["C-bob", "C-ada", "C-cy"]),
        ("name", ["C-bob", "C-cy", "C-ada"]),
        ("email", ["C-cy", "C-ada", "C-bob"]),
        ("createdAt", ["C-ada", "C-cy", "C-bob"]),
        ("updatedAt", ["C-bob", "C-ada", "C-cy"]),
        ("visitorCount", ["C-ada", "C-bob", "C-cy"]),
        ("lastSeenAt", ["C-ada", "C-cy", "C-bob"]),
    ],
)
def test_sort_reverse_and_pages(visitors: Visitors, field: str, expected: list[str]) -> None:
    # the second row of C-ada changed nothing, so its updatedAt is that of the first
    for direction, order in (((), expected), (("--reverse",), expected[::-1])):
        assert ids(visitors, "--sort", field, *direction) == order
        pages = [ids(visitors, "--sort", field, *direction, "--limit", "1")]
        for _page in range(3):
            if pages[-1]:
                pages.append(ids(visitors, "--sort", field, *direction, "--limit", "1", "--after", pages[-1][-1]))
        assert [one for page in pages for one in page] == order


def test_contacts_without_visitors_are_those_whose_visitors_are_deleted_or_none(visitors: Visitors) -> None:
    visitors("delete", "laptop")
    visitors("contacts", "create", "--id", "C-new", "--name", "New")
    assert ids(visitors, "--no-visitors", "--sort", "id") == ["C-ada", "C-new"]
    assert ids(visitors, "--has-visitors", "--sort", "id") == ["C-bob", "C-cy"]
    assert ids(visitors, "--sort", "visitorCount") == ["C-ada", "C-new", "C-bob", "C-cy"]


def test_invalid_options_are_refused(visitors: Visitors) -> None:
    visitors("contacts", "list", "--sort", "visitors", code=2)
    visitors("contacts", "list", "--search", "", code=5)
    visitors("contacts", "list", "--after", "nobody", code=3)
    visitors("contacts", "list", "--created-since", "1d", "--created-until", "2d", code=2)
    visitors("contacts", "list", "--has-visitors", "--no-visitors", code=2)
    visitors("contacts", "list", "--metadata", "seats>5", code=2)
    assert (
        "visitorCount" in visitors("contacts", "list", "--fields", "nonsense", "--format", "json", code=2).error["hint"]
    )


def test_fields_reach_into_metadata(visitors: Visitors) -> None:
    visitors("identify", "y", "--external-id", "ux1", "--metadata", "plan=pro")
    answer = visitors("contacts", "list", "--search", "ux1", "--fields", "id,metadata.plan,metadata.none")
    assert answer.stdout == "id\tmetadata.plan\tmetadata.none\nC-cy\tpro\t\n"
    whole = visitors("contacts", "list", "--search", "ux1", "--fields", "metadata").stdout
    assert json.loads(whole.splitlines()[1]) == {"plan": "pro"}
