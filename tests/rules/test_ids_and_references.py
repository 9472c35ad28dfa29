"""Ids: which are valid, and how a visitor or contact can be referred to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]


def test_a_generated_id_is_a_ulid_of_the_time_it_was_made(visitors: Visitors) -> None:
    first = visitors("create", now="2026-03-01T00:00:00.000Z").stdout.strip()
    second = visitors("create", now="2026-03-01T00:00:00.001Z").stdout.strip()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", first)
    assert first < second
    assert first[:10] == "01KJKB3Q00"  # the milliseconds since 1970, in Crockford's base 32


@pytest.mark.parametrize("given", ["a", "7", "Z" * 128, "a.b_c:d-e", "550e8400-e29b-41d4-a716-446655440000"])
def test_a_given_id_may_be_any_short_token(visitors: Visitors, given: str) -> None:
    assert visitors("create", "--id", given).stdout == f"{given}\n"
    assert visitors("track", "--id", given, "--format", "json").json["resolvedBy"] == "id"


@pytest.mark.parametrize("given", ["", "a b", "ä"])
@pytest.mark.parametrize("command", ["create", "track"])
def test_any_other_id_is_invalid_data(visitors: Visitors, command: str, given: str) -> None:
    refused = visitors(command, f"--id={given}", "--format", "json", code=5)
    assert refused.error["code"] == "invalid_id"


def test_a_visitor_may_be_named_by_a_unique_prefix(visitors: Visitors) -> None:
    for visitor in ("alpha-1", "alpha-2", "beta-1"):
        visitors("create", "--id", visitor)
    assert visitors("show", "b", "--format", "ids").lines == ["beta-1"]
    assert visitors("update", "alpha-2", "--city", "Bonn").lines == ["alpha-2"]
    assert visitors("identify", "be", "--email", "a@example.com").lines == ["beta-1"]
    assert visitors("block", "alpha-1", "bet").lines == ["alpha-1", "beta-1"]


def test_ambiguous_prefix_lists_candidates(visitors: Visitors) -> None:
    for visitor in ("alpha-1", "alpha-2", "beta-1"):
        visitors("create", "--id", visitor)
    refused = visitors("show", "alpha", "--format", "json", code=4)
    assert refused.error["code"] == "ambiguous"
    assert "alpha-1" in refused.error["message"]
    assert "alpha-2" in refused.error["message"]
    assert "beta" not in refused.error["message"]


def test_an_exact_id_is_no_ambiguous_prefix_of_longer_ones(visitors: Visitors) -> None:
    for visitor in ("a", "ab", "abc"):
        visitors("create", "--id", visitor)
    assert visitors("show", "ab", "--format", "ids").lines == ["ab"]


def test_a_prefix_is_taken_in_its_letter_case(visitors: Visitors) -> None:
    visitors("create", "--id", "Alpha")
    assert visitors("show", "al", "--format", "json", code=3).error["code"] == "visitor_not_found"


def test_wildcards_of_sql_are_no_prefix(visitors: Visitors, anonymous: str) -> None:
    for pattern in ("%", "_", "*", anonymous[:-1] + "_"):
        assert visitors("show", pattern, code=3).stdout == ""


def test_an_unknown_visitor_is_not_found_with_a_hint(visitors: Visitors, anonymous: str) -> None:
    missing = visitors("show", f"{anonymous}x", code=3)
    assert missing.stderr.startswith("error: ")
    assert "\nhint: " in missing.stderr
    assert missing.stdout == ""


@pytest.mark.parametrize("reference", ["ada@example.com", " Ada.O'Neil@example.com", "ext:user 1", "ext:u1"])
@pytest.mark.parametrize("command", ["show", "block", "delete", "erase", "update --city Oslo", "explain"])
def test_a_reference_to_a_contact_is_distinguished_from_a_visitor(
    visitors: Visitors, command: str, reference: str
) -> None:
    visitors("create", "--id", "v")
    refused = visitors(*command.split(), reference, "--format", "json", code=3).error
    assert (refused["code"], refused["message"]) == (
        "visitor_not_found",
        f"{reference.strip()!r} refers to a contact, not to a visitor",
    )
    assert f"visitors list --contact {shlex.quote(reference.strip())};" in refused["hint"]


def test_an_id_that_a_table_cut_is_a_prefix(visitors: Visitors) -> None:
    visitors("create", "--id", "abc")
    visitors("create", "--id", "abc-1")
    visitors("create", "--id", "xyz-1")
    visitors("identify", "xyz-1", "--email", "ada@example.com")
    contact = visitors("contacts", "list", "--format", "ids").lines[0]
    conversation = visitors("conversations", "start", "xyz-1", "--message", "hi").lines[0]
    operation = visitors("history", "--format", "ids").lines[0]
    assert visitors("show", "xyz…", "--format", "ids").lines == ["xyz-1"]
    assert visitors("show", "-", "--format", "ids", input=" xyz-… \n").lines == ["xyz-1"]
    assert visitors("contacts", "show", f"{contact[:20]}…", "--format", "ids").lines == [contact]
    assert visitors("list", "--contact", f"{contact[:20]}…", "--format", "ids").lines == ["xyz-1"]
    shown = visitors("conversations", "show", f"{conversation[:-1]}…", "--format", "ids").lines
    assert shown == [conversation]
    assert visitors("show", "abc…", "--format", "json", code=4).error["code"] == "ambiguous"
    assert visitors("undo", f"{operation[:-1]}…", "--dry-run").lines == [operation]
    for nothing in ("…", "no…", "xyz……", "xy…z"):
        visitors("show", nothing, code=3)


@pytest.fixture
def ada(visitors: Visitors) -> str:
    """The id of a contact with everything that can identify one."""
    visitors("create", "--id", "laptop")
    visitors("identify", "laptop", "--external-id", "Ada:1", "--email", "ada@example.com")
    visitors("create", "--id", "other")
    visitors("identify", "other", "--external-id", "ada:1", "--email", "other@example.com")
    return str(visitors("show", "laptop", "--fields", "contact.id", "--format", "json").json["contact"]["id"])


def test_a_contact_may_be_named_by_id_prefix_email_or_external_id(visitors: Visitors, ada: str) -> None:
    other = visitors("show", "other", "--format", "json").json["contact"]["id"]
    prefix = next(ada[:length] for length in range(1, 27) if not other.startswith(ada[:length]))
    for reference in (ada, prefix, "ada@example.com", " ADA@Example.com", "ext:Ada:1"):
        assert visitors("contacts", "show", reference, "--format", "ids").lines == [ada]
        assert visitors("list", "--contact", reference, "--format", "ids").lines == ["laptop"]


@pytest.mark.parametrize("reference", ["ext:ADA:1", "nobody@example.com", "ext:nobody", "01ZZZ", "laptop"])
def test_an_unknown_contact_is_not_found(visitors: Visitors, ada: str, reference: str) -> None:
    assert ada
    missing = visitors("contacts", "show", reference, "--format", "json", code=3)
    assert missing.error["code"] == "contact_not_found"


def test_an_ambiguous_contact_lists_the_candidates(visitors: Visitors, ada: str) -> None:
    other = visitors("show", "other", "--format", "json").json["contact"]["id"]
    refused = visitors("contacts", "show", "01", "--format", "json", code=4)
    assert refused.error["code"] == "ambiguous"
    assert ada in refused.error["message"]
    assert other in refused.error["message"]


def test_an_ambiguous_email_lists_the_candidates_and_how_to_merge_them(
    visitors: Visitors, contacts_with_one_email: Callable[..., None], store_path: Path
) -> None:
    contacts_with_one_email("c-1", "c-2", "c-3", db=store_path)
    visitors("contacts", "update", "c-3", "--external-id", "u")
    error = visitors("contacts", "show", "Shared@example.com", "--format", "json", code=4).error
    assert error["message"] == "'Shared@example.com' is ambiguous: it matches the contacts c-3, c-1, c-2"
    assert error["hint"] == "use one of the ids; if they are the same person: visitors contacts merge c-3 c-1 c-2"
    command = error["hint"].split(": visitors ")[1].split()
    visitors(*command, "--yes")
    assert visitors("contacts", "show", "shared@example.com", "--format", "json").json["id"] == "c-3"


def test_an_email_of_many_contacts_lists_a_few_and_how_to_see_all(
    visitors: Visitors, contacts_with_one_email: Callable[..., None], store_path: Path
) -> None:
    contacts_with_one_email(*(f"c-{number}" for number in range(7)), db=store_path)
    error = visitors("contacts", "show", "shared@example.com", "--format", "json", code=4).error
    assert error["message"].endswith(", …")
    assert error["hint"] == "use one of the ids; if they are the same person: visitors contacts duplicates"


def test_an_email_that_is_not_there_is_shown_as_it_was_typed(visitors: Visitors, ada: str) -> None:
    assert ada
    refused = visitors("contacts", "show", "Nobody@Example.com", "--format", "json", code=3)
    assert refused.error["message"] == "no contact has the email 'Nobody@Example.com'"
