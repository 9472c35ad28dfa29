from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
FRIDAY = "2026-03-06T09:00:00.000Z"


def told(visitors: Visitors, visitor: str) -> list[tuple[str, str]]:
    events = visitors("explain", visitor, "--format", "json").json
    return [(event["code"], event["sentence"]) for event in events]


def contact(visitors: Visitors, id_: str, *options: str) -> None:
    visitors("contacts", "create", "--id", id_, *options)


def test_one_timeline_from_first_seen_to_now(visitors: Visitors) -> None:
    contact(visitors, "A", "--external-id", "a")
    contact(visitors, "B", "--email", "b@example.com")
    visitors("track", "--id", "v", "--fingerprint", "fp")
    visitors("track", "--fingerprint", "fp", "--city", "Oslo")
    talk = visitors("conversations", "start", "v", "--title", "Help").stdout.strip()
    visitors("identify", "v", "--external-id", "a", "--email", "a@example.com")
    visitors("identify", "v", "--email", "b@example.com", "--relink")
    visitors("block", "v", "--reason", "spam", "--until", FRIDAY, now=MONDAY)
    visitors("unblock", "v", now=MONDAY)
    visitors("block", "--contact", "B", now=MONDAY)
    visitors("unblock", "--contact", "B", now=MONDAY)
    visitors("contacts", "merge", "A", "B", "--yes")
    new = visitors("contacts", "split", "A", "v").stdout.strip()
    visitors("delete", "v")
    visitors("restore", "v")
    visitors("unidentify", "v")
    assert told(visitors, "v") == [
        ("created", "first seen"),
        ("recognised-by-fingerprint", "recognised by its fingerprint, as the stored id was missing"),
        ("changed", "changed city from nothing to “Oslo”"),
        ("conversation-started", f"started conversation {talk}, “Help”"),
        ("identified:external-id", "identified as a@example.com (A): the external id is that contact's"),
        (
            "relinked:email",
            (
                "relinked from a@example.com (A) to b@example.com (B): the email is that contact's;"
                " past conversations stayed with the old contact"
            ),
        ),
        ("blocked", f"blocked, “spam”, until {FRIDAY}"),
        ("unblocked", "a block was lifted"),
        ("contact-blocked", "its contact b@example.com (B) was blocked"),
        ("unblocked", "a block was lifted"),
        ("merged", "moved to a@example.com (A) because b@example.com (B) was merged into it"),
        ("split", f"split from a@example.com (A) into contact {new}"),
        ("deleted", "deleted"),
        ("restored", "restored"),
        ("unlinked", f"unlinked from contact {new}; conversations stayed with it"),
    ]


