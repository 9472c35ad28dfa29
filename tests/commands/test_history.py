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
    """Three days of two people's work."""
    visitors("create", "--id", "a", "--as", "eve", now=MONDAY)
    visitors("create", "--id", "b", "--as", "bob", now=MONDAY)
    visitors("identify", "a", "--external-id", "u", "--name", "Ada", "--as", "bob", now=TUESDAY)
    visitors("block", "a", "b", "--reason", "spam", "--as", "eve", now=WEDNESDAY)


def commands(visitors: Visitors, *arguments: str, now: str | None = None) -> list[str]:
    return [one["command"] for one in visitors("history", *arguments, "--format", "json", now=now).json]


def test_operations_come_newest_first_with_who_when_and_how_many_changes(visitors: Visitors) -> None:
    newest, *_, oldest = visitors("history", "--format", "json").json
    assert list(newest) == [
        "id", "at", "actor", "command", "arguments", "changeCount", "undoneBy",
        "targets", "targetCount", "reason", "expiresAt",
    ]  # fmt: skip
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


def test_a_receipt_can_be_retrieved_from_the_store(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")
    visitors("create", "--id", "v2")
    given = visitors("erase", "v1", "--yes").stdout
    operation = json.loads(given)["operationId"]
    assert visitors("history", "--operation", operation, "--receipt").stdout == given
    told = visitors("db", "check", "--receipt", "-", input=given)
    assert "is valid" in told.stderr
    created = visitors("history", "--command", "create", "--limit", "1", "--format", "ids").stdout.strip()
    refused = visitors("history", "--operation", created, "--receipt", "--format", "json", code=3)
    assert refused.error["code"] == "no_receipt"
    for words in (("--receipt",), ("v2", "--receipt"), ("--operation", operation, "--receipt", "--limit", "1")):
        visitors("history", *words, code=2)


def targets(visitors: Visitors, *words: str) -> list[tuple[list[str], int | None]]:
    found = visitors("history", *words, "--format", "json").json
    return [([one["id"] for one in operation["targets"]], operation["targetCount"]) for operation in found]


def test_an_operation_shows_its_targets_reason_and_expiry(visitors: Visitors) -> None:
    contact = visitors("show", "a", "--format", "json").json["contact"]["id"]
    visitors("unblock", "b")
    visitors("block", "--contact", contact, "--for", "7d", now=WEDNESDAY)
    assert targets(visitors) == [
        ([contact], 1),
        (["b"], 1),
        (["a", "b"], 2),
        (["a", contact], 2),
        (["b"], 1),
        (["a"], 1),
    ]
    newest, _, block, identify, *_ = visitors("history", "--format", "json").json
    assert (newest["targets"], newest["reason"]) == ([{"kind": "contact", "id": contact}], None)
    assert newest["expiresAt"] == "2026-03-11T09:00:00.000Z"
    assert (block["reason"], block["expiresAt"]) == ("spam", None)
    assert (identify["reason"], identify["expiresAt"]) == (None, None)


def test_a_person_sees_the_targets_and_reason_of_an_operation(visitors: Visitors) -> None:
    table = visitors("history", "--format", "table", "--command", "block").stdout
    assert "a, b" in table
    assert "spam" in table


def test_of_many_targets_the_first_few_are_shown_and_how_many_more(
    visitors: Visitors, fill: Callable[..., None]
) -> None:
    fill(*({"id": f"v{number:04}"} for number in range(1_005)))
    visitors("delete", *(f"v{number:04}" for number in range(20)))
    deleted, imported = targets(visitors)[:2]
    assert deleted == (["v0000", "v0001", "v0002"], 20)
    assert imported == (["v0000", "v0001", "v0002"], None)
    table = visitors("history", "--limit", "2", "--format", "table").stdout
    assert "and 17 more" in " ".join(table.split())
    assert "many" in table


def test_a_merge_is_about_contacts_before_visitors(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "other", "--email", "o@example.com")
    visitors("identify", "b", "--email", "o@example.com")
    contact = visitors("show", "a", "--format", "json").json["contact"]["id"]
    visitors("contacts", "merge", contact, "other", "--yes")
    ((found, count), *_) = targets(visitors)
    assert (set(found), count) == ({contact, "other", "b"}, 3)
    assert found[2] == "b"


def test_what_was_created_and_taken_back_is_still_a_target(visitors: Visitors) -> None:
    visitors("create", "--id", "gone")
    visitors("undo")
    assert targets(visitors, "--limit", "2") == [(["gone"], 1), (["gone"], 1)]
    visitors("block", "a", "--reason", "more")
    visitors("undo")
    assert targets(visitors, "--limit", "2") == [(["a"], 1), (["a"], 1)]


def test_erasing_takes_the_targets_away(visitors: Visitors) -> None:
    visitors("erase", "b", "--yes")
    assert all("b" not in found for found, _ in targets(visitors))


def test_until_leaves_out_what_was_done_then_or_later(visitors: Visitors) -> None:
    assert commands(visitors, "--until", WEDNESDAY) == ["identify", "create", "create"]
    assert commands(visitors, "--since", TUESDAY, "--until", WEDNESDAY) == ["identify"]
    assert commands(visitors, "a", "--until", TUESDAY) == ["create"]


def test_times_the_wrong_way_round_are_refused(visitors: Visitors) -> None:
    assert "is after --until" in visitors("history", "--since", WEDNESDAY, "--until", TUESDAY, code=2).stderr


def test_kind_chooses_operations_and_changes_by_what_they_touched(visitors: Visitors) -> None:
    assert commands(visitors, "--kind", "block") == ["block"]
    assert commands(visitors, "--kind", "contact", "--kind", "block") == ["block", "identify"]
    assert [one["kind"] for one in visitors("history", "a", "--kind", "visitor", "--format", "json").json] == [
        "visitor", "visitor",
    ]  # fmt: skip
    assert visitors("history", "a", "--kind", "visitor", "--format", "count").stdout == "2\n"
    refused = visitors("history", "--kind", "blocks", code=2)
    assert "did you mean block?" in refused.stderr


def test_record_chooses_the_operations_that_touched_it(visitors: Visitors) -> None:
    assert commands(visitors, "--record", "b") == ["block", "create"]
    assert commands(visitors, "--record", "ext:u") == ["identify"]
    assert commands(visitors, "--record", "b", "--record", "ext:u") == ["block", "identify", "create"]
    assert visitors("history", "--record", "b", "--format", "count").stdout == "2\n"
    visitors("history", "--record", "nobody", code=3)


def test_a_record_may_be_of_any_kind(visitors: Visitors) -> None:
    visitors("create", "--id", "c")
    talk = visitors("conversations", "start", "c", "--message", "hello").stdout.strip()
    visitors("conversations", "reply", talk, "and again", "--as-agent", "Eve")
    visitors("conversations", "resolve", talk)
    (block, *_) = visitors("sql", "SELECT id FROM blocks WHERE visitorId = 'a'", "--format", "ids").lines
    message, _ = visitors("sql", "SELECT id FROM messages ORDER BY createdAt, id", "--format", "ids").lines
    assert commands(visitors, "--record", block) == ["block"]
    assert commands(visitors, "--record", talk) == [f"conversations {one}" for one in ("resolve", "reply", "start")]
    assert commands(visitors, "--record", message) == ["conversations start"]
    assert {one["kind"] for one in visitors("history", talk, "--format", "json").json} == {"conversation", "message"}
    assert [one["recordId"] for one in visitors("history", block, "--format", "json").json] == [block]
    assert "no record has the id 'nobody'" in visitors("history", "nobody", code=3).stderr
    # ids that are made in one millisecond begin alike
    assert "is ambiguous: it matches the records" in visitors("history", "--record", talk[:3], code=4).stderr


def test_a_record_of_any_kind_may_be_one_that_only_the_history_has(visitors: Visitors) -> None:
    visitors("create", "--id", "c")
    talk = visitors("conversations", "start", "c", "--message", "hello").stdout.strip()
    visitors("undo")
    assert commands(visitors, "--record", talk) == ["undo", "conversations start"]


def test_an_unknown_actor_gets_a_suggestion(visitors: Visitors) -> None:
    assert "no operations by 'ev'; did you mean eve?" in visitors("history", "--by", "ev").stderr
    assert visitors("history", "--by", "somebody else").stderr == "no operations by 'somebody else'\n"
    assert visitors("history", "--by", "eve", "--since", "2027-01-01").stderr == ""
    assert visitors("history", "--by", "ev", "--quiet").stderr == ""


def by_field(visitors: Visitors, *words: str) -> list[tuple[Any, ...]]:
    found = visitors("history", "--changes", *words, "--format", "json").json
    return [(one["recordId"], one["kind"], one["field"], one["before"], one["after"]) for one in found]


def test_changes_has_a_row_for_each_field_across_operations(visitors: Visitors) -> None:
    visitors("update", "b", "--city", "Bonn", "--os", "Linux", "--as", "eve", now=WEDNESDAY)
    visitors("update", "b", "--clear", "city", now="2026-03-05")
    found = visitors("history", "--changes", "--format", "json").json
    assert list(found[0]) == ["recordId", "kind", "field", "before", "after", "operationId", "at", "actor"]
    rows = by_field(visitors)
    assert rows[:5] == [
        ("b", "visitor", "city", "Bonn", None),
        ("b", "visitor", "updatedAt", WEDNESDAY, "2026-03-05T00:00:00.000Z"),
        ("b", "visitor", "os", None, "Linux"),
        ("b", "visitor", "city", None, "Bonn"),
        ("b", "visitor", "updatedAt", MONDAY, WEDNESDAY),
    ]
    assert ("a", "visitor", "createdAt", None, MONDAY) in rows
    header = visitors("history", "--changes", "--limit", "1").lines[0]
    assert header == "recordId\tkind\tfield\tbefore\tafter\toperationId\tat\tactor"
    assert len(visitors("history", "--changes", "--format", "table", "--limit", "3").lines) == 4


def test_changes_are_those_of_single_records_and_operations(visitors: Visitors) -> None:
    """Whether read record by record or all at once, including what an undo removed and restored."""
    visitors("create", "--id", "gone")
    visitors("undo")
    visitors("unblock", "a")
    visitors("conversations", "start", "a", "--message", "Hi")
    visitors("undo")
    visitors("undo")
    operations = visitors("history", "--format", "ids").lines
    one_by_one = [row for one in operations for row in by_field(visitors, "--operation", one)]
    assert sorted(by_field(visitors), key=str) == sorted(one_by_one, key=str)
    assert len(one_by_one) > 40
    for words in (("a",), ("--record", "a")):
        assert {row[0] for row in by_field(visitors, *words)} > {"a"}


@pytest.mark.parametrize(
    "words", [(), ("--kind", "block"), ("--by", "bob"), ("--since", TUESDAY), ("--until", TUESDAY)]
)
def test_filters_hold_for_changes_across_operations(visitors: Visitors, words: tuple[str, ...]) -> None:
    operations = visitors("history", "--format", "json", *words).json
    found = visitors("history", "--changes", "--format", "json", *words).json
    assert {one["operationId"] for one in found} == {one["id"] for one in operations}
    if "--kind" in words:
        assert {one["kind"] for one in found} == {"block"}


def test_changes_of_many_records_are_read_in_batches(visitors: Visitors, fill: Callable[..., None]) -> None:
    fill(*({"id": f"v{number:04}", "city": "Bonn"} for number in range(1_200)))
    visitors("update", "v0000", "--city", "Oslo")
    visitors("delete", "--all", "--yes")
    found = by_field(visitors)
    cities = [row for row in found if row[2] == "city"]
    assert cities[0] == ("v0000", "visitor", "city", "Bonn", "Oslo")
    assert cities[1:] == [(f"v{number:04}", "visitor", "city", None, "Bonn") for number in reversed(range(1_200))]
    assert sum(row[2] == "deletedAt" for row in found) == 1_202


def test_follow_goes_with_formats_of_lines_and_without_an_end(visitors: Visitors) -> None:
    for words in (("--format", "json"), ("--format", "table"), ("--limit", "3"), ("--until", TUESDAY)):
        visitors("history", "--follow", *words, code=2)
