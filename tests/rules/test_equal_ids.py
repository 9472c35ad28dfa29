"""Records of two kinds may have the same id, as in imports from systems that number each kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.fixture(autouse=True)
def numbered(visitors: Visitors, tmp_path: Path) -> None:
    """Two people, each with a visitor, a contact and a conversation, whose ids are numbers of the other's."""
    for visitor, contact, name in (("1", "2", "Ada"), ("2", "1", "Bob")):
        visitors("create", "--id", visitor, "--city", f"City of {name}")
        visitors("contacts", "create", "--id", contact, "--external-id", f"u{contact}", "--name", name)
        visitors("identify", visitor, "--external-id", f"u{contact}")
        visitors("update", visitor, "--region", f"Region of {name}")
        visitors("contacts", "update", contact, "--name", f"{name} II")
        conversation = {
            "id": visitor,
            "visitorId": visitor,
            "messages": [{"id": contact, "visitorId": visitor, "body": f"Question of {name}"}],
        }
        rows = tmp_path / f"{visitor}.ndjson"
        rows.write_text(json.dumps(conversation) + "\n")
        visitors("conversations", "import", str(rows))


def of(name: str, told: str) -> None:
    other = {"Ada": "Bob", "Bob": "Ada"}[name]
    assert name in told
    assert other not in told


def test_the_history_of_a_visitor_is_not_that_of_a_contact_or_message(visitors: Visitors) -> None:
    of("Ada", visitors("history", "1", "--format", "json").stdout)
    of("Bob", visitors("history", "2", "--changes", "--format", "json").stdout)
    commands = visitors("history", "--record", "1", "--fields", "command").lines
    assert commands == ["command", "conversations import", "update", "identify", "create"]


def test_the_history_of_a_contact_is_found_by_its_external_id(visitors: Visitors) -> None:
    of("Bob", visitors("history", "ext:u1", "--format", "json").stdout)


def test_a_page_shows_only_changes_of_its_record(visitors: Visitors) -> None:
    of("Ada", json.dumps(visitors("show", "1", "--format", "json").json["changes"]))
    of("Bob", json.dumps(visitors("contacts", "show", "1", "--format", "json").json["changes"]))


def test_the_explanation_is_about_the_visitors_own_contacts(visitors: Visitors) -> None:
    of("Ada", visitors("explain", "1", "--format", "json").stdout)


def test_a_kind_that_the_record_does_not_have_is_no_change(visitors: Visitors) -> None:
    assert visitors("history", "1", "--kind", "contact", "--format", "json").json == []
    assert visitors("history", "--record", "1", "--kind", "contact", "--changes", "--format", "json").json == []


def test_an_erasure_and_its_undone_history_leave_the_other_person_whole(visitors: Visitors) -> None:
    visitors("contacts", "erase", "ext:u2", "--yes")
    everything = visitors("db", "dump").stdout
    of("Bob", everything)
    of("Bob", visitors("show", "2", "--format", "json").stdout)
    visitors("db", "check")


def test_a_copy_for_the_person_has_only_their_data(visitors: Visitors) -> None:
    of("Bob", visitors("contacts", "subject-export", "ext:u1").stdout)
