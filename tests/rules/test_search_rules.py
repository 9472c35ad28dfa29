"""Contacts are found by their current texts, however these were set."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from visitors.domain.times import now
from visitors.store.file.opening import open_store
from visitors.store.places import File

Visitors = Callable[..., Any]


@pytest.fixture
def found(visitors: Visitors) -> Callable[..., list[str]]:
    """Return the names of contacts that a search finds, and of visitors that it finds by their contacts."""

    def names(text: str, *options: str) -> list[str]:
        of_contacts = visitors("contacts", "list", "--search", text, "--format", "json", *options).json
        of_visitors = visitors("list", "--search", text, "--format", "json", *options).json
        assert {one["contact"]["name"] for one in of_visitors} <= {one["name"] for one in of_contacts}
        return [one["name"] for one in of_contacts]

    return names


@pytest.mark.parametrize("words", [("WEISS", "weiß"), ("yilmaz", "YILMAZ", "Yılmaz"), ("jose", "JOSÉ", "Jose\u0301")])
def test_case_and_accents_make_no_difference(
    visitors: Visitors, found: Callable[..., list[str]], words: tuple[str, ...]
) -> None:
    for id_, name in (("w", "Anna Weiß"), ("y", "Ömer Yılmaz"), ("j", "José Núñez")):
        visitors("create", "--id", id_)
        visitors("identify", id_, "--external-id", f"u-{id_}", "--name", name)
    for word in words:
        assert len(found(word)) == 1, word
        assert visitors("list", "--search", word, "--format", "count").stdout == "1\n"


def test_what_a_contact_is_called_now_is_found_and_what_it_was_called_is_not(
    visitors: Visitors, found: Callable[..., list[str]]
) -> None:
    visitors("contacts", "create", "--id", "c", "--name", "Zoë")
    visitors("contacts", "update", "c", "--name", "José")
    assert (found("zoe"), found("jose")) == ([], ["José"])
    visitors("undo")
    assert (found("zoe"), found("jose")) == (["Zoë"], [])
    visitors("undo", visitors("history", "--limit", "1", "--format", "ids").stdout.strip())
    assert (found("zoe"), found("jose")) == ([], ["José"])
    visitors("contacts", "update", "c", "--clear", "name")
    assert found("jose") == []


def test_what_an_import_and_its_undo_did_is_found(visitors: Visitors, found: Callable[..., list[str]]) -> None:
    rows = [{"id": f"v{n}", "contact": {"externalId": f"u{n}", "name": f"Frère {n}"}} for n in range(3)]
    lines = "\n".join(map(json.dumps, rows))
    visitors("import", "-", input=lines)
    visitors("import", "-", "--on-existing", "update", input=lines.replace("Fr\\u00e8re 1", "Bj\\u00f6rn"))
    assert (len(found("frere")), found("bjorn")) == (2, ["Björn"])
    visitors("undo")
    assert (len(found("frere")), found("bjorn")) == (3, [])
    redo = visitors("undo").stdout.strip()
    assert found("frere") == []
    visitors("undo", redo)
    assert len(found("frere")) == 3


def test_what_a_fixture_made_changed_and_exchanged_is_found(
    visitors: Visitors, found: Callable[..., list[str]], tmp_path: Path
) -> None:
    def apply(people: dict[str, dict[str, str]]) -> None:
        file = tmp_path / "f.json"
        file.write_text(json.dumps({"version": 1, "contacts": people}))
        visitors("fixtures", "apply", str(file))

    apply({"a": {"name": "Ægir", "externalId": "é-1"}, "b": {"name": "Łucja", "externalId": "é-2"}})
    assert (found("aegir"), found("lucja"), found("e-1"), found("e-2")) == (["Ægir"], ["Łucja"], ["Ægir"], ["Łucja"])
    apply({"a": {"name": "Ægir", "externalId": "é-2"}, "b": {"name": "Łucja", "externalId": "é-1"}})
    assert (found("e-1"), found("e-2")) == (["Łucja"], ["Ægir"])


def test_what_was_loaded_from_a_dump_is_found_and_no_dump_has_it(
    visitors: Visitors, found: Callable[..., list[str]], tmp_path: Path
) -> None:
    visitors("contacts", "create", "--name", "Zoë", "--email", "zoë@example.com")
    dump = visitors("db", "dump").stdout
    assert "search_text" not in dump
    loaded = ("--db", str(tmp_path / "loaded.db"))
    visitors("db", "load", "-", *loaded, input=dump)
    assert found("zoe@", *loaded) == ["Zoë"]


def test_a_contact_missing_from_the_search_is_reported_and_compacting_repairs_it(
    visitors: Visitors, found: Callable[..., list[str]], store_path: Path
) -> None:
    visitors("contacts", "create", "--name", "Zoë")
    with open_store(File.at(store_path)) as store, store.operation("test", actor="t", clock=now):
        store.execute("UPDATE contacts SET name = 'José'")
    problems = [one for one in visitors("db", "check", "--format", "json", code=8).json if one["result"] == "problem"]
    assert [one["check"] for one in problems] == ["search-text"]
    assert "db compact" in problems[0]["help"]
    visitors("db", "compact")
    assert (found("zoe"), found("jose")) == ([], ["José"])
    assert visitors("db", "check", "--quiet").stdout == ""


def test_no_contact_can_be_written_without_what_it_is_found_by(visitors: Visitors, store_path: Path) -> None:
    visitors("contacts", "create", "--name", "Zoë")
    with closing(sqlite3.connect(store_path)) as connection:
        (is_required,) = connection.execute(
            "SELECT \"notnull\" FROM pragma_table_info('contacts') WHERE name = 'search_text' AND dflt_value IS NULL"
        ).fetchone()
    assert is_required


@pytest.fixture
def talks(visitors: Visitors) -> Callable[..., list[str]]:
    """Return the titles of conversations that a search finds."""

    def titles(text: str, *options: str) -> list[str]:
        found = visitors("conversations", "list", "--search", text, "--format", "json", *options).json
        return [one["title"] for one in found]

    visitors("create", "--id", "v")
    return titles


def test_what_was_said_is_found_after_a_fixture_an_undo_and_a_load_of_a_dump(
    visitors: Visitors, talks: Callable[..., list[str]], tmp_path: Path
) -> None:
    def apply(title: str, *messages: str) -> None:
        said = [{"visitor": "v", "body": body} for body in messages]
        talk = {"visitor": "v", "title": title, "messages": said}
        file = tmp_path / "f.json"
        file.write_text(json.dumps({"version": 1, "visitors": {"v": {}}, "conversations": {"t": talk}}))
        visitors("fixtures", "apply", str(file))

    apply("Größe", "Ça va?")
    apply("Höhe", "Non, désolé")
    assert (talks("grosse"), talks("ca va"), talks("HOHE"), talks("desole")) == ([], [], ["Höhe"], ["Höhe"])
    visitors("undo")
    assert (talks("grosse"), talks("ca va"), talks("hohe"), talks("desole")) == (["Größe"], ["Größe"], [], [])
    visitors("undo", visitors("history", "--limit", "1", "--format", "ids").stdout.strip())
    assert (talks("grosse"), talks("ca va"), talks("HOHE"), talks("desole")) == ([], [], ["Höhe"], ["Höhe"])
    dump = visitors("db", "dump").stdout
    assert "search_text" not in dump
    loaded = ("--db", str(tmp_path / "loaded.db"))
    visitors("db", "load", "-", *loaded, input=dump)
    assert (talks("hohe", *loaded), talks("desole", *loaded)) == (["Höhe"], ["Höhe"])
    assert visitors("db", "check", "--quiet").stdout == ""


def test_a_conversation_missing_from_the_search_is_reported_and_compacting_repairs_it(
    visitors: Visitors, talks: Callable[..., list[str]], store_path: Path
) -> None:
    visitors("conversations", "start", "v", "--title", "Zoë", "--message", "Ça va?")
    with open_store(File.at(store_path)) as store, store.operation("test", actor="t", clock=now):
        store.execute("UPDATE conversations SET title = 'José'")
        store.execute("UPDATE messages SET body = 'désolé'")
    problems = [one for one in visitors("db", "check", "--format", "json", code=8).json if one["result"] == "problem"]
    assert [one["check"] for one in problems] == ["search-title", "search-message"]
    visitors("db", "compact")
    assert (talks("zoe"), talks("ca va"), talks("jose"), talks("desole")) == ([], [], ["José"], ["José"])
    assert visitors("db", "check", "--quiet").stdout == ""
