"""merge: an explicit survivor whose values win and whose blanks are filled; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Whole = Callable[[], str]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"
FRIDAY = "2026-03-06T09:00:00.000Z"


@pytest.fixture
def whole(visitors: Visitors) -> Whole:
    """The whole store, including history, to compare before and after."""
    return lambda: str(visitors("db", "dump").stdout)


def contact(visitors: Visitors, reference: str) -> Any:
    return visitors("contacts", "show", reference, "--format", "json").json


def person(visitors: Visitors, id_: str, *options: str, devices: tuple[str, ...] = ()) -> None:
    """A contact with this id and, linked by its external id or email, these devices."""
    visitors("contacts", "create", "--id", id_, *options, now=MONDAY)
    who = [word for name in ("--external-id", "--email") if name in options
           for word in (name, options[options.index(name) + 1])]  # fmt: skip
    for device in devices:
        visitors("create", "--id", device)
        visitors("identify", device, *who)


def merge(visitors: Visitors, *words: str, now: str | None = None) -> Any:
    return visitors("contacts", "merge", *words, "--yes", "--format", "json", now=now).json


def refused(visitors: Visitors, *words: str, code: int = 4) -> str:
    return str(visitors(*words, "--format", "json", code=code).error["code"])


# Values


def test_the_survivors_values_win_and_its_blanks_are_filled(visitors: Visitors) -> None:
    person(visitors, "A", "--email", "a@example.com", "--name", "Ada")
    person(visitors, "B", "--external-id", "b", "--email", "b@example.com", "--name", "Adele",
           "--image", "https://example.com/b")  # fmt: skip
    merged = merge(visitors, "A", "B", now=TUESDAY)
    assert [merged[field] for field in ("id", "externalId", "name", "email", "image", "updatedAt")] == [
        "A", "b", "Ada", "a@example.com", "https://example.com/b", TUESDAY,
    ]  # fmt: skip


def test_metadata_merge_key_by_key_and_the_survivors_win(visitors: Visitors) -> None:
    person(visitors, "A", "--metadata", "plan=pro", "--metadata", "blank:=null")
    person(visitors, "B", "--metadata", "plan=free", "--metadata", "team=blue", "--metadata", "blank=filled")
    assert merge(visitors, "A", "B")["metadata"] == {"plan": "pro", "team": "blue", "blank": "filled"}


def test_of_several_the_first_that_has_a_value_fills_the_blank(visitors: Visitors) -> None:
    person(visitors, "A")
    person(visitors, "B", "--name", "Bea")
    person(visitors, "C", "--name", "Cleo", "--image", "https://example.com/c")
    merged = merge(visitors, "A", "B", "C")
    assert (merged["name"], merged["image"]) == ("Bea", "https://example.com/c")


def test_metadata_too_large_together_are_refused_and_nothing_is_merged(visitors: Visitors, whole: Whole) -> None:
    for id_ in ("A", "B"):
        fields = [word for number in range(9) for word in ("--metadata", f"{id_}{number}={'x' * 999}")]
        person(visitors, id_, *fields)
    before = whole()
    assert visitors("contacts", "merge", "A", "B", "--yes", code=None).code in (4, 5)
    assert whole() == before


# What moves


def test_visitors_conversations_and_blocks_move(visitors: Visitors) -> None:
    person(visitors, "A", "--external-id", "a", devices=("laptop",))
    person(visitors, "B", "--email", "b@example.com", devices=("phone", "tablet"))
    ours = visitors("conversations", "start", "laptop").stdout.strip()
    theirs = visitors("conversations", "start", "phone").stdout.strip()
    visitors("block", "--contact", "B", "--reason", "abuse", now=MONDAY)
    visitors("block", "tablet", "--reason", "spam", now=MONDAY)
    merge(visitors, "A", "B", now=TUESDAY)
    page = contact(visitors, "A")
    assert sorted(device["id"] for device in page["devices"]) == ["laptop", "phone", "tablet"]
    assert sorted(one["id"] for one in page["conversations"]) == sorted([ours, theirs])
    assert [(block["contactId"], block["reason"], block["blockedAt"]) for block in page["blocks"]] == [
        ("A", "abuse", MONDAY)
    ]
    assert page["merged"] == ["B"]
    for device in ("laptop", "phone", "tablet"):
        shown = visitors("show", device, "--format", "json").json
        assert (shown["contact"]["id"], shown["isBlocked"]) == ("A", True)
        assert sorted(one["id"] for one in shown["conversations"]) == sorted([ours, theirs])
    assert "spam" in [block["reason"] for block in visitors("show", "tablet", "--format", "json").json["blocks"]]


@pytest.mark.parametrize("whose", ["A", "B", "AB"])
def test_a_block_never_gets_lost_in_a_merge(visitors: Visitors, whose: str) -> None:
    person(visitors, "A", "--external-id", "a", devices=("laptop",))
    person(visitors, "B", "--email", "b@example.com", devices=("phone",))
    for one in whose:
        visitors("block", "--contact", one, "--reason", f"of {one}", "--for", "2d", now=MONDAY)
    merge(visitors, "A", "B", now=MONDAY)
    assert sorted(block["reason"] for block in contact(visitors, "B")["blocks"]) == [f"of {one}" for one in whose]
    for device in ("laptop", "phone"):
        assert visitors("show", device, "--format", "json", now=TUESDAY).json["isBlocked"] is True
        assert visitors("show", device, "--format", "json", now=FRIDAY).json["isBlocked"] is False
    visitors("unblock", "--contact", "A", now=TUESDAY)
    assert visitors("show", "laptop", "--format", "json", now=TUESDAY).json["isBlocked"] is False


def test_lifted_and_expired_blocks_move_too(visitors: Visitors) -> None:
    person(visitors, "A")
    person(visitors, "B")
    visitors("block", "--contact", "B", "--for", "1h", "--reason", "expired", now=MONDAY)
    visitors("block", "--contact", "B", "--reason", "lifted", now=TUESDAY)
    visitors("unblock", "--contact", "B", "--as", "bea", now=TUESDAY)
    merge(visitors, "A", "B", now=FRIDAY)
    assert [(block["reason"], block["liftedBy"]) for block in contact(visitors, "A")["blocks"]] == [
        ("lifted", "bea"), ("expired", None),
    ]  # fmt: skip


def test_deleted_visitors_move_too_and_come_back_to_the_survivor(visitors: Visitors) -> None:
    person(visitors, "A")
    person(visitors, "B", "--email", "b@example.com", devices=("phone",))
    visitors("delete", "phone")
    merge(visitors, "A", "B")
    visitors("restore", "phone")
    assert visitors("show", "phone", "--format", "json").json["contact"]["id"] == "A"


# Tombstones


def test_a_tombstone_resolves_by_id_email_and_external_id(visitors: Visitors) -> None:
    person(visitors, "AA", "--external-id", "a", "--email", "a@example.com")
    person(visitors, "BB", "--external-id", "b", "--email", "b@example.com")
    merge(visitors, "AA", "BB", "--force")
    for reference in ("AA", "BB", "B", "ext:a", "ext:b", "a@example.com", "B@example.com "):
        assert contact(visitors, reference)["id"] == "AA"
    assert visitors("contacts", "list", "--format", "ids").lines == ["AA"]


def test_a_tombstone_resolves_through_chains(visitors: Visitors) -> None:
    for id_ in ("one", "two", "three", "four"):
        person(visitors, id_, "--external-id", f"x-{id_}", "--email", f"{id_}@example.com")
    merge(visitors, "two", "one", "--force")
    merge(visitors, "three", "two", "--force")
    merge(visitors, "four", "three", "--force")
    for id_ in ("one", "two", "three", "four"):
        for reference in (id_, f"ext:x-{id_}", f"{id_}@example.com"):
            assert contact(visitors, reference)["id"] == "four"
    assert contact(visitors, "four")["merged"] == ["one", "two", "three"]


def test_identifying_as_a_tombstone_is_the_survivor(visitors: Visitors) -> None:
    person(visitors, "A", "--external-id", "a", "--email", "a@example.com")
    person(visitors, "B", "--external-id", "b", "--email", "b@example.com")
    merge(visitors, "A", "B", "--force")
    for number, options in enumerate((("--external-id", "b"), ("--email", "b@example.com"))):
        visitors("create", "--id", f"v{number}")
        answer = visitors("identify", f"v{number}", *options, "--format", "json").json
        assert (answer["outcome"], answer["contact"]["id"], answer["contact"]["email"]) == (
            "linked", "A", "a@example.com",
        )  # fmt: skip
        assert visitors("identify", f"v{number}", *options, "--format", "json").json["outcome"] == "unchanged"


def test_what_a_tombstone_had_is_nobody_elses_to_take(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A", "--external-id", "a")
    person(visitors, "B", "--external-id", "b", "--email", "b@example.com", "--name", "Bea")
    person(visitors, "C")
    merge(visitors, "A", "B", "--force")
    before = whole()
    for options in (("--external-id", "b"), ("--email", "b@example.com"), ("--id", "B")):
        assert refused(visitors, "contacts", "create", *options) == "contact_exists"
    for options in (("--external-id", "b"), ("--email", "b@example.com")):
        assert refused(visitors, "contacts", "update", "C", *options) == "contact_exists"
    assert whole() == before


# Refusals, without partial changes


def test_two_external_ids_are_refused_without_force(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A", "--external-id", "a", devices=("laptop",))
    person(visitors, "B", "--external-id", "b", devices=("phone",))
    before = whole()
    for more in ((), ("--dry-run",)):
        error = visitors("contacts", "merge", "A", "B", "--yes", *more, "--format", "json", code=4).error
        assert (error["code"], "--force" in error["hint"]) == ("two_external_ids", True)
    assert whole() == before
    assert merge(visitors, "A", "B", "--force")["externalId"] == "a"
    assert contact(visitors, "ext:b")["id"] == "A"


def test_when_one_of_several_is_refused_none_is_merged(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A", "--external-id", "a")
    person(visitors, "B", "--name", "Bea", devices=())
    person(visitors, "C", "--external-id", "c")
    before = whole()
    assert refused(visitors, "contacts", "merge", "A", "B", "C", "--yes") == "two_external_ids"
    assert refused(visitors, "contacts", "merge", "A", "B", "nobody", "--yes", code=3) == "contact_not_found"
    assert whole() == before


def test_merge_with_itself_is_refused_however_it_is_named(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "AA", "--external-id", "a", "--email", "a@example.com")
    person(visitors, "B")
    before = whole()
    for other in ("AA", "A", "ext:a", "A@example.com"):
        for words in (("AA", other), ("AA", "B", other), ("B", "AA", other)):
            assert refused(visitors, "contacts", "merge", *words, "--yes") == "merge_with_itself"
    assert whole() == before


def test_merge_with_a_tombstone_and_in_a_cycle_are_refused(visitors: Visitors, whole: Whole) -> None:
    for id_ in ("A", "B", "C"):
        person(visitors, id_)
    merge(visitors, "A", "B")
    before = whole()
    for words in (("C", "B"), ("B", "C"), ("B", "A"), ("A", "B")):
        error = visitors("contacts", "merge", *words, "--yes", "--format", "json", code=4).error
        assert (error["code"], error["hint"]) == ("contact_merged", "use A instead")
    assert whole() == before
    merge(visitors, "C", "A")
    before = whole()
    for words in (("A", "C"), ("B", "C"), ("C", "B")):
        assert refused(visitors, "contacts", "merge", *words, "--yes") == "contact_merged"
    assert whole() == before


def test_a_tombstone_is_one_even_if_its_survivors_id_begins_with_its_own(visitors: Visitors, whole: Whole) -> None:
    for id_ in ("ada", "ada-2", "other"):
        person(visitors, id_)
    merge(visitors, "ada-2", "ada")
    before = whole()
    assert refused(visitors, "contacts", "merge", "other", "ada", "--yes") == "contact_merged"
    assert whole() == before


def test_a_deleted_contact_is_not_merged(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A")
    person(visitors, "B")
    visitors("contacts", "delete", "B")
    before = whole()
    for words in (("A", "B"), ("B", "A")):
        assert refused(visitors, "contacts", "merge", *words, "--yes") == "contact_deleted"
    assert whole() == before


def test_it_needs_yes_where_nobody_can_be_asked(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A")
    person(visitors, "B")
    before = whole()
    assert refused(visitors, "contacts", "merge", "A", "B", code=2) == "yes_needed"
    visitors("contacts", "merge", "A", "--yes", code=2)
    assert whole() == before


# The preview


def test_a_dry_run_shows_each_step_with_its_reason_and_changes_nothing(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "A", "--external-id", "a", "--name", "Ada", "--metadata", "plan=pro", "--metadata", "same=1",
           devices=("laptop",))  # fmt: skip
    person(visitors, "B", "--email", "b@example.com", "--name", "Bea", "--metadata", "plan=free",
           "--metadata", "same=1", "--metadata", "new=2", devices=("phone", "tablet"))  # fmt: skip
    visitors("conversations", "start", "phone")
    visitors("block", "--contact", "B")
    before = whole()
    preview = visitors("contacts", "merge", "A", "B", "--dry-run", "--format", "json")
    assert whole() == before
    keys = ("action", "reason", "what", "survivorValue", "otherValue", "count")
    assert [tuple(step[key] for key in keys) for step in preview.json] == [
        ("kept", "survivor-wins", "name", "Ada", None, 1),
        ("discarded", "survivor-wins", "name", "Ada", "Bea", 1),
        ("filled", "survivor-blank", "email", None, "b@example.com", 1),
        ("kept", "survivor-wins", "metadata.plan", "pro", None, 1),
        ("discarded", "survivor-wins", "metadata.plan", "pro", "free", 1),
        ("kept", "same-value", "metadata.same", "1", "1", 1),
        ("filled", "survivor-blank", "metadata.new", None, "2", 1),
        ("moved", "visitors-of-other", "visitors", None, None, 2),
        ("moved", "conversations-of-other", "conversations", None, None, 1),
        ("moved", "blocks-of-other", "blocks", None, None, 1),
    ]
    assert {step["otherId"] for step in preview.json} == {"B"}
    assert "nothing was changed" in preview.stderr
    steps = merge(visitors, "A", "B")["steps"]
    assert [{"outcome": "would merge", **step} for step in steps] == preview.json


def test_into_a_pipe_it_prints_the_survivors_id(visitors: Visitors) -> None:
    person(visitors, "A")
    person(visitors, "B")
    assert visitors("contacts", "merge", "A", "B", "--yes").stdout == "A\n"


# identify --on-conflict merge


def two_people(visitors: Visitors) -> None:
    person(visitors, "X", "--external-id", "x", "--metadata", "plan=pro", devices=("laptop",))
    person(visitors, "E", "--email", "e@example.com", "--name", "Eve", "--metadata", "team=blue", devices=("phone",))
    visitors("create", "--id", "tablet")


def identify(visitors: Visitors, visitor: str, *more: str) -> Any:
    words = ("--external-id", "x", "--email", "e@example.com", "--on-conflict", "merge", *more)
    return visitors("identify", visitor, *words, "--format", "json").json


def test_identify_merges_the_contact_of_the_email_into_that_of_the_external_id(visitors: Visitors) -> None:
    two_people(visitors)
    started = visitors("conversations", "start", "phone").stdout.strip()
    answer = identify(visitors, "tablet")
    assert (answer["outcome"], answer["rule"], answer["contact"]["id"]) == ("linked", "external-id", "X")
    page = contact(visitors, "e@example.com")
    assert (page["id"], page["name"], page["email"], page["merged"]) == ("X", "Eve", "e@example.com", ["E"])
    assert sorted(device["id"] for device in page["devices"]) == ["laptop", "phone", "tablet"]
    assert [one["id"] for one in page["conversations"]] == [started]
    assert identify(visitors, "tablet")["outcome"] == "unchanged"
    assert visitors("history", "--command", "contacts merge", "--format", "count").stdout == "0\n"


def test_identify_that_merges_loses_no_metadata_of_either(visitors: Visitors) -> None:
    two_people(visitors)
    answer = identify(visitors, "tablet", "--metadata", "seen=today")
    assert answer["contact"]["metadata"] == {"plan": "pro", "team": "blue", "seen": "today"}


def test_identify_that_merges_clears_what_it_was_told_to_clear(visitors: Visitors) -> None:
    two_people(visitors)
    assert identify(visitors, "tablet", "--clear", "name")["contact"]["name"] is None


def test_a_visitor_of_the_contact_that_is_merged_needs_no_relink(visitors: Visitors) -> None:
    two_people(visitors)
    started = visitors("conversations", "start", "phone").stdout.strip()
    assert identify(visitors, "phone")["contact"]["id"] == "X"
    assert [one["id"] for one in contact(visitors, "X")["conversations"]] == [started]
    links = visitors("show", "phone", "--format", "json").json["links"]
    assert [(link["fromContactId"], link["toContactId"], link["cause"]) for link in links] == [
        (None, "E", "email"), ("E", "X", "merged"),
    ]  # fmt: skip


def test_identify_does_not_merge_two_external_ids(visitors: Visitors, whole: Whole) -> None:
    person(visitors, "X", "--external-id", "x")
    person(visitors, "E", "--external-id", "y", "--email", "e@example.com")
    visitors("create", "--id", "tablet")
    before = whole()
    words = ("tablet", "--external-id", "x", "--email", "e@example.com", "--on-conflict", "merge")
    assert refused(visitors, "identify", *words) == "two_external_ids"
    assert whole() == before


def test_a_dry_run_of_identify_merges_nobody(visitors: Visitors, whole: Whole) -> None:
    two_people(visitors)
    before = whole()
    assert identify(visitors, "tablet", "--dry-run")["contact"]["id"] == "X"
    assert whole() == before


# History


def test_the_links_of_a_moved_visitor_tell_of_the_merge(visitors: Visitors) -> None:
    person(visitors, "A")
    person(visitors, "B", "--email", "b@example.com", devices=("phone",))
    visitors("contacts", "merge", "A", "B", "--yes", "--as", "bea", now=FRIDAY)
    link = visitors("show", "phone", "--format", "json").json["links"][-1]
    operation = visitors("history", "--command", "contacts merge", "--format", "ids").stdout.strip()
    assert link == {
        "at": FRIDAY, "actor": "bea", "command": "contacts merge", "operationId": operation, "fromContactId": "B",
        "toContactId": "A", "cause": "merged",
    }  # fmt: skip


def test_what_was_discarded_stays_readable_in_the_record(visitors: Visitors) -> None:
    person(visitors, "A", "--name", "Ada")
    person(visitors, "B", "--name", "Bea")
    merge(visitors, "A", "B")
    rows = [json.loads(line) for line in visitors("db", "dump").lines]
    (tombstone,) = [row for row in rows if row["type"] == "contact" and row["id"] == "B"]
    assert (tombstone["name"], tombstone["merged_into"]) == ("Bea", "A")
