from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.fixture
def started(visitors: Visitors) -> dict[str, str]:
    """Four conversations by name: on two of Ada's devices, by Bob, and by a stranger."""
    for visitor, person in (("laptop", "ada"), ("phone", "ada"), ("pc", "bob"), ("stranger", None)):
        visitors("create", "--id", visitor)
        if person:
            visitors("identify", visitor, "--external-id", person)
    rows = {"one": ("laptop", "low"), "two": ("phone", "high"), "three": ("pc", "high"), "four": ("stranger", "normal")}
    return {
        name: visitors(
            "conversations", "start", visitor, "--priority", priority, now=f"2026-03-0{number}"
        ).stdout.strip()
        for number, (name, (visitor, priority)) in enumerate(rows.items(), start=1)
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["four", "three", "two", "one"]),
        (("--reverse",), ["one", "two", "three", "four"]),
        (("--visitor", "laptop"), ["one"]),
        (("--visitor", "lap"), ["one"]),
        (("--contact", "ext:ada"), ["two", "one"]),
        (("--contact", "ext:ada", "--visitor", "phone"), ["two"]),
        (("--contact", "ext:ada", "--visitor", "pc"), []),
        (("--priority", "high"), ["three", "two"]),
        (("--status", "open"), ["four", "three", "two", "one"]),
        (("--status", "resolved"), []),
        (("--sort", "id"), ["one", "two", "three", "four"]),
        (("--sort", "createdAt"), ["four", "three", "two", "one"]),
        (("--sort", "updatedAt", "--reverse"), ["one", "two", "three", "four"]),
        (("--sort", "status"), ["one", "two", "three", "four"]),
        (("--limit", "2"), ["four", "three"]),
        (("--visitor", "laptop", "--visitor", "pc"), ["three", "one"]),
        (("--contact", "ext:ada", "--contact", "ext:bob"), ["three", "two", "one"]),
        (("--priority", "high", "--priority", "LOW"), ["three", "two", "one"]),
        (("--status", "open", "--status", "spam", "--visitor", "pc"), ["three"]),
        (("--since", "2026-03-02", "--until", "2026-03-04"), ["three", "two"]),
        (("--until", "2026-03-01"), []),
        (("--search", "%"), []),
        (("--unanswered",), []),
    ],
)
def test_each_option_chooses_and_orders_what_it_should(
    visitors: Visitors, started: dict[str, str], arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert visitors("conversations", "list", *arguments, "--format", "ids").lines == [started[one] for one in expected]


@pytest.mark.parametrize("field", ["", "id", "status", "createdAt", "updatedAt"])
def test_all_pages_together_are_the_listing(visitors: Visitors, started: dict[str, str], field: str) -> None:
    sort = ("--sort", field) if field else ()
    whole = visitors("conversations", "list", *sort, "--format", "ids").lines
    first = visitors("conversations", "list", *sort, "--limit", "3", "--format", "ids").lines
    second = visitors("conversations", "list", *sort, "--limit", "3", "--after", first[-1], "--format", "ids").lines
    assert first + second == whole
    assert len(whole) == len(started)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--visitor", "nobody"), 3),
        (("--contact", "ext:nobody"), 3),
        (("--status", "lost"), 2),
        (("--priority", "none"), 2),
        (("--sort", "title"), 2),
        (("--since", "1d", "--until", "2d"), 2),
        (("--unanswered", "--status", "resolved"), 2),
        (("--search", " "), 5),
        (("--after", "nothing"), 3),
    ],
)
def test_invalid_options_are_refused(visitors: Visitors, arguments: tuple[str, str], code: int) -> None:
    assert visitors("conversations", "list", *arguments, code=code).stdout == ""


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("option", ["--visitor", "--contact"])
def test_an_empty_reference_is_an_error_and_not_everybody(visitors: Visitors, option: str) -> None:
    refused = visitors("conversations", "list", option, "", code=None)
    assert refused.code in (2, 3, 5)
    assert refused.stdout == ""


@pytest.fixture
def talks(visitors: Visitors) -> dict[str, str]:
    """Conversations with a distinguishing property each."""

    def start(title: str, *messages: str, agent: str = "") -> str:
        conversation = visitors("conversations", "start", "v", "--title", title).stdout.strip()
        for message in messages:
            visitors("conversations", "reply", conversation, message, "--as-visitor", "v")
        if agent:
            visitors("conversations", "reply", conversation, agent, "--as-agent", "jo")
        return str(conversation)

    visitors("create", "--id", "v")
    return {
        "silent": start("Größe"),
        "asked": start("Refund", "Wo ist meine GRÖSSE 100%?"),
        "answered": start("Anything", "hello", agent="La réponse_1"),
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--search", "grosse"], ["asked", "silent"]),
        (["--search", "GRÖẞE 1"], ["asked"]),
        (["--search", "REPONSE"], ["answered"]),
        (["--search", "fund", "--search", "ell"], ["answered", "asked"]),
        (["--search", "0%"], ["asked"]),
        (["--search", "e_"], ["answered"]),
        (["--search", "_e"], []),
        (["--search", "refund wo"], []),
        (["--search", '" OR 1=1 --'], []),
        (["--unanswered"], ["asked"]),
        (["--unanswered", "--status", "open", "--search", "e"], ["asked"]),
    ],
)
def test_a_search_finds_parts_of_titles_and_messages_and_unanswered_who_waits(
    visitors: Visitors, talks: dict[str, str], arguments: list[str], expected: list[str]
) -> None:
    assert visitors("conversations", "list", *arguments, "--format", "ids").lines == [talks[one] for one in expected]
    assert visitors("conversations", "list", *arguments, "--format", "count").stdout == f"{len(expected)}\n"


def test_what_is_resolved_is_not_unanswered(visitors: Visitors, talks: dict[str, str]) -> None:
    visitors("conversations", "resolve", talks["asked"])
    assert visitors("conversations", "list", "--unanswered", "--format", "ids").lines == []
