"""The filters of every listing: what they match, and that hostile values match nothing."""

from __future__ import annotations

import json

import pytest

from conftest import Visitors

HOSTILE = ("' OR 1=1 --", '"; DROP TABLE visitors; --', "%", "_", "?", "\x1b[2J", "[/red]", "\u202e", "*", "a" * 900)


@pytest.fixture(autouse=True)
def store(visitors: Visitors) -> None:
    """Two visitors, one of them of a person, blocked and waiting for an answer."""
    rows = [
        {"id": "a", "ip": "203.0.113.7", "fingerprint": "fp-a", "contact": {"id": "A", "email": "ada@example.com"}},
        {"id": "b", "ip": "2001:db8::7"},
    ]
    visitors("import", "-", input="\n".join(map(json.dumps, rows)))
    visitors("conversations", "start", "a", "--title", "Größe", "--message", "Ça va bien")
    visitors("block", "a", "--reason", "Spam", "--as", "jo")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("list --ip 203.0.113.0/24", ["a"]),
        ("list --ip 2001:db8::/32", ["b"]),
        ("list --fingerprint fp-a", ["a"]),
        ("list --email-domain EXAMPLE.com", ["a"]),
        ("list --blocked-since 1h", ["a"]),
        ("list --blocked-by jo", ["a"]),
        ("list --block-reason spam", ["a"]),
        ("list --blocked-until now --blocked", ["a"]),
        ("list --updated-since 1h --ip 203.0.113.7", ["a"]),
        ("contacts list --has-visitors --email-domain example.com", ["A"]),
        ("contacts list --no-visitors", []),
    ],
)
def test_a_filter_chooses_by_its_field(visitors: Visitors, words: str, expected: list[str]) -> None:
    assert visitors(*words.split(), "--format", "ids").lines == expected


def test_conversations_are_chosen_by_all_texts_whatever_their_case_and_accents(visitors: Visitors) -> None:
    words = ("conversations", "list", "--unanswered", "--search", "grosse", "--search", "CA VA")
    assert len(visitors(*words, "--format", "ids").lines) == 1


def test_an_assertion_counts_what_a_filter_chooses(visitors: Visitors) -> None:
    visitors("assert", "--blocked-since", "1h", "--max", "0", code=8)
    visitors("assert", "--blocked-since", "1h", "--count", "1")


@pytest.mark.parametrize(
    "words",
    [
        *(("list", option) for option in ("--ip", "--fingerprint", "--email-domain", "--blocked-by", "--block-reason")),
        *(("contacts", "list", option) for option in ("--email-domain", "--metadata", "--search")),
        ("conversations", "list", "--search"),
    ],
    ids=" ".join,
)
def test_a_hostile_value_is_refused_or_chooses_nothing_and_does_no_harm(
    visitors: Visitors, words: tuple[str, ...]
) -> None:
    for value in HOSTILE:
        done = visitors(*words[:-1], f"{words[-1]}={value}", "--format", "ids", code=None)
        assert done.code in (0, 2, 5), done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
    assert visitors("list", "--sort", "id", "--format", "ids").lines == ["a", "b"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_length_of_a_network_is_refused(visitors: Visitors, value: str) -> None:
    visitors("list", f"--ip=203.0.113.0/{value}", code=5)
