"""block: a record rather than a flag; `isBlocked` is computed when read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"
FRIDAY = "2026-03-06T09:00:00.000Z"


def shown(visitors: Visitors, visitor: str, now: str | None = None) -> Any:
    return visitors("show", visitor, "--format", "json", now=now).json


@pytest.fixture
def person(visitors: Visitors) -> str:
    """The contact id of a person with a laptop and a phone."""
    for device in ("laptop", "phone"):
        visitors("create", "--id", device)
        visitors("identify", device, "--external-id", "ada")
    return str(shown(visitors, "phone")["contact"]["id"])


def test_a_block_records_target_reason_actor_time_and_expiry(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--reason", " spam ", "--for", "3d", "--as", "eve", now=TUESDAY)
    visitor = shown(visitors, anonymous, now=TUESDAY)
    (block,) = visitor["blocks"]
    assert {key: value for key, value in block.items() if key != "id"} == {
        "visitorId": anonymous, "contactId": None, "reason": "spam", "blockedAt": TUESDAY, "blockedBy": "eve",
        "expiresAt": FRIDAY, "liftedAt": None, "liftedBy": None,
    }  # fmt: skip
    assert [visitor[key] for key in ("isBlocked", "blockedAt", "blockedBy", "blockReason", "blockExpiresAt")] == [
        True, TUESDAY, "eve", "spam", FRIDAY,
    ]  # fmt: skip


def test_who_lifted_it_and_when_is_kept_with_the_block(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--as", "eve", now=MONDAY)
    visitors("unblock", anonymous, "--as", "bob", now=TUESDAY)
    visitor = shown(visitors, anonymous)
    (block,) = visitor["blocks"]
    assert (block["blockedBy"], block["liftedAt"], block["liftedBy"]) == ("eve", TUESDAY, "bob")
    assert [visitor[key] for key in ("isBlocked", "blockedAt", "blockedBy")] == [False, None, None]


def test_a_block_without_an_end_has_none(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, now=MONDAY)
    assert shown(visitors, anonymous, now="2126-01-01T00:00:00Z")["isBlocked"] is True


def test_block_with_expiry_is_judged_at_read_time(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--until", FRIDAY, now=MONDAY)
    moments = {"2026-03-06T08:59:59.999Z": True, FRIDAY: False, "2026-03-06T09:00:00.001Z": False}
    for moment, blocked in moments.items():
        assert shown(visitors, anonymous, now=moment)["isBlocked"] is blocked
        chosen = visitors("list", "--blocked" if blocked else "--not-blocked", "--format", "ids", now=moment).lines
        assert chosen == [anonymous]
        info = visitors("db", "info", "--format", "json", now=moment).json
        assert info["blocked"] == int(blocked)


def test_after_its_block_expired_a_visitor_can_write_again(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--until", FRIDAY, now=MONDAY)
    visitors("conversations", "start", anonymous, now=TUESDAY, code=4)
    visitors("conversations", "start", anonymous, now=FRIDAY)


def test_an_expired_block_is_no_block_to_lift_and_none_against_a_new_one(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--until", TUESDAY, now=MONDAY)
    assert visitors("unblock", anonymous, "--format", "json", now=FRIDAY).json["outcome"] == "unchanged"
    assert visitors("block", anonymous, "--format", "json", now=FRIDAY).json["outcome"] == "blocked"
    assert [block["blockedAt"] for block in shown(visitors, anonymous)["blocks"]] == [FRIDAY, MONDAY]


def test_a_block_that_would_be_over_already_is_refused(visitors: Visitors, anonymous: str) -> None:
    for option in (("--until", MONDAY), ("--until", TUESDAY), ("--for", "0d")):
        refused = visitors("block", anonymous, *option, "--format", "json", now=TUESDAY, code=5)
        assert refused.error["code"] == "expiry_in_the_past"
    assert shown(visitors, anonymous)["blocks"] == []


@pytest.mark.parametrize(
    "terms", [(), ("--reason", "spam"), ("--until", FRIDAY), ("--until", FRIDAY, "--reason", "spam")]
)
@pytest.mark.parametrize("target", ["visitor", "contact"])
def test_blocking_twice_with_the_same_terms_is_a_no_op_that_says_so(
    visitors: Visitors, person: str, terms: tuple[str, ...], target: str
) -> None:
    whom = ("--contact", person) if target == "contact" else ("laptop",)
    first = visitors("block", *whom, *terms, "--format", "json", now=MONDAY)
    before = shown(visitors, "laptop")
    again = visitors("block", *whom, *terms, "--format", "json", now=TUESDAY)
    assert (first.json["outcome"], again.json["outcome"]) == ("blocked", "unchanged")
    assert (first.stderr, "already blocked; nothing changed" in again.stderr) == ("", True)
    piped = visitors("block", *whom, *terms, now=TUESDAY)
    assert piped.lines == [again.json["id"]]
    assert "already blocked; nothing changed" in piped.stderr
    assert shown(visitors, "laptop") == before
    assert visitors("history", "--command", "block", "--format", "count").stdout == "1\n"


@pytest.mark.parametrize(
    ("old", "new", "end", "reason"),
    [
        (("--until", TUESDAY, "--reason", "spam"), (), None, "spam"),
        (("--until", FRIDAY), ("--reason", "spam"), None, "spam"),
        ((), ("--until", FRIDAY), FRIDAY, None),
        (("--reason", "spam"), ("--reason", "abuse"), None, "abuse"),
        (("--reason", "spam", "--until", TUESDAY), ("--until", FRIDAY), FRIDAY, "spam"),
    ],
)
@pytest.mark.parametrize("way", ["named", "contact", "selection", "-"])
def test_a_block_with_other_terms_replaces_the_earlier_one_and_reports_both(
    visitors: Visitors, person: str, old: tuple[str, ...], new: tuple[str, ...], end: str | None, reason: str, way: str
) -> None:
    whom = {"named": ("laptop",), "contact": ("--contact", person), "selection": ("--all", "--yes"), "-": ("-",)}[way]
    visitors("block", *whom, *old, "--as", "eve", input="laptop\n", now=MONDAY)
    again = visitors(
        "block", *whom, *new, "--as", "bob", "--format", "json", input="laptop\n", now=TUESDAY[:11] + "08:00:00Z"
    )
    told = again.json if isinstance(again.json, dict) else again.json[0]
    assert told["outcome"] == "replaced"
    visitor = shown(visitors, "laptop", now=TUESDAY[:11] + "08:00:00Z")
    assert (visitor["blockExpiresAt"], visitor["blockReason"], visitor["blockedBy"]) == (end, reason, "bob")
    newer, older = visitor["blocks"]
    assert (older["liftedAt"], older["liftedBy"], newer["liftedAt"]) == (newer["blockedAt"], "bob", None)
    for block in (newer, older):
        words = f"until {block['expiresAt']}" if block["expiresAt"] else "permanently"
        assert words + (f" ({block['reason']})" if block["reason"] else "") in again.stderr
    assert visitors("history", "--command", "block", "--format", "count").stdout == "2\n"


def test_a_block_that_ends_does_not_make_a_later_one_for_good_vanish(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--for", "1h", now=MONDAY)
    visitors("block", anonymous, now=MONDAY)
    assert shown(visitors, anonymous, now=FRIDAY)["isBlocked"] is True


def test_undoing_a_block_that_replaced_one_gives_the_old_one_back(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous, "--reason", "spam", "--until", FRIDAY, now=MONDAY)
    before = shown(visitors, anonymous, now=TUESDAY)
    visitors("block", anonymous, now=TUESDAY)
    visitors("undo", now=TUESDAY)
    after = shown(visitors, anonymous, now=TUESDAY)
    assert (after["blocks"], after["blockExpiresAt"]) == (before["blocks"], FRIDAY)


def test_of_several_blocks_the_one_with_the_terms_stays(visitors: Visitors) -> None:
    for who, until in (("a", ("--until", FRIDAY)), ("b", ())):
        visitors("contacts", "create", "--id", who, "--external-id", who)
        visitors("block", "--contact", who, *until, now=MONDAY)
    visitors("contacts", "merge", "a", "b", "--force", "--yes", now=MONDAY)
    assert visitors("block", "--contact", "a", "--format", "json", now=TUESDAY).json["outcome"] == "replaced"
    blocks = visitors("contacts", "show", "a", "--format", "json", now=TUESDAY).json["blocks"]
    assert sorted((block["expiresAt"] is None, block["liftedAt"]) for block in blocks) == [
        (False, TUESDAY),
        (True, None),
    ]


def test_unblocking_what_is_not_blocked_is_a_no_op(visitors: Visitors, anonymous: str) -> None:
    assert visitors("unblock", anonymous, "--format", "json").json["outcome"] == "unchanged"
    assert visitors("history", "--command", "unblock", "--format", "count").stdout == "0\n"


def test_a_blocked_contact_is_blocked_on_every_device(visitors: Visitors, person: str) -> None:
    answer = visitors("block", "--contact", "ext:ada", "--reason", "abuse", "--format", "json").json
    assert (answer["outcome"], answer["id"], answer["isBlocked"]) == ("blocked", person, True)
    for device in ("laptop", "phone"):
        visitor = shown(visitors, device)
        assert (visitor["isBlocked"], visitor["blockReason"], visitor["contact"]["isBlocked"]) == (True, "abuse", True)
        assert [block["contactId"] for block in visitor["blocks"]] == [person]
    assert visitors("block", "--contact", person, "--format", "json").json["outcome"] == "unchanged"


def test_a_blocked_contact_is_blocked_on_devices_to_come(visitors: Visitors, person: str) -> None:
    visitors("block", "--contact", person)
    visitors("track", "--id", "tablet")
    assert shown(visitors, "tablet")["isBlocked"] is False
    visitors("identify", "tablet", "--external-id", "ada")
    assert shown(visitors, "tablet")["isBlocked"] is True
    visitors("unidentify", "tablet")
    assert shown(visitors, "tablet")["isBlocked"] is False


def test_a_blocked_visitor_is_not_its_contacts_other_devices(visitors: Visitors, person: str) -> None:
    visitors("block", "laptop")
    assert shown(visitors, "laptop")["isBlocked"] is True
    assert shown(visitors, "laptop")["contact"]["isBlocked"] is False
    assert shown(visitors, "phone")["isBlocked"] is False
    assert visitors("contacts", "show", person, "--format", "json").json["isBlocked"] is False


def test_unblocking_a_visitor_whose_contact_is_blocked_has_no_effect_and_exits_4(
    visitors: Visitors, person: str
) -> None:
    visitors("block", "laptop")
    visitors("block", "--contact", person)
    for device in ("laptop", "phone"):
        refused = visitors("unblock", device, "--format", "json", code=4)
        assert refused.error["code"] == "contact_blocked"
        assert "has no effect" in refused.error["message"]
        assert person in refused.error["message"]
        assert refused.error["hint"] == f"visitors unblock --contact {person}"
    assert all(block["liftedAt"] is None for block in shown(visitors, "laptop")["blocks"])


def test_unblocking_the_contact_lets_its_devices_in_but_not_those_blocked_themselves(
    visitors: Visitors, person: str
) -> None:
    visitors("block", "laptop", "--reason", "own")
    visitors("block", "--contact", person, "--reason", "person")
    assert shown(visitors, "laptop")["blockReason"] == "person"
    visitors("unblock", "--contact", person)
    assert shown(visitors, "phone")["isBlocked"] is False
    assert shown(visitors, "laptop")["blockReason"] == "own"
    visitors("unblock", "laptop")
    assert shown(visitors, "laptop")["isBlocked"] is False


def test_relinking_takes_the_visitor_out_of_the_contacts_block_but_not_out_of_its_own(
    visitors: Visitors, person: str
) -> None:
    visitors("block", "--contact", person)
    visitors("block", "phone")
    for device in ("laptop", "phone"):
        visitors("identify", device, "--external-id", "bob", "--relink")
    assert shown(visitors, "laptop")["isBlocked"] is False
    assert shown(visitors, "phone")["isBlocked"] is True


def test_deleting_and_restoring_keeps_the_block(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous)
    visitors("delete", anonymous)
    visitors("restore", anonymous)
    assert shown(visitors, anonymous)["isBlocked"] is True


def test_a_block_changes_no_field_of_the_visitor(visitors: Visitors) -> None:
    visitors("create", "--id", "v", now=MONDAY)
    visitors("block", "v", now=TUESDAY)
    assert shown(visitors, "v")["updatedAt"] == MONDAY


def test_blocks_come_newest_first_with_those_of_the_contact(visitors: Visitors, person: str) -> None:
    visitors("block", "laptop", "--reason", "first")
    visitors("unblock", "laptop")
    visitors("block", "--contact", person, "--reason", "second")
    assert [block["reason"] for block in shown(visitors, "laptop")["blocks"]] == ["second", "first"]
    assert [block["reason"] for block in shown(visitors, "phone")["blocks"]] == ["second"]
    page = json.loads(visitors("contacts", "show", person, "--format", "json").stdout)
    assert [block["reason"] for block in page["blocks"]] == ["second"]
