"""The output of the command; its effect is tested in tests/people/test_split_rules.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]


def test_it_is_one_operation_and_prints_the_new_contact(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "a@example.com")
    split = visitors("contacts", "split", "a@example.com", anonymous, "--name", "Bea", "--format", "table")
    assert visitors("history", "--command", "contacts split", "--format", "count").stdout == "1\n"
    assert visitors("show", anonymous, "--format", "json").json["contact"]["id"] in split.stdout + split.stderr


def test_a_visitor_named_twice_is_taken_once(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "a@example.com")
    new_id = visitors("contacts", "split", "a@example.com", anonymous, anonymous[:20]).stdout.strip()
    page = visitors("contacts", "show", new_id, "--format", "json").json
    assert [device["id"] for device in page["devices"]] == [anonymous]
    assert len(visitors("show", anonymous, "--format", "json").json["links"]) == 2


def test_a_dry_run_into_a_pipe_prints_no_id_since_there_is_none(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "a@example.com")
    answer = visitors("contacts", "split", "a@example.com", anonymous, "--dry-run")
    assert answer.stdout == ""
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"


def test_of_blank_standard_input_it_is_a_usage_error(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "a@example.com")
    for given in ("", "\n", " \n\n"):
        answer = visitors("contacts", "split", "a@example.com", "-", input=given, code=2)
        assert answer.stdout == ""
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"
