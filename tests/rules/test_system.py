"""The seven promises of the system that `visitors` implements, as a user sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract import CONTACT_KEYS, VISITOR_KEYS

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def tracked(visitors: Visitors, *arguments: str, now: str | None = None) -> Any:
    return visitors("track", *arguments, "--format", "json", now=now).json


def shown(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json").json


# 1. A visitor is created on first load, with no set-up, and is unique per device or browser.


def test_a_visitor_is_created_on_first_load_with_no_set_up(visitors: Visitors) -> None:
    first = tracked(visitors, now=MONDAY)
    assert first["resolvedBy"] == "created"
    assert first["createdAt"] == first["lastSeenAt"] == MONDAY
    assert visitors("list", "--format", "ids").lines == [first["id"]]


def test_first_load_needs_no_store_no_folder_and_no_settings(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISITORS_DB")
    created = visitors("track").stdout.strip()
    assert visitors("list", "--format", "ids").lines == [created]


def test_a_visitor_is_unique_per_device_the_same_stored_id_comes_back(visitors: Visitors) -> None:
    stored_id = tracked(visitors, now=MONDAY)["id"]
    for _page_load in range(3):
        again = tracked(visitors, "--id", stored_id, now=TUESDAY)
        assert (again["id"], again["resolvedBy"]) == (stored_id, "id")
        assert (again["createdAt"], again["lastSeenAt"]) == (MONDAY, TUESDAY)
    assert visitors("list", "--format", "count").stdout == "1\n"


def test_an_id_that_the_browser_made_up_itself_becomes_the_visitors_id(visitors: Visitors) -> None:
    first = tracked(visitors, "--id", "browser-made:1")
    again = tracked(visitors, "--id", "browser-made:1")
    assert (first["id"], first["resolvedBy"]) == ("browser-made:1", "created")
    assert (again["id"], again["resolvedBy"]) == ("browser-made:1", "id")


def test_loads_without_any_identity_are_different_visitors(visitors: Visitors) -> None:
    assert tracked(visitors)["id"] != tracked(visitors)["id"]
    assert visitors("list", "--format", "count").stdout == "2\n"


# 2. Two techniques keep the identity; the same person on two devices is two visitors until identified.


def test_the_fingerprint_keeps_the_identity_when_the_stored_id_is_gone(visitors: Visitors) -> None:
    first = tracked(visitors, "--fingerprint", "fp-1")
    again = tracked(visitors, "--fingerprint", "fp-1")
    assert (again["id"], again["resolvedBy"]) == (first["id"], "fingerprint")


def test_the_stored_id_comes_before_the_fingerprint(visitors: Visitors) -> None:
    tracked(visitors, "--id", "one", "--fingerprint", "fp-1")
    tracked(visitors, "--id", "two", "--fingerprint", "fp-2")
    again = tracked(visitors, "--id", "two", "--fingerprint", "fp-1")
    assert (again["id"], again["resolvedBy"]) == ("two", "id")


def test_the_same_person_on_two_devices_is_two_visitors_until_identified(visitors: Visitors) -> None:
    tracked(visitors, "--id", "laptop", "--fingerprint", "fp-laptop")
    tracked(visitors, "--id", "phone", "--fingerprint", "fp-phone")
    assert shown(visitors, "laptop")["devices"] == []
    visitors("identify", "laptop", "--external-id", "user-1")
    visitors("identify", "phone", "--external-id", "user-1")
    laptop, phone = shown(visitors, "laptop"), shown(visitors, "phone")
    assert laptop["contact"]["id"] == phone["contact"]["id"]
    assert [device["id"] for device in laptop["devices"]] == ["phone"]
    assert visitors("list", "--format", "count").stdout == "2\n"
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"


# 3. A visitor is anonymous by default.


def test_a_visitor_is_anonymous_by_default_and_has_only_browser_data(visitors: Visitors) -> None:
    visitor = tracked(
        visitors,
        "--language",
        "en-us",
        "--timezone",
        "America/New_York",
        "--device-type",
        "mobile",
        "--device",
        "Pixel",
    )
    assert visitor["contact"] is None
    assert not {"name", "email", "externalId"} & set(visitor)
    assert (visitor["language"], visitor["timezone"]) == ("en-US", "America/New_York")
    assert (visitor["deviceType"], visitor["device"]) == ("mobile", "Pixel")
    assert visitors("contacts", "list", "--format", "count").stdout == "0\n"
    assert visitors("list", "--anonymous", "--format", "ids").lines == [visitor["id"]]


# 4. It can start a conversation without being identified, unless it is blocked.


def test_an_anonymous_visitor_can_start_a_conversation(visitors: Visitors, anonymous: str) -> None:
    conversation = visitors("conversations", "start", anonymous, "--message", "Hello?").stdout.strip()
    assert [one["id"] for one in shown(visitors, anonymous)["conversations"]] == [conversation]
    listed = visitors("conversations", "list", "--visitor", anonymous, "--format", "json").json
    assert [(one["id"], one["contactId"], one["messageCount"]) for one in listed] == [(conversation, None, 1)]


def test_a_blocked_visitor_cannot_start_a_conversation(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous)
    refused = visitors("conversations", "start", anonymous, "--message", "Hi", "--format", "json", code=4)
    assert refused.error["code"] == "visitor_blocked"
    assert refused.error["hint"] == f"visitors unblock {anonymous}"
    assert visitors("conversations", "list", "--format", "count").stdout == "0\n"
    visitors("unblock", anonymous)
    visitors("conversations", "start", anonymous, "--message", "Hi")


def test_no_device_of_a_blocked_person_can_start_a_conversation(visitors: Visitors) -> None:
    for device in ("laptop", "phone"):
        visitors("track", "--id", device)
        visitors("identify", device, "--external-id", "user-1")
    visitors("block", "--contact", "ext:user-1")
    refused = visitors("conversations", "start", "phone", "--format", "json", code=4)
    contact = shown(visitors, "phone")["contact"]["id"]
    assert contact in refused.error["message"]
    assert refused.error["hint"] == f"visitors unblock --contact {contact}"


# 5. A visitor has id, language, timezone, isBlocked, contact.


def test_a_visitor_has_id_language_timezone_is_blocked_and_contact_in_this_order(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--language", "en-US", "--timezone", "America/New_York")
    anonymous = visitors("list", "--format", "json").json[0]
    assert list(anonymous)[:5] == ["id", "language", "timezone", "isBlocked", "contact"]
    assert [anonymous[key] for key in list(anonymous)[:5]] == ["v", "en-US", "America/New_York", False, None]
    visitors("identify", "v", "--email", "ada@example.com")
    visitors("block", "v")
    identified = visitors("list", "--format", "json").json[0]
    assert identified["isBlocked"] is True
    assert identified["contact"]["email"] == "ada@example.com"


def test_the_keys_of_a_visitor_are_those_of_the_contract(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "ada@example.com")
    visitor = visitors("list", "--format", "json").json[0]
    assert list(visitor) == VISITOR_KEYS
    assert list(visitor["contact"]) == CONTACT_KEYS


# 6. Identifying links it to a contact, and is safe to repeat.


@pytest.mark.parametrize(
    "who",
    [("--external-id", "user-1"), ("--email", "ada@example.com"), ("--external-id", "u", "--email", "a@example.com")],
    ids=["external id", "email", "both"],
)
def test_identifying_links_to_a_contact_and_is_safe_to_repeat(
    visitors: Visitors, anonymous: str, who: tuple[str, ...]
) -> None:
    said = (*who, "--name", "Ada", "--image", "https://example.com/a.png", "--metadata", "plan=pro")
    first = visitors("identify", anonymous, *said, "--format", "json", now=MONDAY).json
    before = shown(visitors, anonymous)
    again = visitors("identify", anonymous, *said, "--format", "json", now=TUESDAY).json
    assert (first["outcome"], again["outcome"]) == ("created", "unchanged")
    assert shown(visitors, anonymous) == before
    assert before["contact"]["name"] == "Ada"
    assert before["contact"]["image"] == "https://example.com/a.png"
    assert before["contact"]["metadata"] == {"plan": "pro"}
    assert visitors("history", "--command", "identify", "--format", "count").stdout == "1\n"


# 7. Once identified, all its conversations and data belong to the contact, across all devices.


def test_once_identified_conversations_belong_to_the_contact_across_devices(visitors: Visitors) -> None:
    for device in ("laptop", "phone"):
        visitors("track", "--id", device)
    early = visitors("conversations", "start", "laptop", "--message", "before").stdout.strip()
    assert shown(visitors, "phone")["conversations"] == []
    visitors("identify", "laptop", "--external-id", "user-1")
    visitors("identify", "phone", "--external-id", "user-1")
    late = visitors("conversations", "start", "phone", "--message", "after").stdout.strip()
    for device in ("laptop", "phone"):
        assert [one["id"] for one in shown(visitors, device)["conversations"]] == [late, early]
    listed = visitors("conversations", "list", "--contact", "ext:user-1", "--format", "ids").lines
    assert listed == [late, early]
    page = visitors("contacts", "show", "ext:user-1", "--format", "json").json
    assert [one["id"] for one in page["conversations"]] == [late, early]
    assert sorted(device["id"] for device in page["devices"]) == ["laptop", "phone"]


def test_a_conversation_of_somebody_else_is_not_the_contacts(visitors: Visitors, anonymous: str) -> None:
    visitors("conversations", "start", anonymous, "--message", "mine")
    visitors("track", "--id", "known")
    visitors("identify", "known", "--external-id", "user-1")
    assert shown(visitors, "known")["conversations"] == []
    assert visitors("conversations", "list", "--contact", "ext:user-1", "--format", "count").stdout == "0\n"
