from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract import fields_of
from visitors.store.schema.migrations import STEPS
from visitors.store.schema.version import SCHEMA_VERSION

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


UNRELEASED = Path(__file__).parents[2] / "examples" / "dumps" / "schema-11"
"""A dump by the last version before the first release, of a store with everything in it, and that version's export of
it.
"""
THEN = "2026-03-01T15:00:00Z"


def line_of(lines: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(line for line in lines if line["type"] == kind)


def refused(visitors: Visitors, tmp_path: Path, given: str, code: int = 5) -> Any:
    """The error of loading `given`, after which the store must still be empty."""
    target = str(tmp_path / "target.db")
    error = visitors("db", "load", "-", "--db", target, "--format", "json", input=given, code=code).error
    info = visitors("db", "info", "--db", target, "--format", "json").json
    assert [info[key] for key in ("visitors", "contacts", "conversations", "operations")] == [0, 0, 0, 0]
    return error


def test_contacts_with_one_email_are_loaded_unchanged_and_reported(visitors: Visitors, tmp_path: Path) -> None:
    visitors("contacts", "create", "--id", "c1", "--email", "c1@example.com")
    visitors("contacts", "create", "--id", "c2", "--email", "c2@example.com")
    dump = visitors("db", "dump").stdout.replace("c2@example.com", "c1@example.com")
    loaded = ("--db", str(tmp_path / "loaded.db"))
    told = visitors("db", "load", "-", *loaded, "--quiet", input=dump).stderr
    assert "the same email" in told
    assert "contacts duplicates" in told
    assert visitors("contacts", "duplicates", "--format", "json", *loaded).json[0]["contactIds"] == ["c1", "c2"]


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


def test_an_old_dump_without_a_row_count_is_loaded_if_consistent(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    del dumped[0]["rows"]
    visitors("db", "load", "-", "--db", str(tmp_path / "new.db"), input=text(dumped))
    without = [line for line in dumped if line["type"] != "creation"]
    error = refused(visitors, tmp_path, text(without))
    assert error["code"] == "not_a_dump"
    assert "was created by an operation" in error["message"]


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
def test_a_file_that_is_not_a_dump_is_refused(visitors: Visitors, tmp_path: Path, given: str) -> None:
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
    "unknown type": lambda lines: line_of(lines, "visitor").pop("type"),
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


OF_LINES: dict[str, Edit] = {
    "nested metadata": lambda lines: line_of(lines, "contact").update(metadata='{"a":{"b":1}}'),
    "a hash of other metadata": lambda lines: line_of(lines, "contact").update(metadata_hash="00000000"),
    "a list of attributions": lambda lines: line_of(lines, "visitor").update(attribution="[]"),
    "options that are no list": lambda lines: line_of(lines, "operation").update(arguments="{}"),
    "a change that is no object": lambda lines: line_of(lines, "change").update(after="[]"),
}
OF_RECORDS: dict[str, Edit] = {
    "a time without milliseconds": lambda lines: line_of(lines, "visitor").update(created_at="2026-01-01T00:00:00Z"),
    "a time that is none": lambda lines: line_of(lines, "operation").update(at="yesterday"),
    "an id with a blank": lambda lines: line_of(lines, "message").update(id="a b"),
    "a contact merged into itself": lambda lines: lines.insert(
        1, {**line_of(lines, "contact"), "pk": 50, "id": "c", "external_id": None, "merged_into": "c"}
    ),
}


@pytest.mark.parametrize("edit", [*OF_LINES.values(), *OF_RECORDS.values()], ids=[*OF_LINES, *OF_RECORDS])
def test_what_a_check_would_have_corrected_in_a_dump_is_refused(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]], edit: Edit
) -> None:
    edit(dumped)
    dumped[0]["rows"] = len(dumped) - 1
    error = refused(visitors, tmp_path, text(dumped))
    assert error["code"] == "not_a_dump"
    assert "violates a rule: " in error["message"]
    assert ("line " in error["message"]) == (edit in OF_LINES.values())


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


# from before the first release


@pytest.fixture
def carried_over(visitors: Visitors) -> None:
    """The store of the test, loaded from a dump of schema 11."""
    loaded = visitors("db", "load", str(UNRELEASED.with_suffix(".ndjson")))
    assert "loaded 92 rows" in loaded.stderr


def causes(path: Path) -> set[tuple[int, str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT operation, record, code FROM causes"))


@pytest.mark.usefixtures("carried_over")
def test_a_dump_from_before_the_first_release_becomes_an_intact_store(visitors: Visitors, store_path: Path) -> None:
    assert "is OK" in visitors("db", "check", now=THEN).stderr
    lines = [json.loads(line) for line in UNRELEASED.with_suffix(".ndjson").read_text("utf-8").splitlines()]
    there = {(one["operation"], one["record"], one["code"]) for one in lines if one["type"] == "cause"}
    assert causes(store_path) == there != set()


@pytest.mark.usefixtures("carried_over")
@pytest.mark.parametrize(("words", "ending"), [([], ".export.ndjson"), (["--deleted"], ".deleted.ndjson")])
def test_its_export_matches_that_of_the_version_that_dumped_it(
    visitors: Visitors, words: list[str], ending: str
) -> None:
    then = UNRELEASED.with_suffix(ending).read_text("utf-8")
    fields = fields_of(next((row for row in then.splitlines() if '"contact":{' in row), then.partition("\n")[0]))
    assert visitors("export", *words, "--format", "ndjson", "--fields", fields, now=THEN).stdout == then


@pytest.mark.usefixtures("carried_over")
def test_all_its_lines_but_the_numbers_of_causes_are_dumped_as_they_came(visitors: Visitors) -> None:
    came = UNRELEASED.with_suffix(".ndjson").read_text("utf-8").splitlines()
    known = {row["type"]: row.keys() for row in map(json.loads, came)}

    def plain(lines: list[str]) -> list[dict[str, Any]]:
        rows = [json.loads(line) for line in lines]
        for row in rows:
            row.pop("schema", None)
            for column in row.keys() - known.get(row["type"], row.keys()):  # added since
                assert row.pop(column) is None
            if row["type"] == "cause":
                row.pop("pk", None)
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))

    dumped = visitors("db", "dump").lines
    assert json.loads(dumped[0])["schema"] == SCHEMA_VERSION
    assert plain(dumped) == plain(came)


