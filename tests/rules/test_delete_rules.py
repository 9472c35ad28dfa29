"""Delete is soft and restorable, and nothing is revived silently."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Visitors = Callable[..., Any]

MONDAY = "2026-03-02T09:00:00.000Z"
TUESDAY = "2026-03-03T09:00:00.000Z"


def listed(visitors: Visitors, *arguments: str) -> list[str]:
    lines: list[str] = visitors("list", *arguments, "--format", "ids").lines
    return sorted(lines)


def without_changes(page: dict[str, Any]) -> dict[str, Any]:
    """The page without its latest changes, which deleting and restoring add to."""
    return {key: value for key, value in page.items() if key != "changes"}


def test_delete_is_soft_and_restore_brings_back_all_there_was(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--language", "de", "--fingerprint", "fp", now=MONDAY)
    visitors("identify", "v", "--external-id", "u", now=MONDAY)
    visitors("conversations", "start", "v", "--message", "Hi", now=MONDAY)
    before = without_changes(visitors("show", "v", "--format", "json").json)
    visitors("delete", "v", now=TUESDAY)
    assert listed(visitors) == []
    assert listed(visitors, "--deleted") == ["v"]
    deleted = without_changes(visitors("show", "v", "--format", "json").json)
    assert deleted == {**before, "deletedAt": TUESDAY, "updatedAt": TUESDAY}
    visitors("restore", "v", now=TUESDAY)
    restored = without_changes(visitors("show", "v", "--format", "json").json)
    assert restored == {**before, "updatedAt": TUESDAY}


def test_a_deleted_visitor_is_not_revived_by_track_with_its_id(visitors: Visitors) -> None:
    visitors("track", "--id", "v")
    visitors("delete", "v")
    refused = visitors("track", "--id", "v", "--format", "json", code=4)
    assert (refused.error["code"], refused.error["hint"]) == ("visitor_deleted", "visitors restore v")
    assert listed(visitors, "--deleted") == ["v"]


def test_a_deleted_visitor_is_not_revived_by_track_with_its_fingerprint(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--fingerprint", "fp")
    visitors("delete", "v")
    answer = visitors("track", "--fingerprint", "fp", "--format", "json").json
    assert answer["resolvedBy"] == "created"
    assert listed(visitors, "--deleted") == ["v"]


def test_a_deleted_visitor_is_not_revived_by_create(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("delete", "v")
    refused = visitors("create", "--id", "v", "--format", "json", code=4)
    assert (refused.error["code"], refused.error["hint"]) == ("visitor_exists", "visitors restore v")
    assert "deleted" in refused.error["message"]


def test_a_deleted_visitor_is_not_changed_by_other_commands(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("delete", "v")
    before = visitors("history", "--format", "count").stdout
    for command in (
        ("update", "v", "--city", "Bonn"), ("block", "v"), ("unblock", "v"), ("unidentify", "v"),
        ("identify", "v", "--email", "a@example.com"), ("conversations", "start", "v"),
    ):  # fmt: skip
        assert visitors(*command, "--format", "json", code=4).error["code"] == "visitor_deleted"
    assert visitors("history", "--format", "count").stdout == before


def test_a_deleted_visitor_is_not_revived_by_import(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("delete", "v")
    row = json.dumps({"id": "v", "language": "de"})
    for policy in ("error", "update"):
        visitors("import", "-", "--input-format", "ndjson", "--on-existing", policy, input=row, code=4)
    assert "1 skipped" in visitors("import", "-", "--on-existing", "skip", input=row).stderr
    assert visitors("show", "v", "--format", "json").json["language"] is None
    assert listed(visitors, "--deleted") == ["v"]


def test_deleting_twice_and_restoring_twice_change_nothing(visitors: Visitors, anonymous: str) -> None:
    outcomes = [
        visitors(command, anonymous, "--format", "json").json["outcome"]
        for command in ("delete", "delete", "restore", "restore")
    ]
    assert outcomes == ["deleted", "unchanged", "restored", "unchanged"]
    assert visitors("history", "--command", "delete", "--format", "count").stdout == "1\n"
    assert visitors("history", "--command", "restore", "--format", "count").stdout == "1\n"


def test_a_deleted_device_is_not_listed_with_its_contact(visitors: Visitors) -> None:
    for device in ("laptop", "phone"):
        visitors("create", "--id", device)
        visitors("identify", device, "--external-id", "u")
    visitors("delete", "phone")
    assert visitors("show", "laptop", "--format", "json").json["devices"] == []
    (contact,) = visitors("contacts", "list", "--format", "json").json
    assert contact["visitorCount"] == 1
