from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Edit = Callable[[list[dict[str, Any]]], object]


@pytest.fixture
def dumped(visitors: Visitors) -> list[dict[str, Any]]:
    """The lines of a small dump: store, contact, visitor, conversation, message, and their history."""
    visitors("track", "--id", "v")
    visitors("identify", "v", "--external-id", "u")
    visitors("conversations", "start", "v", "--message", "Hi")
    return [json.loads(line) for line in visitors("db", "dump").lines]


def text(lines: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def line_of(lines: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(line for line in lines if line["type"] == kind)


def refused(visitors: Visitors, tmp_path: Path, given: str, code: int = 5) -> Any:
    """The error of loading `given`, after which the store must be as empty as before."""
    target = str(tmp_path / "target.db")
    error = visitors("db", "load", "-", "--db", target, "--format", "json", input=given, code=code).error
    info = visitors("db", "info", "--db", target, "--format", "json").json
    assert [info[key] for key in ("visitors", "contacts", "conversations", "operations")] == [0, 0, 0, 0]
    return error


def test_it_says_how_many_rows(visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]) -> None:
    file = tmp_path / "all.ndjson"
    file.write_text(text(dumped), encoding="utf-8")
    loaded = visitors("db", "load", str(file), "--db", str(tmp_path / "new.db"))
    assert f"loaded {len(dumped) - 1} rows" in loaded.stderr


def test_a_dump_that_was_cut_off_is_refused_wherever_it_was(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    for count in range(1, len(dumped)):
        assert refused(visitors, tmp_path, text(dumped[:count]))["code"] in ("not_whole", "dangling_reference")


def test_a_dump_of_before_it_said_how_many_rows_is_taken_if_it_is_consistent(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    del dumped[0]["rows"]
    visitors("db", "load", "-", "--db", str(tmp_path / "new.db"), input=text(dumped))
    without = [line for line in dumped if line["type"] != "creation"]
    assert "was made by no operation" in refused(visitors, tmp_path, text(without))["message"]


def test_what_was_loaded_is_found_by_search_and_metadata(visitors: Visitors, tmp_path: Path) -> None:
    visitors("track", "--id", "laptop")
    visitors("identify", "laptop", "--external-id", "u", "--name", "Zoë", "--metadata", "plan=pro")
    there = ("--db", str(tmp_path / "new.db"))
    visitors("db", "load", "-", *there, input=visitors("db", "dump").stdout)
    for selection in (("--search", "APTO"), ("--search", "ZOË"), ("--metadata", "plan=pro")):
        assert visitors("list", *selection, *there, "--format", "ids").lines == ["laptop"]
    visitors("identify", "laptop", *there, "--external-id", "u", "--name", "Ada", "--metadata", "plan=free")
    for selection in (("--search", "ZOË"), ("--metadata", "plan=pro")):
        assert visitors("list", *selection, *there, "--format", "ids").lines == []


def test_into_a_store_that_is_not_empty_it_is_refused(visitors: Visitors, dumped: list[dict[str, Any]]) -> None:
    before = visitors("db", "dump").stdout
    answer = visitors("db", "load", "-", "--format", "json", input=text(dumped), code=4)
    assert answer.error["code"] == "store_not_empty"
    assert visitors("db", "dump").stdout == before


@pytest.mark.parametrize("given", ["", "\n\n", "id\nv\n", '["store"]\n', '{"id":"v"}\n', '{"type":"store"}\n'])
def test_what_is_no_dump_is_refused(visitors: Visitors, tmp_path: Path, given: str) -> None:
    refused(visitors, tmp_path, given)


def test_a_line_that_is_not_json_is_refused_with_its_place(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    lines = text(dumped).splitlines(keepends=True)
    lines[2] = lines[2][:-20] + "\n"
    assert "line 3" in refused(visitors, tmp_path, "".join(lines))["message"]
    assert "line 4" in refused(visitors, tmp_path, text(dumped[:3]) + "[1]\n")["message"]


EDITS: dict[str, Edit] = {
    "another format": lambda lines: lines[0].update(format=2),
    "another schema": lambda lines: lines[0].update(schema=99),
    "the first line twice": lambda lines: lines.insert(1, lines[0]),
    "an unknown type": lambda lines: line_of(lines, "visitor").update(type="person"),
    "no type": lambda lines: line_of(lines, "visitor").pop("type"),
    "a missing key": lambda lines: line_of(lines, "visitor").pop("city"),
    "a key too many": lambda lines: line_of(lines, "visitor").update(town="Oslo"),
    "a nested value": lambda lines: line_of(lines, "visitor").update(attribution={"a": 1}),
    "an id twice": lambda lines: lines.insert(3, {**line_of(lines, "visitor"), "pk": 77}),
    "a value of another type": lambda lines: line_of(lines, "visitor").update(latitude="north"),
    "a status that is none": lambda lines: line_of(lines, "conversation").update(status="lost"),
    "a null where none may be": lambda lines: line_of(lines, "message").update(body=None),
    "a number too large": lambda lines: line_of(lines, "visitor").update(pk=2**70),
    "a lone surrogate": lambda lines: line_of(lines, "visitor").update(city="\ud800"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_damaged_line_is_refused_with_its_place(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]], edit: Edit
) -> None:
    edit(dumped)
    assert "line " in refused(visitors, tmp_path, text(dumped))["message"]


def test_a_reference_to_what_is_not_there_is_refused(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    line_of(dumped, "visitor")["contact_id"] = "nobody"
    error = refused(visitors, tmp_path, text(dumped))
    assert error["code"] == "dangling_reference"
    assert "visitors" in error["message"]
    assert "contacts" in error["message"]


@pytest.mark.parametrize(
    ("kind", "column"),
    [("contact", "metadata"), ("visitor", "attribution"), ("operation", "arguments"), ("change", "after")],
)
def test_json_that_no_command_could_read_is_refused(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]], kind: str, column: str
) -> None:
    line_of(dumped, kind)[column] = "{not json"
    assert "line " in refused(visitors, tmp_path, text(dumped))["message"]


def test_an_operation_that_is_still_open_is_refused(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    line_of(dumped, "operation")["is_open"] = 1
    assert "line " in refused(visitors, tmp_path, text(dumped))["message"]


def test_a_link_to_a_tombstone_is_refused(visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]) -> None:
    contact = line_of(dumped, "contact")
    other = {**contact, "pk": 50, "id": "other", "external_id": None}
    dumped.insert(1, other)
    contact["merged_into"] = "other"
    refused(visitors, tmp_path, text(dumped))