@pytest.mark.usefixtures("carried_over")
def test_its_dump_loads_again_to_the_same_bytes(visitors: Visitors, tmp_path: Path) -> None:
    second = ("--db", str(tmp_path / "second.db"))
    dumped = visitors("db", "dump").stdout
    visitors("db", "load", "-", *second, input=dumped)
    assert visitors("db", "dump", *second).stdout == dumped


@pytest.mark.usefixtures("carried_over")
def test_its_history_goes_on_and_can_be_taken_back(visitors: Visitors) -> None:
    def exported() -> str:
        return str(visitors("export", "--format", "ndjson", now=THEN).stdout)

    before = exported()
    assert visitors("history", "--format", "count").stdout == "28\n"
    first, last = "01KJM6JM00PZMBFTZ28QJM41SP", "01KJMYKNC0AS6M0B9E4YCDWDH6"
    assert visitors("history", "--limit", "0", "--format", "ids").lines[::27] == [last, first]
    assert len(visitors("history", "--operation", first, "--limit", "0", "--format", "json").json) == 6
    why = visitors("explain", "imported-1", "--format", "json").json
    assert "created" in json.dumps(why)

    gone = visitors("contacts", "list", "--format", "ids").lines
    visitors("undo", "--as", "ana", now=THEN)  # without her newest one, which deleted a contact
    assert len(visitors("contacts", "list", "--format", "ids").lines) == len(gone) + 1
    visitors("undo", "01KJMQQY40EP16E91601F18B03", now=THEN)  # a block that is still on
    visitors("undo", "01KJMMA2G0T7Z6NKTVXSTTB4N9", "--cascade", now=THEN)  # a merge
    assert exported() != before
    visitors("create", "--id", "one-more")
    assert visitors("history", "one-more", "--format", "count").stdout == "1\n"
    assert "is OK" in visitors("db", "check").stderr


@pytest.mark.usefixtures("carried_over")
def test_its_receipts_verify_and_new_ones_are_made_with_the_same_key(visitors: Visitors, store_path: Path) -> None:
    def keys() -> list[tuple[str]]:
        with closing(sqlite3.connect(store_path)) as connection:
            return connection.execute("SELECT value FROM keys").fetchall()

    lines = [json.loads(line) for line in UNRELEASED.with_suffix(".ndjson").read_text("utf-8").splitlines()]
    receipt = line_of(lines, "erasure")["receipt"]
    assert "is valid" in visitors("db", "check", "--receipt", "-", input=receipt).stderr
    before = keys()
    erased = visitors("erase", "imported-2", "--yes", now=THEN).stdout
    assert "is valid" in visitors("db", "check", "--receipt", "-", input=erased).stderr
    assert keys() == before == [(line_of(lines, "key")["value"],)]
    assert "is OK" in visitors("db", "check").stderr


@pytest.mark.parametrize("schema", [1, 10, SCHEMA_VERSION + 1, None, "11"])
def test_a_dump_of_another_schema_is_refused(visitors: Visitors, tmp_path: Path, schema: object) -> None:
    lines = [json.loads(line) for line in UNRELEASED.with_suffix(".ndjson").read_text("utf-8").splitlines()]
    lines[0]["schema"] = schema
    assert refused(visitors, tmp_path, text(lines))["code"] == "other_schema"


def test_a_cause_that_is_there_twice_is_refused_or_taken_once(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    target = ("--db", str(tmp_path / "target.db"))
    cause = line_of(dumped, "cause")
    dumped.append(dict(cause))
    dumped[0]["rows"] += 1
    visitors("db", "load", "-", *target, input=text(dumped), code=None)
    again = [json.loads(line) for line in visitors("db", "dump", *target, code=None).lines]
    assert sum(line["type"] == "cause" for line in again) in (0, sum(line["type"] == "cause" for line in dumped) - 1)


def test_a_cause_of_the_present_schema_has_no_number(
    visitors: Visitors, tmp_path: Path, dumped: list[dict[str, Any]]
) -> None:
    line_of(dumped, "cause")["pk"] = 1
    assert "line " in refused(visitors, tmp_path, text(dumped))["message"]


@pytest.mark.skipif(bool(STEPS), reason="a dump of an older schema may lack what migrations added")
@pytest.mark.parametrize(("kind", "column"), [("contact", "email"), ("visitor", "city"), ("operation", "actor")])
def test_a_dump_of_the_schema_before_the_first_release_must_have_all_columns(
    visitors: Visitors, tmp_path: Path, kind: str, column: str
) -> None:
    lines = [json.loads(line) for line in UNRELEASED.with_suffix(".ndjson").read_text("utf-8").splitlines()]
    for line in lines:
        if line["type"] == kind:
            del line[column]
    assert "must have the keys" in refused(visitors, tmp_path, text(lines))["message"]
