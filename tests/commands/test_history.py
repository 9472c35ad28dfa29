from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"
WEDNESDAY = "2026-03-04T09:00:00.000Z"


@pytest.fixture(autouse=True)
def store(visitors: Visitors) -> None:
    """Three days of work of two people."""
    visitors("create", "--id", "a", "--as", "eve", now=MONDAY)
    visitors("create", "--id", "b", "--as", "bob", now=MONDAY)
    visitors("identify", "a", "--external-id", "u", "--name", "Ada", "--as", "bob", now=TUESDAY)
    visitors("block", "a", "b", "--reason", "spam", "--as", "eve", now=WEDNESDAY)


def commands(visitors: Visitors, *arguments: str, now: str | None = None) -> list[str]:
    return [one["command"] for one in visitors("history", *arguments, "--format", "json", now=now).json]


def test_operations_come_newest_first_with_who_when_and_how_many_changes(visitors: Visitors) -> None:
    newest, *_, oldest = visitors("history", "--format", "json").json
    assert list(newest) == ["id", "at", "actor", "command", "arguments", "changeCount", "undoneBy"]
    assert (newest["at"], newest["actor"], newest["command"]) == (WEDNESDAY, "eve", "block")
    assert (newest["arguments"], newest["changeCount"]) == (["--reason"], 2)
    assert (oldest["at"], oldest["actor"], oldest["command"]) == (MONDAY, "eve", "create")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["block", "identify", "create", "create"]),
        (("--by", "eve"), ["block", "create"]),
        (("--by", "ev"), []),
        (("--command", "create"), ["create", "create"]),
        (("--command", "create", "--by", "bob"), ["create"]),
        (("--since", "2026-03-03"), ["block", "identify"]),
        (("--since", WEDNESDAY), ["block"]),
        (("--since", "24h"), ["block"]),
        (("--since", "25h"), ["block", "identify"]),
        (("--limit", "2"), ["block", "identify"]),
        (("--limit", "0"), ["block", "identify", "create", "create"]),
    ],
)
def test_each_filter_chooses_what_it_should(
    visitors: Visitors, arguments: tuple[str, ...], expected: list[str]
) -> None:
    now = "2026-03-05T09:00:00.000Z" if arguments[-1:] != ("25h",) else "2026-03-04T10:00:00.000Z"
    assert commands(visitors, *arguments, now=now) == expected
    if "--limit" not in arguments:
        assert visitors("history", *arguments, "--format", "count", now=now).stdout == f"{len(expected)}\n"


def test_pages_of_operations_follow_one_another(visitors: Visitors) -> None:
    whole = visitors("history", "--format", "ids").lines
    found: list[str] = []
    for _page in whole:
        after = ("--after", found[-1]) if found else ()
        found += visitors("history", "--limit", "1", *after, "--format", "ids").lines
    assert found == whole
    assert visitors("history", "--limit", "1", "--after", whole[-1], "--format", "ids").lines == []
    visitors("history", "--after", "nonsense", code=3)


def test_the_changes_of_a_visitor_with_the_fields_before_and_after(visitors: Visitors) -> None:
    visitors("update", "a", "--city", "Bonn", "--as", "eve", now=WEDNESDAY)
    changes = visitors("history", "a", "--format", "json").json
    assert [(one["command"], one["kind"], one["action"]) for one in changes] == [
        ("update", "visitor", "changed"),
        ("block", "block", "created"),
        ("identify", "visitor", "changed"),
        ("create", "visitor", "created"),
    ]
    update, block, _, create = changes
    assert (update["before"], update["after"]) == (
        {"city": None, "updatedAt": TUESDAY},
        {"city": "Bonn", "updatedAt": WEDNESDAY},
    )
    assert (block["before"], block["after"]["visitorId"], block["after"]["reason"]) == (None, "a", "spam")
    assert (create["before"], create["after"]["id"]) == (None, "a")


@pytest.mark.parametrize("reference", ["ext:u", "id"])
def test_the_changes_of_a_contact(visitors: Visitors, reference: str) -> None:
    if reference == "id":
        reference = visitors("show", "a", "--format", "json").json["contact"]["id"]
    (change,) = visitors("history", reference, "--format", "json").json
    assert (change["kind"], change["action"], change["after"]["name"]) == ("contact", "created", "Ada")


