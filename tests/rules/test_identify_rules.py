"""identify: which contact a visitor belongs to. X is the contact with the external id, E the one with the email."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def identified(visitors: Visitors, visitor: str, *arguments: str, now: str | None = None) -> Any:
    return visitors("identify", visitor, *arguments, "--format", "json", now=now).json


def refused(visitors: Visitors, visitor: str, *arguments: str, code: int = 4) -> Any:
    return visitors("identify", visitor, *arguments, "--format", "json", code=code).error


def contact_of(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json").json["contact"]


def contacts(visitors: Visitors) -> Any:
    return visitors("contacts", "list", "--format", "json").json


def operations(visitors: Visitors) -> int:
    return int(visitors("history", "--format", "count").stdout)


@pytest.fixture(autouse=True)
def devices(visitors: Visitors) -> None:
    """Four anonymous visitors."""
    for visitor in ("one", "two", "three", "four"):
        visitors("create", "--id", visitor, now=MONDAY)


# Which contact is chosen


def test_neither_known_creates_a_contact(visitors: Visitors) -> None:
    answer = identified(visitors, "one", "--external-id", "x", "--email", "e@example.com")
    assert (answer["outcome"], answer["rule"]) == ("created", "created")
    assert (answer["contact"]["externalId"], answer["contact"]["email"]) == ("x", "e@example.com")
    assert len(contacts(visitors)) == 1


def test_only_the_external_id_known_updates_that_contact(visitors: Visitors) -> None:
    first = identified(visitors, "one", "--external-id", "x")
    answer = identified(visitors, "two", "--external-id", "x", "--email", "e@example.com")
    assert (answer["outcome"], answer["rule"]) == ("linked", "external-id")
    assert answer["contact"]["id"] == first["contact"]["id"]
    assert contact_of(visitors, "one")["email"] == "e@example.com"


def test_only_the_email_known_updates_that_contact(visitors: Visitors) -> None:
    first = identified(visitors, "one", "--email", "e@example.com")
    answer = identified(visitors, "two", "--email", "e@example.com", "--name", "Ada")
    assert (answer["outcome"], answer["rule"]) == ("linked", "email")
    assert answer["contact"]["id"] == first["contact"]["id"]
    assert contact_of(visitors, "one")["name"] == "Ada"


def test_the_contact_with_the_external_id_gets_another_email_that_is_nobodys(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--email", "old@example.com")
    answer = identified(visitors, "one", "--external-id", "x", "--email", "new@example.com")
    assert (answer["outcome"], answer["contact"]["email"]) == ("updated", "new@example.com")
    assert identified(visitors, "two", "--email", "old@example.com")["outcome"] == "created"


def test_a_contact_without_an_external_id_adopts_one_that_is_unknown(visitors: Visitors) -> None:
    first = identified(visitors, "one", "--email", "e@example.com")
    answer = identified(visitors, "two", "--email", "e@example.com", "--external-id", "x")
    assert (answer["outcome"], answer["rule"]) == ("linked", "email-adopts-external-id")
    assert answer["contact"]["id"] == first["contact"]["id"]
    assert answer["contact"]["externalId"] == "x"
    assert len(contacts(visitors)) == 1


def test_both_naming_one_contact_is_that_contact(visitors: Visitors) -> None:
    first = identified(visitors, "one", "--external-id", "x", "--email", "e@example.com")
    answer = identified(visitors, "two", "--external-id", "x", "--email", "e@example.com")
    assert (answer["outcome"], answer["contact"]["id"]) == ("linked", first["contact"]["id"])


def test_identify_refuses_when_the_contact_of_the_email_has_another_external_id(visitors: Visitors) -> None:
    owner = identified(visitors, "one", "--external-id", "x", "--email", "e@example.com")["contact"]
    before = operations(visitors)
    error = refused(visitors, "two", "--external-id", "y", "--email", "e@example.com")
    assert error["code"] == "contact_conflict"
    for part in ("y", "e@example.com", owner["id"], "external id x"):
        assert part in error["message"]
    assert "--on-conflict external-id-wins" in error["hint"]
    assert contact_of(visitors, "two") is None
    assert operations(visitors) == before


def test_identify_refuses_when_email_belongs_to_another_contact(visitors: Visitors) -> None:
    by_id = identified(visitors, "one", "--external-id", "x")["contact"]
    by_email = identified(visitors, "two", "--email", "e@example.com")["contact"]
    before = operations(visitors)
    error = refused(visitors, "three", "--external-id", "x", "--email", "e@example.com")
    assert error["code"] == "contact_conflict"
    assert by_id["id"] in error["message"]
    assert by_email["id"] in error["message"]
    assert contact_of(visitors, "three") is None
    assert operations(visitors) == before


def test_external_id_wins_keeps_x_and_leaves_e_alone(visitors: Visitors) -> None:
    by_id = identified(visitors, "one", "--external-id", "x")["contact"]
    identified(visitors, "two", "--email", "e@example.com", "--name", "Eve", now=MONDAY)
    by_email = contact_of(visitors, "two")
    arguments = ("--external-id", "x", "--email", "e@example.com", "--on-conflict", "external-id-wins")
    answer = visitors("identify", "three", *arguments, "--name", "Xenia", "--format", "json", now=TUESDAY)
    assert (answer.json["outcome"], answer.json["contact"]["id"]) == ("linked", by_id["id"])
    assert (answer.json["contact"]["name"], answer.json["contact"]["email"]) == ("Xenia", None)
    assert by_email["id"] in answer.stderr
    assert contact_of(visitors, "two") == by_email
    assert identified(visitors, "three", *arguments, "--name", "Xenia")["outcome"] == "unchanged"


def test_external_id_wins_over_the_external_id_of_e_creates_a_contact_without_the_email(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--email", "e@example.com")
    owner = contact_of(visitors, "one")
    answer = identified(
        visitors, "two", "--external-id", "y", "--email", "e@example.com", "--on-conflict", "external-id-wins"
    )
    assert answer["outcome"] == "created"
    assert (answer["contact"]["externalId"], answer["contact"]["email"]) == ("y", None)
    assert contact_of(visitors, "one") == owner


def test_identify_needs_somebody(visitors: Visitors) -> None:
    assert refused(visitors, "one", "--name", "Ada", code=2)["code"] == "usage"
    assert refused(visitors, "one", code=2)["code"] == "usage"
    assert contacts(visitors) == []


def test_identify_of_an_unknown_visitor_is_not_found(visitors: Visitors) -> None:
    assert refused(visitors, "nobody", "--email", "e@example.com", code=3)["code"] == "visitor_not_found"
    assert contacts(visitors) == []


# A visitor that is already linked: a shared computer


def test_a_visitor_linked_to_another_contact_is_refused_without_relink(visitors: Visitors) -> None:
    ada = identified(visitors, "one", "--external-id", "ada")["contact"]
    bob = identified(visitors, "two", "--external-id", "bob")["contact"]
    before = operations(visitors)
    error = refused(visitors, "one", "--external-id", "bob")
    assert error["code"] == "linked_elsewhere"
    assert ada["id"] in error["message"]
    assert bob["id"] in error["message"]
    assert "--relink" in error["hint"]
    assert refused(visitors, "one", "--external-id", "somebody-new")["code"] == "linked_elsewhere"
    assert contact_of(visitors, "one")["id"] == ada["id"]
    assert operations(visitors) == before


def test_relink_links_to_the_other_contact(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "ada")
    bob = identified(visitors, "two", "--external-id", "bob")["contact"]
    answer = identified(visitors, "one", "--external-id", "bob", "--relink")
    assert (answer["outcome"], answer["contact"]["id"]) == ("linked", bob["id"])
    assert identified(visitors, "one", "--external-id", "bob", "--relink")["outcome"] == "unchanged"


def test_relink_leaves_earlier_conversations_with_the_earlier_contact(visitors: Visitors) -> None:
    anonymous = visitors("conversations", "start", "one", "--message", "before anybody knew").stdout.strip()
    identified(visitors, "one", "--external-id", "ada")
    adas = visitors("conversations", "start", "one", "--message", "of Ada").stdout.strip()
    identified(visitors, "one", "--external-id", "bob", "--relink")
    bobs = visitors("conversations", "start", "one", "--message", "of Bob").stdout.strip()
    assert visitors("conversations", "list", "--contact", "ext:ada", "--format", "ids").lines == [adas, anonymous]
    assert visitors("conversations", "list", "--contact", "ext:bob", "--format", "ids").lines == [bobs]
    shown = visitors("show", "one", "--format", "json").json["conversations"]
    assert [conversation["id"] for conversation in shown] == [bobs]
    assert visitors("conversations", "list", "--visitor", "one", "--format", "count").stdout == "3\n"


def test_unidentify_leaves_earlier_conversations_with_the_contact(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "ada")
    adas = visitors("conversations", "start", "one", "--message", "of Ada").stdout.strip()
    visitors("unidentify", "one")
    assert visitors("show", "one", "--format", "json").json["conversations"] == []
    assert visitors("conversations", "list", "--contact", "ext:ada", "--format", "ids").lines == [adas]
    identified(visitors, "one", "--external-id", "bob")
    assert visitors("conversations", "list", "--contact", "ext:bob", "--format", "ids").lines == []


# Fields: missing keeps, --clear sets to null, the empty string is an error


def test_a_missing_field_keeps_its_value(visitors: Visitors) -> None:
    everything = ("--email", "e@example.com", "--name", "Ada", "--image", "https://example.com/a", "--metadata", "k=v")
    identified(visitors, "one", "--external-id", "x", *everything)
    before = contact_of(visitors, "one")
    assert identified(visitors, "one", "--external-id", "x")["outcome"] == "unchanged"
    assert contact_of(visitors, "one") == before


@pytest.mark.parametrize("field", ["name", "email", "image"])
def test_clear_sets_a_field_to_null_and_only_that(visitors: Visitors, field: str) -> None:
    values = {"name": "Ada", "email": "e@example.com", "image": "https://example.com/a"}
    options = [word for name, value in values.items() for word in (f"--{name}", value)]
    identified(visitors, "one", "--external-id", "x", *options)
    contact = identified(visitors, "one", "--external-id", "x", "--clear", field)["contact"]
    assert {name: contact[name] for name in values} == {**values, field: None}
    assert identified(visitors, "one", "--external-id", "x", "--clear", field)["outcome"] == "unchanged"


def test_clear_metadata_empties_it(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=1")
    contact = identified(visitors, "one", "--external-id", "x", "--clear", "metadata")["contact"]
    assert (contact["metadata"], contact["metadataHash"]) == ({}, "")


def test_what_cannot_be_cleared_is_a_usage_error(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x")
    for field in ("externalId", "id", "nonsense"):
        assert refused(visitors, "one", "--external-id", "x", "--clear", field, code=2)["hint"].startswith(
            "use one of "
        )


def test_a_field_both_given_and_cleared_is_a_usage_error(visitors: Visitors) -> None:
    error = refused(visitors, "one", "--external-id", "x", "--name", "Ada", "--clear", "name", code=2)
    assert "name" in error["message"]
    refused(visitors, "one", "--external-id", "x", "--metadata", "a=1", "--unset", "a", code=2)
    refused(visitors, "one", "--external-id", "x", "--replace-metadata", code=2)


@pytest.mark.parametrize("option", ["--external-id", "--email", "--name", "--image"])
@pytest.mark.parametrize("blank", ["", "  \t"])
def test_an_empty_string_is_an_error(visitors: Visitors, option: str, blank: str) -> None:
    others = ["--external-id=x"] if option != "--external-id" else []
    assert refused(visitors, "one", *others, f"{option}={blank}", code=5)["code"] == "empty"
    assert contacts(visitors) == []


def test_metadata_merges_key_by_key(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "plan=free", "--metadata", "seats:=1")
    answer = identified(visitors, "two", "--external-id", "x", "--metadata", "plan=pro", "--metadata", "vip:=true")
    assert answer["contact"]["metadata"] == {"plan": "pro", "seats": 1, "vip": True}


def test_unset_takes_a_key_away(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=1", "--metadata", "b=2")
    answer = identified(visitors, "one", "--external-id", "x", "--unset", "a", "--unset", "never-there")
    assert (answer["outcome"], answer["contact"]["metadata"]) == ("updated", {"b": "2"})
    assert identified(visitors, "one", "--external-id", "x", "--unset", "a")["outcome"] == "unchanged"


def test_replace_metadata_keeps_nothing_of_the_old(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=1", "--metadata", "b=2")
    answer = identified(visitors, "one", "--external-id", "x", "--replace-metadata", "--metadata", "c=3")
    assert answer["contact"]["metadata"] == {"c": "3"}


def test_a_null_in_metadata_is_a_value_and_no_removal(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=1")
    answer = identified(visitors, "one", "--external-id", "x", "--metadata", "a:=null")
    assert answer["contact"]["metadata"] == {"a": None}


def test_metadata_that_grow_beyond_the_limit_are_refused(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=" + "x" * 9_000)
    error = refused(visitors, "one", "--external-id", "x", "--metadata", "b=" + "x" * 9_000, code=5)
    assert error["code"] == "metadata_too_large"
    assert set(contact_of(visitors, "one")["metadata"]) == {"a"}


# Nothing new


def test_nothing_new_leaves_updated_at_untouched(visitors: Visitors) -> None:
    said = ("--external-id", "x", "--email", "e@example.com", "--name", "Ada", "--metadata", "k=v")
    identified(visitors, "one", *said, now=MONDAY)
    before, count = visitors("list", "--format", "json").json, operations(visitors)
    answer = identified(visitors, "one", *said, now=TUESDAY)
    assert answer["outcome"] == "unchanged"
    assert (answer["updatedAt"], answer["contact"]["updatedAt"]) == (MONDAY, MONDAY)
    assert visitors("list", "--format", "json").json == before
    assert operations(visitors) == count


def test_metadata_in_another_order_are_nothing_new(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", "--metadata", "a=1", "--metadata", "b=2", now=MONDAY)
    answer = identified(visitors, "one", "--external-id", "x", "--metadata", "b=2", "--metadata", "a=1", now=TUESDAY)
    assert (answer["outcome"], answer["contact"]["updatedAt"]) == ("unchanged", MONDAY)


def test_something_new_moves_updated_at_of_what_changed(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "x", now=MONDAY)
    answer = identified(visitors, "one", "--external-id", "x", "--name", "Ada", now=TUESDAY)
    assert (answer["outcome"], answer["contact"]["updatedAt"]) == ("updated", TUESDAY)
    assert answer["updatedAt"] == MONDAY  # nothing of the visitor itself changed


# One transaction


def test_a_refused_identify_leaves_no_trace(visitors: Visitors) -> None:
    identified(visitors, "one", "--external-id", "ada")
    before = visitors("list", "--format", "json").json, contacts(visitors), operations(visitors)
    refused(visitors, "one", "--external-id", "new", "--email", "new@example.com", "--name", "New")
    assert (visitors("list", "--format", "json").json, contacts(visitors), operations(visitors)) == before


def test_dry_run_says_what_would_happen_and_changes_nothing(visitors: Visitors) -> None:
    before = visitors("list", "--format", "json").json, operations(visitors)
    answer = identified(visitors, "one", "--external-id", "x", "--dry-run")
    assert (answer["outcome"], answer["contact"]["externalId"]) == ("would create", "x")
    assert (visitors("list", "--format", "json").json, operations(visitors)) == before
    identified(visitors, "two", "--external-id", "x")
    identified(visitors, "one", "--external-id", "y")
    assert refused(visitors, "one", "--external-id", "x", "--dry-run")["code"] == "linked_elsewhere"


# Deleted stays deleted


def test_a_deleted_visitor_is_not_revived_by_identify(visitors: Visitors) -> None:
    visitors("delete", "one")
    error = refused(visitors, "one", "--external-id", "x")
    assert (error["code"], error["hint"]) == ("visitor_deleted", "visitors restore one")
    assert visitors("list", "--deleted", "--format", "ids").lines == ["one"]
    assert contacts(visitors) == []


def import_deleted_contact(visitors: Visitors) -> None:
    contact = {"id": "gone", "externalId": "x", "email": "e@example.com", "deletedAt": MONDAY}
    row = json.dumps({"id": "left-behind", "contact": contact})
    visitors("import", "-", "--input-format", "ndjson", input=row)


def test_a_deleted_contact_is_not_revived_by_identify(visitors: Visitors) -> None:
    import_deleted_contact(visitors)
    error = refused(visitors, "one", "--external-id", "x")
    assert error["code"] == "contact_deleted"
    assert "gone" in error["message"]
    assert contact_of(visitors, "one") is None
    assert [contact["id"] for contact in visitors("contacts", "list", "--deleted", "--format", "json").json] == ["gone"]


def test_the_email_of_a_deleted_contact_is_free_for_another(visitors: Visitors) -> None:
    import_deleted_contact(visitors)
    answer = identified(visitors, "one", "--email", "e@example.com")
    assert answer["outcome"] == "created"
    assert answer["contact"]["id"] != "gone"


# Standard input: one JSON object a line


def test_the_lines_of_standard_input_follow_the_same_rules(visitors: Visitors) -> None:
    lines = [
        {"visitorId": "one", "email": "E@Example.com", "name": None},
        {"visitorId": "two", "email": "e@example.com", "externalId": "x"},
        {"visitorId": "three", "externalId": "x", "name": "Ada", "metadata": {"a": 1, "b": None}},
        {"visitorId": "four", "externalId": "x", "clear": ["name"], "unset": ["b"]},
        {"visitorId": "four", "externalId": "x"},
    ]
    answer = visitors("identify", "-", "--format", "ndjson", input="\n".join(map(json.dumps, lines)) + "\n")
    outcomes = [json.loads(line) for line in answer.lines]
    assert [one["outcome"] for one in outcomes] == ["created", "linked", "linked", "linked", "unchanged"]
    assert [one["rule"] for one in outcomes][:3] == ["created", "email-adopts-external-id", "external-id"]
    (contact,) = contacts(visitors)
    assert (contact["email"], contact["externalId"], contact["name"]) == ("e@example.com", "x", None)
    assert (contact["metadata"], contact["visitorCount"]) == ({"a": 1}, 4)


def test_an_imported_contact_that_is_deleted_is_not_the_live_one_with_its_email(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "live", "--email", "ada@example.com")
    contact = {"id": "gone", "email": "ada@example.com", "deletedAt": "2026-01-01T00:00:00Z"}
    visitors("import", "-", input=json.dumps({"id": "v", "contact": contact}) + "\n")
    [found] = [one for one in visitors("list", "--format", "json").json if one["id"] == "v"]
    assert (found["contact"]["id"], found["contact"]["deletedAt"] is None) == ("gone", False)
    assert visitors("contacts", "list", "--format", "ids").lines == ["live"]


def test_a_visitor_whose_contact_is_deleted_gets_no_second_one_unasked(visitors: Visitors) -> None:
    visitors("identify", "one", "--email", "a@example.com")
    (person,) = visitors("contacts", "list", "--format", "ids").lines
    visitors("contacts", "delete", person, "--yes")
    error = refused(visitors, "one", "--email", "a@example.com")
    assert f"already linked to contact {person} (a@example.com), which is deleted, not to a new" in error["message"]
    assert command_in(error["hint"]) == ["contacts", "restore", person]
    visitors(*command_in(error["hint"]))
    visitors("identify", "one", "--email", "a@example.com")
    assert visitors("contacts", "list", "--format", "ids").lines == [person]


def command_in(hint: str) -> list[str]:
    """Return the command in a hint for the same person."""
    before, command = hint.split("; if another person", maxsplit=1)[0].split(": ", 1)
    assert before == "if it is the same person"
    return shlex.split(command)[1:]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (["--external-id", "1"], ["--email", "a@example.com"]),
        (["--email", "a@example.com"], ["--external-id", "1"]),
        (["--email", "a@example.com"], ["--external-id", "it's $HOME"]),
        (["--email", "a@example.com"], ["--external-id=-x y"]),
        (["--external-id", "1"], ["--email", "o'b`id`@example.com", "--name", "Ada"]),
    ],
)
def test_what_the_own_contact_lacks_is_added_to_the_same_person_by_the_hint(
    visitors: Visitors, first: list[str], then: list[str]
) -> None:
    visitors("identify", "one", *first)
    person = visitors("show", "one", "--format", "json").json["contact"]["id"]
    error = refused(visitors, "one", *then)
    assert error["code"] == "linked_elsewhere"
    assert "add --relink" in error["hint"]
    visitors(*command_in(error["hint"]))
    visitors("identify", "one", *then)
    visitors("identify", "one", *first, *then)
    assert visitors("contacts", "list", "--format", "ids").lines == [person]


@pytest.mark.parametrize(
    "then",
    [
        ["--email", "b@example.com"],
        ["--external-id", "1", "--email", "b@example.com"],
        ["--external-id", "taken"],
    ],
    ids=["it has another email", "another email beside", "somebody else has it"],
)
def test_what_is_not_only_lacking_has_no_other_remedy_than_relink(visitors: Visitors, then: list[str]) -> None:
    visitors("identify", "one", "--email", "a@example.com")
    visitors("contacts", "create", "--external-id", "taken")
    assert refused(visitors, "one", *then)["hint"].startswith("if another person now uses this browser, add --relink")


def test_an_import_hints_at_the_same_person_too(visitors: Visitors) -> None:
    visitors("identify", "one", "--external-id", "1")
    row = json.dumps({"id": "one", "contact": {"email": "a@example.com"}})
    told = visitors("import", "-", "--format", "json", "--on-existing", "update", input=row, code=4).error
    visitors(*command_in(told["hint"]))
    visitors("import", "-", "--input-format", "ndjson", "--on-existing", "update", input=row)
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"
