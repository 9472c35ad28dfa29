"""split: chosen visitors move to a new contact, with their conversations, and blocks stay in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Whole = Callable[[], str]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"
FRIDAY = "2026-03-06T09:00:00.000Z"


@pytest.fixture
def whole(visitors: Visitors) -> Whole:
    """The whole store, including history, to compare before and after."""
    return lambda: str(visitors("db", "dump").stdout)


@pytest.fixture(autouse=True)
def family(visitors: Visitors) -> None:
    """One contact with three devices, each with a conversation, and somebody else."""
    visitors("contacts", "create", "--id", "A", "--external-id", "a", "--email", "a@example.com", "--name", "Ada")
    for device in ("laptop", "phone", "tablet"):
        visitors("create", "--id", device)
        visitors("identify", device, "--external-id", "a")
        visitors("conversations", "start", device, "--title", f"of the {device}")
    visitors("create", "--id", "stranger")
    visitors("create", "--id", "other")
    visitors("identify", "other", "--external-id", "b", "--email", "b@example.com")


def split(visitors: Visitors, *words: str, now: str | None = None) -> Any:
    return visitors("contacts", "split", *words, "--format", "json", now=now).json


def titles(visitors: Visitors, contact: str) -> list[str]:
    found = visitors("conversations", "list", "--contact", contact, "--format", "json").json
    return sorted(one["title"] for one in found)


def shown(visitors: Visitors, visitor: str, now: str | None = None) -> Any:
    return visitors("show", visitor, "--format", "json", now=now).json


def test_devices_move_with_their_own_conversations(visitors: Visitors) -> None:
    created = split(visitors, "A", "phone", "tablet", "--email", "new@example.com", "--name", "Bea", now=TUESDAY)
    assert [created[field] for field in ("externalId", "email", "name", "createdAt")] == [
        None, "new@example.com", "Bea", TUESDAY,
    ]  # fmt: skip
    assert titles(visitors, created["id"]) == ["of the phone", "of the tablet"]
    assert titles(visitors, "A") == ["of the laptop"]
    page = visitors("contacts", "show", "new@example.com", "--format", "json").json
    assert sorted(device["id"] for device in page["devices"]) == ["phone", "tablet"]
    assert [device["id"] for device in shown(visitors, "phone")["devices"]] == ["tablet"]
    assert shown(visitors, "laptop")["devices"] == []
    assert shown(visitors, "laptop")["contact"]["name"] == "Ada"


def test_without_options_it_is_somebody_yet_unknown(visitors: Visitors) -> None:
    created = split(visitors, "ext:a", "phone")
    assert [created[field] for field in ("externalId", "email", "name", "metadata")] == [None, None, None, {}]
    answer = visitors("identify", "phone", "--external-id", "c", "--format", "json", code=4).error
    assert answer["code"] == "linked_elsewhere"
    visitors("contacts", "update", created["id"], "--external-id", "c")
    assert shown(visitors, "phone")["contact"]["externalId"] == "c"


def test_only_conversations_that_the_contact_owns_move(visitors: Visitors) -> None:
    visitors("identify", "phone", "--external-id", "b", "--relink")
    visitors("conversations", "start", "phone", "--title", "of the other person")
    visitors("identify", "phone", "--external-id", "a", "--relink")
    created = split(visitors, "A", "phone")
    assert titles(visitors, created["id"]) == ["of the phone"]
    assert titles(visitors, "ext:b") == ["of the other person"]


def test_visitors_come_from_standard_input_and_split_prints_the_new_id(visitors: Visitors) -> None:
    answer = visitors("contacts", "split", "A", "-", input="phone\ntablet\n")
    assert [shown(visitors, device)["contact"]["id"] for device in ("phone", "tablet")] == [answer.stdout.strip()] * 2


def test_a_live_block_holds_for_both(visitors: Visitors) -> None:
    visitors("block", "--contact", "A", "--reason", "abuse", "--until", FRIDAY, "--as", "bea", now=MONDAY)
    visitors("block", "phone", "--reason", "spam", now=MONDAY)
    created = split(visitors, "A", "phone", now=TUESDAY)
    assert created["isBlocked"] is True
    (block,) = visitors("contacts", "show", created["id"], "--format", "json").json["blocks"]
    assert [block[key] for key in ("reason", "blockedAt", "blockedBy", "expiresAt")] == ["abuse", MONDAY, "bea", FRIDAY]
    assert [one["reason"] for one in shown(visitors, "phone")["blocks"]] == ["abuse", "spam"]
    for device in ("phone", "laptop"):
        assert shown(visitors, device, now=TUESDAY)["isBlocked"] is True
    visitors("unblock", "--contact", created["id"], now=TUESDAY)
    assert shown(visitors, "phone", now=TUESDAY)["isBlocked"] is True
    visitors("unblock", "phone", now=TUESDAY)
    assert shown(visitors, "phone", now=TUESDAY)["isBlocked"] is False
    assert shown(visitors, "laptop", now=TUESDAY)["isBlocked"] is True


def test_expired_and_lifted_blocks_stay_where_they_were(visitors: Visitors) -> None:
    visitors("block", "--contact", "A", "--for", "1h", now=MONDAY)
    visitors("block", "--contact", "A", now=TUESDAY)
    visitors("unblock", "--contact", "A", now=TUESDAY)
    created = split(visitors, "A", "phone", now=FRIDAY)
    assert visitors("contacts", "show", created["id"], "--format", "json").json["blocks"] == []
    assert len(visitors("contacts", "show", "A", "--format", "json").json["blocks"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("A", "stranger"), "not_of_contact", 4),
        (("A", "phone", "other"), "not_of_contact", 4),
        (("A", "phone", "nobody"), "visitor_not_found", 3),
        (("ext:nobody", "phone"), "contact_not_found", 3),
        (("A", "phone", "--external-id", "a"), "contact_exists", 4),
        (("A", "phone", "--external-id", "b"), "contact_exists", 4),
        (("A", "phone", "--email", "B@example.com"), "contact_exists", 4),
        (("A", "phone", "--external-id", "null"), "junk_external_id", 5),
        (("A", "phone", "--name", ""), "empty", 5),
        (("A",), "usage", 2),
    ],
)
def test_what_is_refused_changes_nothing(
    visitors: Visitors, whole: Whole, words: tuple[str, ...], code: str, status: int
) -> None:
    before = whole()
    assert visitors("contacts", "split", *words, "--format", "json", code=status).error["code"] == code
    assert whole() == before


def test_a_split_without_visitors_creates_no_contact(visitors: Visitors, whole: Whole) -> None:
    before = whole()
    visitors("contacts", "split", "A", "-", input="\n", code=None)
    assert whole() == before


def test_of_a_deleted_visitor_or_contact_it_is_refused(visitors: Visitors, whole: Whole) -> None:
    visitors("delete", "phone")
    visitors("contacts", "delete", "ext:b")
    before = whole()
    error = visitors("contacts", "split", "A", "laptop", "phone", "--format", "json", code=4).error
    assert error["code"] == "visitor_deleted"
    error = visitors("contacts", "split", "ext:b", "other", "--format", "json", code=4).error
    assert error["code"] == "contact_deleted"
    assert whole() == before


def test_a_dry_run_changes_nothing(visitors: Visitors, whole: Whole) -> None:
    before = whole()
    assert split(visitors, "A", "phone", "--name", "Bea", "--dry-run")["name"] == "Bea"
    assert whole() == before


def test_a_merge_that_was_a_mistake_can_be_split_again(visitors: Visitors) -> None:
    visitors("conversations", "start", "other", "--title", "of the other")
    visitors("contacts", "merge", "A", "ext:b", "--force", "--yes")
    created = split(visitors, "A", "other", "--name", "Bob")
    assert titles(visitors, created["id"]) == ["of the other"]
    assert titles(visitors, "A") == ["of the laptop", "of the phone", "of the tablet"]


def test_the_links_tell_of_the_split(visitors: Visitors) -> None:
    new_id = visitors("contacts", "split", "A", "phone", "--as", "bea", now=FRIDAY).stdout.strip()
    link = shown(visitors, "phone")["links"][-1]
    operation = visitors("history", "--command", "contacts split", "--format", "ids").stdout.strip()
    assert link == {
        "at": FRIDAY, "actor": "bea", "command": "contacts split", "operationId": operation, "fromContactId": "A",
        "toContactId": new_id, "cause": "split",
    }  # fmt: skip


def test_the_links_tell_of_link_relink_and_unlink(visitors: Visitors) -> None:
    visitors("identify", "stranger", "--email", "s@example.com", "--as", "widget", now=MONDAY)
    first = shown(visitors, "stranger")["contact"]["id"]
    visitors("identify", "stranger", "--external-id", "a", "--relink", "--as", "widget", now=TUESDAY)
    visitors("unidentify", "stranger", "--as", "bea", now=FRIDAY)
    keys = ("at", "actor", "command", "fromContactId", "toContactId", "cause")
    assert [tuple(link[key] for key in keys) for link in shown(visitors, "stranger")["links"]] == [
        (MONDAY, "widget", "identify", None, first, "created"),
        (TUESDAY, "widget", "identify", first, "A", "external-id"),
        (FRIDAY, "bea", "unidentify", "A", None, None),
    ]


def test_who_was_merged_by_mistake_gets_back_what_only_its_tombstone_has(visitors: Visitors, whole: Whole) -> None:
    visitors("contacts", "merge", "A", "ext:b", "--force", "--yes")
    before = whole()
    for theirs in (("--external-id", "a"), ("--email", "a@example.com")):
        visitors("contacts", "split", "A", "other", *theirs, code=4)
    visitors("contacts", "create", "--external-id", "b", code=4)
    assert whole() == before
    created = split(visitors, "A", "other", "--external-id", "b", "--email", "b@example.com")
    assert (created["externalId"], created["email"]) == ("b", "b@example.com")
    assert visitors("contacts", "show", "ext:b", "--format", "json").json["id"] == created["id"]
    answer = visitors("identify", "stranger", "--external-id", "b", "--email", "b@example.com", "--format", "json").json
    assert answer["contact"]["id"] == created["id"]


def test_an_email_that_only_the_tombstone_has_is_given_back_by_a_contact_without_any(visitors: Visitors) -> None:
    visitors("contacts", "merge", "A", "ext:b", "--force", "--yes")
    visitors("contacts", "update", "A", "--clear", "email")
    created = split(visitors, "A", "other", "--email", "b@example.com")
    assert created["email"] == "b@example.com"
