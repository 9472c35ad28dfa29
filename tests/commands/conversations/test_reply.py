from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"
FRIDAY = "2026-03-06T09:00:00.000Z"


@pytest.fixture
def started(visitors: Visitors) -> str:
    """A conversation on Ada's laptop; she also has a phone, and there is a stranger."""
    for device in ("laptop", "phone", "stranger"):
        visitors("create", "--id", device)
    for device in ("laptop", "phone"):
        visitors("identify", device, "--external-id", "ada")
    return str(visitors("conversations", "start", "laptop", "--message", "Hi", now=MONDAY).stdout.strip())


def shown(visitors: Visitors, conversation: str) -> Any:
    return visitors("conversations", "show", conversation, "--format", "json").json


def test_who_wrote_what_and_when_is_kept_in_order(visitors: Visitors, started: str) -> None:
    visitors("conversations", "reply", started, " What is it? ", "--as-agent", "Bea", now=TUESDAY)
    answer = visitors("conversations", "reply", started, "line 1\nline 2", "--as-visitor", "phone", now=FRIDAY)
    assert answer.stdout == f"{started}\n"
    page = shown(visitors, started)
    keys = ("visitorId", "agent", "body", "createdAt")
    assert [tuple(message[key] for key in keys) for message in page["messages"]] == [
        ("laptop", None, "Hi", MONDAY),
        (None, "Bea", "What is it?", TUESDAY),
        ("phone", None, "line 1\nline 2", FRIDAY),
    ]
    assert (page["messageCount"], page["updatedAt"], page["status"]) == (3, FRIDAY, "open")


@pytest.mark.parametrize("who", [("--as-agent", "Bea"), ("--as-visitor", "phone")])
def test_a_resolved_conversation_opens_again(visitors: Visitors, started: str, who: tuple[str, str]) -> None:
    visitors("conversations", "resolve", started, now=TUESDAY)
    answer = visitors("conversations", "reply", started, "Still broken", *who, "--format", "json", now=FRIDAY).json
    assert (answer["status"], answer["resolvedAt"], answer["updatedAt"]) == ("open", None, FRIDAY)


def test_a_reply_has_one_author(visitors: Visitors, started: str) -> None:
    nobody = visitors("conversations", "reply", started, "Hi", code=2)
    assert nobody.stderr.startswith("error: no author given")
    both = visitors("conversations", "reply", started, "Hi", "--as-visitor", "phone", "--as-agent", "Bea", code=2)
    assert both.stderr.startswith("error: --as-visitor and --as-agent cannot be combined")


def test_spam_stays_spam(visitors: Visitors, started: str) -> None:
    visitors("conversations", "spam", started)
    answer = visitors("conversations", "reply", started, "Buy!", "--as-visitor", "laptop", "--format", "json").json
    assert (answer["status"], answer["messageCount"]) == ("spam", 2)


def test_a_message_of_1_mb_is_fine_and_one_character_more_is_not(
    visitors: Visitors, started: str, everything: Everything
) -> None:
    long = "ä" * 1_000_000
    visitors("conversations", "reply", started, "-", "--as-visitor", "laptop", input=long)
    assert shown(visitors, started)["messages"][-1]["body"] == long
    before = everything()
    refused = visitors(
        "conversations", "reply", started, "-", "--as-visitor", "laptop", "--format", "json", input=long + "!", code=5
    )
    assert refused.error["code"] == "too_long"
    assert "1,000,001" in refused.error["message"]
    assert everything() == before


@pytest.mark.parametrize("target", [("phone",), ("--contact", "ext:ada")])
def test_who_is_blocked_may_not_reply_until_it_ends(
    visitors: Visitors, started: str, everything: Everything, target: tuple[str, ...]
) -> None:
    visitors("block", *target, "--until", FRIDAY, now=MONDAY)
    before = everything()
    for words in (("reply", started, "Hi", "--as-visitor", "phone"), ("start", "phone")):
        refused = visitors("conversations", *words, "--format", "json", now=TUESDAY, code=4)
        assert refused.error["code"] == "visitor_blocked"
    assert everything() == before
    visitors("conversations", "reply", started, "We heard you.", "--as-agent", "Bea", now=TUESDAY)
    visitors("conversations", "reply", started, "Hi", "--as-visitor", "phone", now=FRIDAY)


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("Hi", "--as-visitor", "stranger"), "not_of_visitor", 4),
        (("Hi", "--as-visitor", "nobody"), "visitor_not_found", 3),
        (("Hi",), "usage", 2),
        (("Hi", "--as-visitor", "laptop", "--as-agent", "Bea"), "usage", 2),
        ((" ", "--as-visitor", "laptop"), "empty", 5),
        (("Hi", "--as-agent", ""), "empty", 5),
        (("a\0b", "--as-agent", "Bea"), "invalid_text", 5),
    ],
)
def test_what_is_refused_changes_nothing(
    visitors: Visitors, started: str, everything: Everything, words: tuple[str, ...], code: str, status: int
) -> None:
    before = everything()
    answer = visitors("conversations", "reply", started, *words, "--format", "json", code=status)
    assert answer.error["code"] == code
    assert everything() == before


def test_in_no_conversation_is_not_found(visitors: Visitors, started: str) -> None:
    visitors("conversations", "reply", f"{started}x", "Hi", "--as-agent", "Bea", code=3)


def test_in_the_conversation_of_a_deleted_visitor(visitors: Visitors, started: str, everything: Everything) -> None:
    nobodys = visitors("conversations", "start", "stranger").stdout.strip()
    visitors("delete", "laptop", "stranger")
    before = everything()
    for conversation, *who in ((started, "--as-visitor", "laptop"), (nobodys, "--as-agent", "Bea")):
        refused = visitors("conversations", "reply", conversation, "Hi", *who, "--format", "json", code=4)
        assert refused.error["code"] == "visitor_deleted"
    refused = visitors("conversations", "start", "laptop", "--format", "json", code=4)
    assert (refused.error["code"], refused.error["hint"]) == ("visitor_deleted", "visitors restore laptop")
    assert everything() == before
    assert visitors("show", "phone", "--format", "json").json["conversations"][0]["id"] == started
    visitors("conversations", "reply", started, "It is still mine.", "--as-visitor", "phone")
    visitors("restore", "laptop")
    visitors("conversations", "reply", started, "Mine, too.", "--as-visitor", "laptop")
    assert shown(visitors, started)["messageCount"] == 3


def test_an_agent_may_answer_a_person_whose_first_device_was_deleted(visitors: Visitors, started: str) -> None:
    visitors("delete", "laptop")
    assert visitors("conversations", "reply", started, "Still there?", "--as-agent", "Bea").lines == [started]
    message = shown(visitors, started)["messages"][-1]
    assert (message["agent"], message["body"]) == ("Bea", "Still there?")