def test_each_event_says_when_who_and_by_which_command(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--as", "widget", now=MONDAY)
    (event,) = visitors("explain", "v", "--format", "json").json
    operation = visitors("history", "--format", "ids").stdout.strip()
    assert [event[key] for key in ("at", "actor", "command", "operationId")] == [MONDAY, "widget", "track", operation]


def test_who_became_blocked_by_being_linked_is_explained(visitors: Visitors, anonymous: str) -> None:
    contact(visitors, "A", "--external-id", "a")
    visitors("block", "--contact", "A", "--reason", "abuse")
    visitors("identify", anonymous, "--external-id", "a")
    assert any("block" in code and "abuse" in sentence for code, sentence in told(visitors, anonymous))


def test_who_became_blocked_by_a_merge_is_explained(visitors: Visitors, anonymous: str) -> None:
    contact(visitors, "A", "--external-id", "a")
    contact(visitors, "B", "--email", "b@example.com")
    visitors("identify", anonymous, "--external-id", "a")
    visitors("block", "--contact", "B", "--reason", "abuse")
    visitors("contacts", "merge", "A", "B", "--yes")
    assert any("block" in code for code, _ in told(visitors, anonymous))


def test_changes_of_its_contact_are_explained(visitors: Visitors, anonymous: str) -> None:
    contact(visitors, "A", "--email", "a@example.com")
    visitors("identify", anonymous, "--email", "a@example.com")
    visitors("identify", anonymous, "--email", "a@example.com", "--external-id", "a")
    visitors("contacts", "delete", "A")
    visitors("contacts", "restore", "A")
    assert told(visitors, anonymous)[2:] == [
        ("contact-external-id", "its contact's external id changed from nothing to “a”"),
        ("contact-deleted", "its contact a@example.com (A) was deleted"),
        ("contact-restored", "its contact a@example.com (A) was restored"),
    ]


def test_a_link_restored_by_an_undo_is_explained_as_such(visitors: Visitors, anonymous: str) -> None:
    contact(visitors, "A", "--email", "a@example.com")
    visitors("identify", anonymous, "--email", "a@example.com")
    visitors("unidentify", anonymous)
    visitors("undo")
    assert told(visitors, anonymous)[-1] == (
        "identified:undone", "identified as a@example.com (A): an operation was undone",
    )  # fmt: skip


def test_people_are_named_as_people_know_them(visitors: Visitors, anonymous: str) -> None:
    contact(visitors, "A", "--name", "Ada", "--email", "ada@example.com", "--external-id", "a")
    contact(visitors, "B", "--name", "Bob", "--external-id", "b")
    contact(visitors, "C", "--external-id", "c")
    visitors("identify", anonymous, "--external-id", "a")
    visitors("identify", anonymous, "--external-id", "b", "--relink")
    visitors("identify", anonymous, "--external-id", "c", "--relink")
    told_of = " ".join(sentence for _, sentence in told(visitors, anonymous))
    for called in ("as Ada <ada@example.com> (A): ", "to Bob (B): ", "to c (C): "):
        assert called in told_of
    would = visitors("explain", anonymous, "--identify-as", "external-id=a", "--relink", "--format", "json").json
    assert "would link it to Ada <ada@example.com> (A): " in would[0]["sentence"]


def test_a_person_sees_the_zone_of_the_times(visitors: Visitors, anonymous: str) -> None:
    assert visitors("explain", anonymous, "--format", "table").lines[0].startswith("WHEN (UTC)")


# What identify would do


@pytest.fixture
def people(visitors: Visitors) -> None:
    """X by external id; E by email only; Y by both; a deleted one; an anonymous visitor, and one of each."""
    contact(visitors, "X", "--external-id", "x")
    contact(visitors, "E", "--email", "e@example.com")
    contact(visitors, "Y", "--external-id", "y", "--email", "y@example.com")
    contact(visitors, "D", "--external-id", "d")
    visitors("contacts", "delete", "D")
    for visitor, options in (("v", ()), ("of-x", ("--external-id", "x")), ("of-e", ("--email", "e@example.com"))):
        visitors("create", "--id", visitor)
        if options:
            visitors("identify", visitor, *options)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("visitor", "who", "options", "code"),
    [
        ("v", "external-id=new", (), "created:created"),
        ("v", "external-id=x", (), "linked:external-id"),
        ("v", "email=E@example.com", (), "linked:email"),
        ("v", "external-id=new,email=e@example.com", (), "linked:email-adopts-external-id"),
        ("of-x", "external-id=x", (), "unchanged:external-id"),
        ("of-x", "external-id=x,email=new@example.com", (), "updated:external-id"),
        ("of-x", "external-id=y", ("--relink",), "linked:external-id"),
        ("v", "external-id=x,email=e@example.com", ("--on-conflict", "external-id-wins"), "linked:external-id"),
        ("v", "external-id=x,email=e@example.com", ("--on-conflict", "merge"), "linked:external-id"),
        ("of-x", "external-id=x,email=e@example.com", ("--on-conflict", "merge"), "updated:external-id"),
        ("of-e", "external-id=x,email=e@example.com", ("--on-conflict", "merge"), "linked:external-id"),
        ("v", "external-id=x,email=e@example.com", (), "contact_conflict"),
        ("v", "external-id=new,email=y@example.com", (), "contact_conflict"),
        ("v", "external-id=x,email=y@example.com", ("--on-conflict", "merge"), "two_external_ids"),
        ("of-x", "external-id=y", (), "linked_elsewhere"),
        ("v", "external-id=d", (), "contact_deleted"),
        ("v", "external-id=null", (), "junk_external_id"),
        ("v", "email=nobody", (), "invalid_email"),
    ],
)
def test_it_predicts_what_identify_does(
    visitors: Visitors, visitor: str, who: str, options: tuple[str, ...], code: str
) -> None:
    before = visitors("db", "dump").stdout
    (event,) = visitors("explain", visitor, "--identify-as", who, *options, "--format", "json").json
    assert visitors("db", "dump").stdout == before
    words = [word for part in who.split(",") for word in (f"--{part.split('=')[0]}", part.split("=")[1])]
    answer = visitors("identify", visitor, *words, *options, "--format", "json", code=None)
    if answer.code == 0:
        assert event["code"] == code == f"{answer.json['outcome']}:{answer.json['rule']}"
        assert event["sentence"].startswith("identify would ")
    else:
        assert event["code"] == code == answer.error["code"]
        assert event["sentence"].startswith("identify would refuse: ")
        assert answer.error["message"] in event["sentence"]


