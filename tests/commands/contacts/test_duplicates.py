from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors.domain.times import now
from visitors.store.file.opening import open_store
from visitors.store.places import File
from visitors.store.records.search_texts import update_search_text

Visitors = Callable[..., Any]


def listed(visitors: Visitors, *options: str) -> Any:
    return visitors("contacts", "duplicates", "--format", "json", *options).json


def test_without_any_it_says_so(visitors: Visitors) -> None:
    visitors("contacts", "create", "--email", "a@example.com")
    visitors("contacts", "create")
    visitors("contacts", "create")
    assert listed(visitors) == []
    assert "no duplicates" in visitors("contacts", "duplicates", "--format", "table").stderr


@pytest.fixture
def two_of_one_email(visitors: Visitors, store_path: Path) -> tuple[str, ...]:
    """Contacts with the same email, which no command creates."""
    visitors("contacts", "create", "--id", "old", "--email", "b@example.com")
    visitors("contacts", "create", "--id", "new", "--external-id", "u", "--email", "a@example.com")
    visitors("contacts", "create", "--id", "newer")
    with open_store(File.at(store_path)) as store, store.operation("test", actor="t", clock=now):
        store.execute("UPDATE contacts SET email = 'a@example.com'")
        update_search_text(store, "contact")
    return ("old", "new", "newer")


def test_contacts_with_one_email_are_listed_with_what_merges_them(
    visitors: Visitors, two_of_one_email: tuple[str, ...]
) -> None:
    assert set(two_of_one_email) == {"old", "new", "newer"}
    (duplicate,) = listed(visitors)
    # the one with an external id survives
    assert duplicate == {
        "email": "a@example.com", "reason": "same-email", "contactIds": ["new", "old", "newer"],
        "command": "visitors contacts merge new old newer",
    }  # fmt: skip
    found = {one["check"]: one for one in visitors("db", "check", "--format", "json", code=8).json}
    assert (found["contact-email"]["result"], found["contact-email"]["help"][-19:]) == (
        "problem",
        "contacts duplicates",
    )
    visitors(*duplicate["command"].split()[1:], "--yes")
    assert listed(visitors) == []
    assert visitors("contacts", "show", "old", "--format", "json").json["id"] == "new"
    visitors("db", "check", "--quiet")


@pytest.fixture
def loaded(visitors: Visitors, tmp_path: Path) -> Callable[[str, str], list[Any]]:
    """The duplicates in a store with two emails that commands would have normalised."""

    def load(first: str, second: str) -> list[Any]:
        for id_ in ("A", "B", "C"):
            visitors("contacts", "create", "--id", id_, "--email", f"{id_}@example.com")
        lines = [json.loads(line) for line in visitors("db", "dump").lines]
        for line in lines:
            if line["type"] == "contact":
                line["email"] = {"A": first, "B": second}.get(line["id"], line["email"])
        path = str(tmp_path / "loaded.db")
        visitors("db", "load", "-", "--db", path, input="".join(json.dumps(line) + "\n" for line in lines))
        return [(one["reason"], one["contactIds"]) for one in listed(visitors, "--db", path)]

    return load


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ada@Example.com", "ada@example.com"),
        (" ada@example.com", "ada@example.com\t"),
        ("ada@example.com\u00a0", "ADA@example.com"),
        ("É@example.com", "é@example.com"),
        ("ada@example.com\u2003", "ada@example.com"),
    ],
)
def test_emails_that_differ_by_case_or_space_in_a_loaded_store(
    loaded: Callable[[str, str], list[Any]], first: str, second: str
) -> None:
    assert loaded(first, second) == [("email-differs-by-case-or-space", ["A", "B"])]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("zoë@example.com", "zoe\u0308@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@example.com", "\u200bADA@example.com"),
    ],
)
def test_emails_that_are_two_spellings_of_one_in_a_loaded_store(
    loaded: Callable[[str, str], list[Any]], first: str, second: str
) -> None:
    assert loaded(first, second) == [("email-differs-by-spelling", ["A", "B"])]


def test_a_person_who_was_stored_in_another_spelling_can_still_be_named(visitors: Visitors, tmp_path: Path) -> None:
    visitors("contacts", "create", "--id", "A", "--email", "a@example.com", "--external-id", "u")
    dump = visitors("db", "dump").stdout.replace('"a@example.com"', '"zoe\u0308@example.com"')
    path = str(tmp_path / "loaded.db")
    visitors("db", "load", "-", "--db", path, input=dump.replace('"u"', '"e\u0301"'))
    for reference in ("zoe\u0308@example.com", "ext:e\u0301"):
        assert visitors("contacts", "show", reference, "--db", path, "--format", "json").json["id"] == "A"


def test_tombstones_and_deleted_contacts_are_no_duplicates(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "A")
    visitors("contacts", "create", "--id", "B", "--email", "a@example.com")
    visitors("contacts", "merge", "A", "B", "--yes")
    assert listed(visitors) == []


@pytest.mark.usefixtures("two_of_one_email")
def test_format_ids_is_one_contact_a_line(visitors: Visitors) -> None:
    assert visitors("contacts", "duplicates", "--format", "ids").lines == ["new", "old", "newer"]


@pytest.mark.usefixtures("two_of_one_email")
def test_a_backup_with_them_is_restored(visitors: Visitors, tmp_path: Path) -> None:
    visitors("db", "backup", str(tmp_path / "x.bak"))
    visitors("db", "restore", str(tmp_path / "x.bak"), "--yes")
    assert len(listed(visitors)) == 1
