from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def test_into_a_pipe_it_prints_the_id_whichever_way_it_was_found(visitors: Visitors) -> None:
    assert visitors("track", "--id", "v", "--fingerprint", "fp").stdout == "v\n"
    assert visitors("track", "--id", "v").stdout == "v\n"
    assert visitors("track", "--fingerprint", "fp").stdout == "v\n"


def test_resolved_by_can_be_asked_for_alone(visitors: Visitors) -> None:
    assert visitors("track", "--id", "v", "--fields", "id,resolvedBy").stdout == "id\tresolvedBy\nv\tcreated\n"


def test_each_page_load_that_changes_something_is_one_operation(visitors: Visitors) -> None:
    visitors("track", "--id", "v", now=MONDAY)
    visitors("track", "--id", "v", "--language", "de", now=TUESDAY)
    assert visitors("history", "--command", "track", "--format", "count").stdout == "2\n"


def test_the_same_page_load_at_the_same_moment_records_no_operation(visitors: Visitors) -> None:
    for _twice in range(2):
        visitors("track", "--id", "v", "--language", "de", now=MONDAY)
    assert visitors("history", "--format", "count").stdout == "1\n"


def test_the_contact_comes_with_a_visitor_that_is_known(visitors: Visitors) -> None:
    visitors("track", "--id", "v")
    visitors("identify", "v", "--email", "ada@example.com")
    answer = visitors("track", "--id", "v", "--format", "json").json
    assert answer["contact"]["email"] == "ada@example.com"


@pytest.mark.parametrize("option", ["--email=a@example.com", "--name=Ada", "--external-id=u", "--contact=c"])
def test_it_takes_nothing_about_a_person(visitors: Visitors, option: str) -> None:
    assert "no such option" in visitors("track", option, code=2).stderr


def test_it_takes_no_visitor_as_an_argument(visitors: Visitors) -> None:
    visitors("track", "v", code=2)
