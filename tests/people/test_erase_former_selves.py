"""Data that was undone, unlinked or set on the wrong contact belongs to the person too, and is erased."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors import open_store

Visitors = Callable[..., Any]

ZELDA = ("--email", "zelda@example.com", "--name", "Zelda Q")


@pytest.fixture
def left(visitors: Visitors, store_path: Path) -> Callable[..., list[str]]:
    """Erase a person, and return which of the texts are still in the file."""

    def erase(person: str, *texts: str) -> list[str]:
        visitors("contacts", "erase", person, "--yes")
        content = store_path.read_bytes().lower()
        return [text for text in texts if text.lower().encode() in content]

    return erase


def newest(visitors: Visitors) -> str:
    return str(visitors("history", "--limit", "1", "--format", "ids").stdout.strip())


def test_who_somebody_was_before_an_identification_was_taken_back(
    visitors: Visitors, left: Callable[..., list[str]]
) -> None:
    visitors("create", "--id", "device-zz")
    visitors("identify", "device-zz", "--email", "zedla.typo@example.com", "--name", "Zelda Q")
    visitors("undo")
    visitors("identify", "device-zz", *ZELDA)
    assert left("zelda@example.com", "typo", "zelda", "device-zz") == []


def test_an_import_that_was_taken_back_and_repeated(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    row = json.dumps({"id": "i1", "city": "Zityville", "contact": {"email": "zelda@example.com", "name": "Zelda Q"}})
    visitors("import", "-", input=row)
    visitors("undo")
    visitors("import", "-", input=row)
    assert left("zelda@example.com", "zelda", "zityville", "i1") == []


def test_a_device_that_was_tracked_taken_back_and_tracked_again(
    visitors: Visitors, left: Callable[..., list[str]]
) -> None:
    words = ("track", "--fingerprint", "print-zz", "--ip", "203.0.113.77", "--city", "Zityville")
    visitors(*words)
    visitors("undo")
    again = visitors(*words, "--format", "json").json["id"]
    visitors("identify", again, *ZELDA)
    assert left("zelda@example.com", "print-zz", "203.0.113.77", "zityville") == []


def test_a_device_of_somebody_else_with_the_same_fingerprint_keeps_its_twin(
    visitors: Visitors, left: Callable[..., list[str]]
) -> None:
    visitors("track", "--fingerprint", "print-zz", "--city", "Zityville")
    visitors("undo")
    again = visitors("track", "--fingerprint", "print-zz", "--format", "json").json["id"]
    visitors("create", "--id", "other", "--fingerprint", "print-zz")
    visitors("identify", again, *ZELDA)
    assert left("zelda@example.com", "zelda", "zityville") == ["zityville"]


def test_a_former_external_id(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", "--external-id", "zelda-1", "--name", "Zelda Q")
    visitors("contacts", "update", "ext:zelda-1", "--external-id", "zelda-2")
    assert left("ext:zelda-2", "zelda") == []


def test_what_was_taken_back_in_a_cascade(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", "--external-id", "e1", *ZELDA)
    identified = newest(visitors)
    visitors("contacts", "update", "zelda@example.com", "--name", "Zeldarina", "--metadata", "plan=zz-plan")
    visitors("undo", identified, "--cascade")
    visitors("identify", "a1", "--external-id", "e2", "--email", "z2@example.com")
    assert left("z2@example.com", "zelda", "zz-plan", "z2@") == []


def test_a_mistake_that_shares_only_an_email_and_no_device(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("contacts", "create", *ZELDA)
    visitors("undo")
    visitors("contacts", "create", "--email", "zelda@example.com", "--external-id", "e1")
    assert left("ext:e1", "zelda") == []


def test_erasing_a_device_takes_who_it_was_taken_for(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", *ZELDA)
    visitors("undo")
    visitors("erase", "a1", "--yes")
    assert b"elda" not in store_path.read_bytes()


@pytest.mark.parametrize("cascade", [(), ("--cascade",)])
def test_no_undo_brings_anything_back(
    visitors: Visitors, left: Callable[..., list[str]], store_path: Path, cascade: tuple[str, ...]
) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", "--email", "zedla.typo@example.com")
    undo = visitors("undo").stdout.strip()
    redo = visitors("undo", undo).stdout.strip()
    visitors("undo", redo)
    visitors("import", "-", input=json.dumps({"id": "i1", "contact": {"email": "zelda@example.com"}}))
    imported = newest(visitors)
    visitors("identify", "a1", *ZELDA)
    before = visitors("history", "--format", "ids").lines
    assert left("zelda@example.com", "zelda", "zedla") == []
    for operation in (*before, imported, undo, redo):
        visitors("undo", operation, *cascade, code=None)
    content = store_path.read_bytes()
    assert b"zelda" not in content
    assert b"zedla" not in content


def test_a_device_that_was_unlinked_before(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("create", "--id", "device-zz", "--city", "Zityville", "--fingerprint", "print-zz", "--ip", "203.0.113.77")
    visitors("identify", "device-zz", *ZELDA)
    visitors("unidentify", "device-zz")
    assert left("zelda@example.com", "zityville", "print-zz", "203.0.113.77", "device-zz") == []


@pytest.mark.parametrize("more", [(), ("--relink",)])
def test_a_device_that_was_linked_by_mistake_and_taken_back_is_a_strangers(
    visitors: Visitors, more: tuple[str, ...]
) -> None:
    visitors("contacts", "create", *ZELDA)
    visitors("create", "--id", "stranger", "--city", "Rome")
    if more:
        visitors("identify", "stranger", "--email", "bob@example.com")
    before = visitors("show", "stranger", "--format", "json", "--fields", "id,city,contact.email").json
    visitors("identify", "stranger", "--email", "zelda@example.com", *more)
    undo = visitors("undo").stdout.strip()
    visitors("undo", visitors("undo", undo).stdout.strip())
    assert visitors("contacts", "erase", "zelda@example.com", "--yes").stderr == ""
    assert visitors("show", "stranger", "--format", "json", "--fields", "id,city,contact.email").json == before


def test_a_device_that_is_somebody_elses_now_is_named_and_left(visitors: Visitors) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", *ZELDA)
    visitors("identify", "a1", "--email", "bob@example.com", "--relink")
    bob = visitors("show", "a1", "--format", "json").json["contact"]["id"]
    rehearsed = visitors("contacts", "erase", "zelda@example.com", "--dry-run").stderr
    told = visitors("contacts", "erase", "zelda@example.com", "--yes").stderr
    assert f"kept visitor a1: it now belongs to contact {bob}; to erase it too: visitors erase a1" in told
    assert "kept visitor a1" in rehearsed
    assert visitors("show", "a1", "--format", "json").json["contact"]["email"] == "bob@example.com"
    visitors("erase", "a1", "--yes")
    visitors("show", "a1", code=3)


def test_what_nobody_can_tell_is_named_and_can_be_erased(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "a1")
    visitors("create", "--id", "shared")
    visitors("identify", "shared", "--external-id", "mistake-zz", "--email", "zelda@example.com")
    visitors("undo")
    visitors("identify", "shared", "--external-id", "bob")
    visitors("contacts", "update", "ext:bob", "--email", "zelda@example.com")
    visitors("identify", "a1", "--external-id", "zelda-zz")
    visitors("contacts", "update", "ext:bob", "--clear", "email")
    visitors("contacts", "update", "ext:zelda-zz", "--email", "zelda@example.com")
    visitors("contacts", "update", "ext:zelda-zz", "--email", "z@example.com")
    visitors("contacts", "update", "ext:bob", "--email", "zelda@example.com")
    told = visitors("contacts", "erase", "ext:zelda-zz", "--yes").stderr
    [line] = [one for one in told.splitlines() if one.startswith("kept contact")]
    assert b"mistake-zz" in store_path.read_bytes()
    visitors(*line.split(": visitors ")[1].split(), "--yes")
    assert b"mistake-zz" not in store_path.read_bytes()


def test_what_was_set_on_the_wrong_person_and_corrected(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("contacts", "create", "--id", "bob", "--email", "bob@example.com", "--name", "Bob")
    visitors("contacts", "update", "bob", *ZELDA, "--image", "https://zz.example/i.png", "--metadata", "plan=zz-plan")
    visitors("contacts", "update", "bob", "--email", "bob@example.com", "--name", "Bob", "--clear", "image")
    visitors("contacts", "update", "bob", "--unset", "plan")
    visitors("contacts", "create", "--email", "zelda@example.com")
    before = visitors("contacts", "show", "bob", "--format", "json", "--fields", "id,name,email,metadata").json
    assert left("zelda@example.com", "zelda", "zz.example", "zz-plan") == []
    assert visitors("contacts", "show", "bob", "--format", "json", "--fields", "id,name,email,metadata").json == before
    assert visitors("db", "check", "--quiet").stdout == ""


def test_what_the_other_person_kept_is_theirs(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "bob", "--email", "bob@example.com")
    visitors("contacts", "update", "bob", "--email", "zelda@example.com", "--name", "Bob B", "--metadata", "plan=pro")
    visitors("contacts", "update", "bob", "--email", "bob@example.com")
    visitors("contacts", "create", "--email", "zelda@example.com")
    visitors("contacts", "erase", "zelda@example.com", "--yes")
    text = json.dumps(visitors("history", "bob", "--format", "json").json)
    assert "Bob B" in text
    assert "pro" in text


def test_the_subject_export_has_what_an_erasure_takes(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", "--email", "zedla.typo@example.com", "--name", "Zelda Q")
    visitors("undo")
    visitors("identify", "a1", *ZELDA)
    document = visitors("contacts", "subject-export", "zelda@example.com").stdout
    assert "zedla.typo@example.com" in document
    assert left("zelda@example.com", "zelda", "typo") == []


def test_the_api_returns_what_was_left(store_path: Path) -> None:
    with open_store(store_path) as store:
        store.create("a1")
        store.identify("a1", email="zelda@example.com")
        store.identify("a1", email="bob@example.com", relink=True)
        erased = store.contacts.erase("zelda@example.com")
    assert [(one.kind, one.id) for one in erased.left] == [("visitor", "a1")]
    assert "now" in erased.left[0].reason


def test_a_device_by_a_fingerprint_that_it_had_once(visitors: Visitors, left: Callable[..., list[str]]) -> None:
    visitors("track", "--fingerprint", "print-old", "--ip", "203.0.113.77", "--city", "Zityville")
    visitors("undo")
    visitors("track", "--fingerprint", "print-old", "--id", "zz")
    visitors("track", "--fingerprint", "print-new", "--id", "zz")
    visitors("identify", "zz", *ZELDA)
    assert left("zelda@example.com", "print-old", "zityville", "203.0.113.77") == []


@pytest.mark.parametrize(
    ("words", "shares"),
    [
        (("--fingerprint", "print-zz"), "the fingerprint"),
        (("--ip", "203.0.113.77"), "the address"),
    ],
)
def test_a_device_that_may_be_somebody_elses_is_named(visitors: Visitors, words: tuple[str, ...], shares: str) -> None:
    first = visitors("track", *words, "--city", "Zityville", "--format", "json").json["id"]
    visitors("undo")
    again = visitors("track", *words, "--format", "json").json["id"]
    if shares == "the fingerprint":
        visitors("create", "--id", "other", *words)
    visitors("identify", again, *ZELDA)
    told = visitors("contacts", "erase", "zelda@example.com", "--yes").stderr
    assert f"kept visitor {first}: it is only in the history, and shares {shares}; to erase it too:" in told
    assert f"visitors erase {first}" in told
    visitors("erase", first, "--yes")
    visitors("erase", first, "--yes", code=3)


@pytest.mark.parametrize("reference", ["Zelda@Example.com", "ext:z-1"])
def test_who_only_the_history_knows_is_erased_by_email_or_external_id(
    visitors: Visitors, left: Callable[..., list[str]], reference: str
) -> None:
    visitors("create", "--id", "a1")
    visitors("identify", "a1", *ZELDA, "--external-id", "z-1")
    visitors("undo")
    visitors("contacts", "erase", reference, "nobody@example.com", "--yes", code=3)
    assert left(reference, "zelda", "z-1") == []
    visitors("contacts", "erase", reference, "--yes", code=3)
