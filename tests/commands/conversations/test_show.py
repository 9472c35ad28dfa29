from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]


def test_it_shows_conversations_with_their_messages(visitors: Visitors, anonymous: str) -> None:
    first = visitors("conversations", "start", anonymous, "--title", "First", "--message", "Hi").stdout.strip()
    second = visitors("conversations", "start", anonymous).stdout.strip()
    page = visitors("conversations", "show", first, "--format", "json").json
    assert (page["id"], page["title"], [message["body"] for message in page["messages"]]) == (first, "First", ["Hi"])
    pages = visitors("conversations", "show", "-", "--format", "json", input=f"{second}\n{first}\n").json
    assert [one["id"] for one in pages] == [second, first]
    assert pages[0]["messages"] == []


def test_json_is_an_array_if_several_were_named_even_if_only_one_is_found(visitors: Visitors, anonymous: str) -> None:
    started = visitors("conversations", "start", anonymous).stdout.strip()
    pages = visitors("conversations", "show", started, "nothing", "--ignore-missing", "--format", "json").json
    assert [one["id"] for one in pages] == [started]


def test_as_a_table_it_is_a_page_that_shows_what_was_said_harmlessly(visitors: Visitors, anonymous: str) -> None:
    started = visitors("conversations", "start", anonymous, "--message", "\x1b[31m[bold]red[/bold]").stdout.strip()
    page = visitors("conversations", "show", started, "--format", "table").stdout
    assert "\x1b[31m" not in page
    assert "[bold]red[/bold]" in page


def test_one_unknown_conversation_means_that_none_is_shown(visitors: Visitors, anonymous: str) -> None:
    started = visitors("conversations", "start", anonymous).stdout.strip()
    missing = visitors("conversations", "show", started, "nothing", "--format", "json", code=3)
    assert (missing.stdout, missing.error["code"]) == ("", "conversation_not_found")


def test_as_a_table_a_message_keeps_its_line_breaks_and_nothing_else_that_is_harmful(
    visitors: Visitors, anonymous: str
) -> None:
    message = "first line\nsecond \x1b[2Jline\r\nthird\x07 line"
    started = visitors("conversations", "start", anonymous, "--message", message).stdout.strip()
    page = visitors("conversations", "show", started, "--format", "table")
    places = [
        [number for number, line in enumerate(page.lines) if word in line] for word in ("first", "second", "third")
    ]
    assert places == [[places[0][0]], [places[0][0] + 1], [places[0][0] + 2]]
    assert not set(page.stdout) & {"\x1b", "\r", "\x07"}
