from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-02T09:00:00.000Z"


def test_into_a_pipe_it_prints_the_conversations_id(visitors: Visitors, anonymous: str) -> None:
    started = visitors("conversations", "start", anonymous)
    assert started.lines == visitors("conversations", "list", "--format", "ids").lines


def test_what_is_given_is_kept(visitors: Visitors, anonymous: str) -> None:
    answer = visitors(
        "conversations", "start", anonymous, "--title", " Help ", "--message", "line 1\nline 2", "--priority", "urgent",
        "--format", "json", now=NOW,
    ).json  # fmt: skip
    assert {key: value for key, value in answer.items() if key != "id"} == {
        "title": "Help", "status": "open", "priority": "urgent", "visitorId": anonymous, "contactId": None,
        "messageCount": 1, "createdAt": NOW, "updatedAt": NOW, "resolvedAt": None,
    }  # fmt: skip


def test_by_default_it_is_normal_without_title_and_message(visitors: Visitors, anonymous: str) -> None:
    answer = visitors("conversations", "start", anonymous, "--format", "json").json
    assert (answer["title"], answer["priority"], answer["messageCount"]) == (None, "normal", 0)


def test_of_an_identified_visitor_it_belongs_to_the_contact(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u")
    contact = visitors("show", anonymous, "--format", "json").json["contact"]["id"]
    assert visitors("conversations", "start", anonymous, "--format", "json").json["contactId"] == contact


def test_each_run_starts_another_conversation(visitors: Visitors, anonymous: str) -> None:
    for _twice in range(2):
        visitors("conversations", "start", anonymous[:20], "--message", "Hi")
    assert visitors("conversations", "list", "--format", "count").stdout == "2\n"
    assert visitors("history", "--command", "conversations start", "--format", "count").stdout == "2\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--message", ""), 5),
        (("--message", "x" * 1_000_001), 5),
        (("--title", " "), 5),
        (("--title", "x" * 1_001), 5),
        (("--priority", "whenever"), 2),
    ],
)
def test_invalid_options_start_nothing(
    visitors: Visitors, anonymous: str, everything: Everything, arguments: tuple[str, ...], code: int
) -> None:
    before = everything()
    visitors("conversations", "start", anonymous, *arguments, code=code)
    assert everything() == before


def test_of_nobody_is_not_found(visitors: Visitors, anonymous: str) -> None:
    visitors("conversations", "start", f"{anonymous}x", code=3)
    visitors("conversations", "start", code=2)


def test_the_message_may_come_from_standard_input(visitors: Visitors, anonymous: str) -> None:
    started = visitors("conversations", "start", anonymous, "--message", "-", input="line 1\nline 2\n").stdout.strip()
    (message,) = visitors("conversations", "show", started, "--format", "json").json["messages"]
    assert message["body"] == "line 1\nline 2"


def test_an_empty_message_from_standard_input_starts_nothing(
    visitors: Visitors, anonymous: str, everything: Everything
) -> None:
    before = everything()
    visitors("conversations", "start", anonymous, "--message", "-", input="", code=5)
    assert everything() == before


@pytest.mark.parametrize("text", ["<!DOCTYPE html>\n<p>my page</p>", "PK\x03\x04 what is this?", "[1]", "id"])
def test_a_message_on_standard_input_may_be_any_text(visitors: Visitors, anonymous: str, text: str) -> None:
    started = visitors("conversations", "start", anonymous, "--message", "-", input=text).stdout.strip()
    page = visitors("conversations", "show", started, "--format", "json").json
    assert page["messages"][0]["body"] == text