def test_the_changes_of_an_operation(visitors: Visitors) -> None:
    (operation,) = visitors("history", "--command", "block", "--format", "ids").lines
    changes = visitors("history", "--operation", operation, "--format", "json").json
    assert {change["after"]["visitorId"] for change in changes} == {"a", "b"}
    assert visitors("history", "a", "--operation", operation, "--format", "count").stdout == "1\n"


def test_filters_hold_for_changes_too(visitors: Visitors) -> None:
    assert commands(visitors, "a", "--by", "bob") == ["identify"]
    assert commands(visitors, "a", "--command", "block") == ["block"]
    assert commands(visitors, "a", "--since", "2026-03-03") == ["block", "identify"]
    assert commands(visitors, "a", "--limit", "1") == ["block"]


def test_who_is_unknown_is_not_found(visitors: Visitors) -> None:
    visitors("history", "nobody", code=3)
    visitors("history", "ext:nobody", code=3)
    visitors("history", "--operation", "nothing", code=3)


def test_an_empty_reference_is_an_error_and_not_everybody(visitors: Visitors) -> None:
    for arguments in (("",), ("--operation", ""), ("--since", "")):
        refused = visitors("history", *arguments, code=None)
        assert refused.code in (2, 3, 5), arguments
        assert refused.stdout == ""


def test_a_cursor_is_not_ignored_where_changes_are_listed(visitors: Visitors) -> None:
    refused = visitors("history", "a", "--after", "nonsense", code=None)
    assert refused.code in (2, 3)


def test_reading_records_no_operation(visitors: Visitors) -> None:
    before = visitors("history", "--format", "count").stdout
    for command in (("list",), ("show", "a"), ("export",), ("contacts", "list"), ("history", "a"), ("db", "info")):
        visitors(*command)
    assert visitors("history", "--format", "count").stdout == before


def test_the_arguments_are_names_and_never_values(visitors: Visitors) -> None:
    visitors("track", "--id", "secret-id", "--ip=203.0.113.7", "--city", "Secretville")
    operation = visitors("history", "--limit", "1", "--format", "json").json[0]
    assert operation["arguments"] == ["--city", "--id", "--ip"]


def test_the_history_of_a_deleted_visitor_remains(visitors: Visitors) -> None:
    visitors("delete", "a")
    assert commands(visitors, "a")[0] == "delete"


def test_an_option_of_two_sides_is_recorded_as_it_was_typed(visitors: Visitors) -> None:
    visitors("create", "--id", "c")
    assert visitors("delete", "--anonymous", "--not-blocked", "--yes").lines == ["c"]
    visitors("unblock", "--identified", "--blocked", "--yes")
    newest, before = visitors("history", "--limit", "2", "--format", "json").json
    assert newest["arguments"] == ["--blocked", "--identified", "--yes"]
    assert before["arguments"] == ["--anonymous", "--not-blocked", "--yes"]


def test_the_history_of_a_visitor_has_its_messages(visitors: Visitors) -> None:
    visitors("unblock", "a")
    started = visitors("conversations", "start", "a").stdout.strip()
    before = visitors("history", "a", "--format", "json").json
    visitors("conversations", "reply", started, "Hello?", "--as-visitor", "a")
    after = visitors("history", "a", "--format", "json").json
    new = [change for change in after if change not in before]
    assert "Hello?" in [(change["after"] or {}).get("body") for change in new]


def test_what_only_the_history_has_is_found_by_its_whole_id(visitors: Visitors) -> None:
    visitors("create", "--id", "gone")
    visitors("undo")

    told = visitors("history", "gone", "--format", "json").json

    assert [(one["command"], one["action"]) for one in told] == [("undo", "removed"), ("create", "created")]
    visitors("history", "gon", code=3)


def test_a_receipt_can_be_had_again_from_the_store(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")
    visitors("create", "--id", "v2")
    given = visitors("erase", "v1", "--yes").stdout
    operation = json.loads(given)["operationId"]
    assert visitors("history", "--operation", operation, "--receipt").stdout == given
    told = visitors("db", "check", "--receipt", "-", input=given)
    assert "verifies" in told.stderr
    created = visitors("history", "--command", "create", "--limit", "1", "--format", "ids").stdout.strip()
    refused = visitors("history", "--operation", created, "--receipt", "--format", "json", code=3)
    assert refused.error["code"] == "no_receipt"
    for words in (("--receipt",), ("v2", "--receipt"), ("--operation", operation, "--receipt", "--limit", "1")):
        visitors("history", *words, code=2)