@pytest.mark.usefixtures("people")
def test_it_predicts_a_deleted_visitor(visitors: Visitors) -> None:
    visitors("delete", "v")
    (event,) = visitors("explain", "v", "--identify-as", "external-id=x", "--format", "json").json
    assert event["code"] == "visitor_deleted"


@pytest.mark.parametrize(
    "who", ["", "x", "external-id", "name=Ada", "external-id=x,,email=a@example.com", "external-id=x, external-id=y"]
)
def test_what_cannot_be_read_is_a_usage_error(visitors: Visitors, anonymous: str, who: str) -> None:
    visitors("explain", anonymous, "--identify-as", who, code=2)


@pytest.mark.parametrize("options", [("--relink",), ("--on-conflict", "merge")])
def test_what_is_about_identifying_needs_a_person(visitors: Visitors, anonymous: str, options: tuple[str, ...]) -> None:
    assert "need --identify-as" in visitors("explain", anonymous, *options, code=2).stderr


def test_of_nobody_is_not_found(visitors: Visitors, anonymous: str) -> None:
    visitors("explain", f"{anonymous}x", code=3)


def blocks_as_shown(visitors: Visitors, visitor: str) -> list[tuple[str, str | None]]:
    blocks = visitors("show", visitor, "--format", "json").json["blocks"]
    return [(block["blockedAt"], block["blockedBy"]) for block in reversed(blocks)]


def blocks_as_explained(visitors: Visitors, visitor: str) -> list[tuple[str, str | None]]:
    events = visitors("explain", visitor, "--format", "json").json
    return [(event["at"], event["actor"]) for event in events if event["code"] in ("blocked", "contact-blocked")]


@pytest.mark.parametrize("contact", ["", "u"])
@pytest.mark.parametrize("who", ["", "eve"])
def test_who_blocked_an_imported_visitor_and_when_is_what_show_says(visitors: Visitors, contact: str, who: str) -> None:
    header = "id,contact.externalId,contact.isBlocked,isBlocked,blockedAt,blockedBy"
    row = f"v,{contact},{'true' if contact else ''},true,{MONDAY},{who}"
    visitors("import", "-", "--format", "csv", "--as", "importer", input=f"{header}\n{row}\n")
    assert blocks_as_explained(visitors, "v") == blocks_as_shown(visitors, "v") == [(MONDAY, who or None)]
    visitors("unblock", *(("--contact", "ext:u") if contact else ("v",)), "--as", "bob", now=FRIDAY)
    visitors("block", "v", "--as", "ada", now=FRIDAY)
    assert blocks_as_explained(visitors, "v") == blocks_as_shown(visitors, "v")
    (lifted,) = [one for one in visitors("explain", "v", "--format", "json").json if one["code"] == "unblocked"]
    assert (lifted["at"], lifted["actor"]) == (FRIDAY, "bob")
    visitors("explain", "v", "--format", "table")


def test_who_blocked_a_seeded_visitor_and_when_is_what_show_says(visitors: Visitors) -> None:
    visitors("seed", "--count", "20", "--blocked", "50%")
    blocked = visitors("list", "--blocked", "--format", "ids").lines
    assert len(blocked) == 10
    for one in blocked:
        assert blocks_as_explained(visitors, one) == blocks_as_shown(visitors, one) != []


def test_who_a_fixture_says_has_blocked_and_when_is_what_show_says(visitors: Visitors, tmp_path: Path) -> None:
    fixture = tmp_path / "f.yaml"
    fixture.write_text(f"version: 1\nvisitors: {{v: }}\nblocks: [{{visitor: v, blockedAt: {MONDAY}, blockedBy: eve}}]")
    visitors("fixtures", "apply", str(fixture))
    assert blocks_as_explained(visitors, "v") == blocks_as_shown(visitors, "v") == [(MONDAY, "eve")]
