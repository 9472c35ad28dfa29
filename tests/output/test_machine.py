"""The machine formats: their keys, their cells, and that they round-trip."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import CONTACT_KEYS, VISITOR_KEYS
from visitors.input.formats import Format
from visitors.input.readers import read_rows
from visitors.input.source import Source
from visitors.output.machine import MachineFormat, csv_line, encode_json, json_lines, lines
from visitors.output.shape import Shape

Visitors = Callable[..., Any]

LISTED_CONTACT_KEYS = [*CONTACT_KEYS, "visitorCount", "lastSeenAt"]
FLAT_KEYS = [
    flat for key in VISITOR_KEYS for flat in ([f"contact.{k}" for k in CONTACT_KEYS] if key == "contact" else [key])
]
AWKWARD = 'a,b "quoted"\ttab\\t\\\nline\r\n\u2028 end'


@pytest.fixture
def two(visitors: Visitors) -> None:
    """An anonymous visitor `anon`, and `known`, identified and blocked, with a value of every type."""
    visitors("create", "--id", "anon", now="2026-03-01T10:00:00Z")
    row = {
        "id": "known",
        "language": "en-GB",
        "latitude": -33.5,
        "longitude": 151,
        "attribution": {"utm": {"source": "news, letter"}},
        "contact": {"externalId": "u1", "name": AWKWARD, "metadata": {"plan": "pro", "seats": 5, "ok": True}},
    }
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row), now="2026-03-01T11:00:00Z")
    visitors("block", "known", "--reason", "spam", now="2026-03-01T12:00:00Z")


def records(visitors: Visitors, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(visitors(*words, "--format", "json").stdout)
    return found


@pytest.mark.usefixtures("two")
def test_json_is_an_array_with_the_keys_of_the_contract_in_order(visitors: Visitors) -> None:
    known, anonymous = records(visitors, "list")

    assert list(known) == list(anonymous) == VISITOR_KEYS
    assert list(known["contact"]) == CONTACT_KEYS
    assert known["contact"]["name"] == AWKWARD
    assert known["contact"]["metadata"] == {"plan": "pro", "seats": 5, "ok": True}


@pytest.mark.usefixtures("two")
def test_nulls_are_written(visitors: Visitors) -> None:
    anonymous = records(visitors, "list", "--anonymous")[0]

    assert {key for key, value in anonymous.items() if value is None} == set(VISITOR_KEYS) - {
        "id",
        "isBlocked",
        "createdAt",
        "updatedAt",
    }


@pytest.mark.usefixtures("two")
def test_times_are_utc_with_milliseconds(visitors: Visitors) -> None:
    known = records(visitors, "list", "--identified")[0]

    assert known["blockedAt"] == "2026-03-01T12:00:00.000Z"
    assert known["createdAt"] == "2026-03-01T11:00:00.000Z"


@pytest.mark.usefixtures("two")
def test_ndjson_is_one_object_a_line_with_the_same_keys(visitors: Visitors) -> None:
    found = visitors("list", "--format", "ndjson").stdout.split("\n")

    assert found.pop() == ""
    assert [json.loads(line) for line in found] == records(visitors, "list")
    assert [list(json.loads(line)) for line in found] == [VISITOR_KEYS, VISITOR_KEYS]


@pytest.mark.parametrize("format_", ["csv", "tsv"])
@pytest.mark.usefixtures("two")
def test_separated_formats_flatten_the_contact_with_dots(visitors: Visitors, format_: str) -> None:
    header = visitors("list", "--format", format_).stdout.split("\n")[0]

    assert header.split("," if format_ == "csv" else "\t") == FLAT_KEYS


@pytest.mark.usefixtures("two")
def test_csv_cells_show_null_as_empty_and_documents_as_json(visitors: Visitors) -> None:
    known, anonymous = csv.DictReader(io.StringIO(visitors("list", "--format", "csv").stdout, newline=""))

    assert known["contact.name"] == AWKWARD
    assert known["isBlocked"] == "true"
    assert known["latitude"] == "-33.5"
    assert json.loads(known["contact.metadata"]) == {"plan": "pro", "seats": 5, "ok": True}
    assert json.loads(known["attribution"]) == {"utm": {"source": "news, letter"}}
    assert anonymous["isBlocked"] == "false"
    assert anonymous["contact.id"] == anonymous["language"] == anonymous["contact.metadata"] == ""


@pytest.mark.usefixtures("two")
def test_tsv_is_one_line_for_each_record_whatever_it_holds(visitors: Visitors) -> None:
    text = visitors("list").stdout

    assert text.count("\n") == 3
    assert "\r" not in text
    assert {line.count("\t") for line in text.split("\n")[:-1]} == {len(FLAT_KEYS) - 1}


@pytest.mark.usefixtures("two")
def test_ids_and_count_are_bare(visitors: Visitors) -> None:
    assert visitors("list", "--format", "ids").stdout == "known\nanon\n"
    assert visitors("list", "--format", "count").stdout == "2\n"


@pytest.mark.usefixtures("two")
def test_a_table_is_available_in_a_pipe(visitors: Visitors) -> None:
    text = visitors("list", "--format", "table").stdout

    assert text.split()[0] == "ID"
    assert "\x1b" not in text


def test_nothing_found_is_valid_in_every_format(visitors: Visitors) -> None:
    visitors("delete", visitors("create").stdout.strip())

    assert json.loads(visitors("list", "--format", "json").stdout) == []
    assert visitors("list", "--format", "ndjson").stdout == ""
    assert visitors("list", "--format", "ids").stdout == ""
    assert visitors("list", "--format", "count").stdout == "0\n"
    assert visitors("list", "--format", "csv").stdout == ",".join(FLAT_KEYS) + "\n"
    assert visitors("list", "--format", "tsv").stdout == "\t".join(FLAT_KEYS) + "\n"


@pytest.mark.usefixtures("two")
def test_one_record_is_an_object_and_several_are_an_array(visitors: Visitors) -> None:
    assert list(visitors("show", "known", "--format", "json").json)[: len(VISITOR_KEYS)] == VISITOR_KEYS
    assert [one["id"] for one in visitors("show", "anon", "known", "--format", "json").json] == ["anon", "known"]
    assert visitors("create", "--id", "new", "--format", "json").json["id"] == "new"


@pytest.mark.usefixtures("two")
def test_contact_listings_have_the_keys_of_the_contract(visitors: Visitors) -> None:
    contact = records(visitors, "contacts", "list")[0]

    assert list(contact) == LISTED_CONTACT_KEYS
    assert contact["visitorCount"] == 1
    assert visitors("contacts", "list").lines[0].split("\t") == LISTED_CONTACT_KEYS


@pytest.mark.usefixtures("two")
def test_fields_choose_and_order(visitors: Visitors) -> None:
    chosen = "contact.externalId,isBlocked,id"

    assert visitors("list", "--fields", chosen, "--format", "csv").stdout == (
        "contact.externalId,isBlocked,id\nu1,true,known\n,false,anon\n"
    )
    assert visitors("list", "--fields", chosen).lines[0] == "contact.externalId\tisBlocked\tid"
    found = records(visitors, "list", "--fields", chosen)
    assert [list(one) for one in found] == [["contact", "isBlocked", "id"]] * 2
    assert found == [
        {"contact": {"externalId": "u1"}, "isBlocked": True, "id": "known"},
        {"contact": None, "isBlocked": False, "id": "anon"},
    ]


@pytest.mark.usefixtures("two")
def test_a_group_stands_for_all_its_fields(visitors: Visitors) -> None:
    header = visitors("list", "--fields", "contact", "--format", "csv").stdout.split("\n")[0]
    known, anonymous = records(visitors, "list", "--fields", "contact")

    assert header.split(",") == [f"contact.{key}" for key in CONTACT_KEYS]
    assert list(known) == ["contact"]
    assert list(known["contact"]) == CONTACT_KEYS
    assert anonymous == {"contact": None}


@pytest.mark.usefixtures("two")
def test_one_value_is_picked_out_of_metadata(visitors: Visitors) -> None:
    chosen = "id,contact.metadata.plan,contact.metadata.seats,contact.metadata.none"

    assert visitors("list", "--fields", chosen).stdout.split("\n")[1:] == ["known\tpro\t5\t", "anon\t\t\t", ""]
    assert records(visitors, "list", "--fields", chosen)[0] == {
        "id": "known",
        "contact": {"metadata": {"plan": "pro", "seats": 5, "none": None}},
    }


@pytest.mark.usefixtures("two")
def test_fields_choose_the_columns_of_a_table(visitors: Visitors) -> None:
    text = visitors("list", "--fields", "language,id", "--format", "table").lines

    assert text[0].split() == ["language", "id"]
    assert text[1].split() == ["en-GB", "known"]


@pytest.mark.parametrize("unknown", ["nope", "nope.nope", "id,nope"])
@pytest.mark.usefixtures("two")
def test_an_unknown_field_is_a_usage_error_that_lists_the_valid_ones(visitors: Visitors, unknown: str) -> None:
    result = visitors("list", "--fields", unknown, code=2)

    assert result.stdout == ""
    assert result.stderr.startswith("error: unknown field")
    assert "hint: the fields are " + ", ".join(FLAT_KEYS) in result.stderr


@pytest.mark.parametrize("none", ["", ",", " , "])
def test_fields_that_name_none_are_a_usage_error(visitors: Visitors, none: str) -> None:
    visitors("list", "--fields", none, code=2)


@pytest.mark.parametrize("format_", ["json", "ndjson", "csv", "tsv"])
@pytest.mark.usefixtures("two")
def test_an_export_imports_and_exports_to_the_same_bytes(visitors: Visitors, tmp_path: Path, format_: str) -> None:
    first, second, other = tmp_path / f"1.{format_}", tmp_path / f"2.{format_}", str(tmp_path / "other.db")
    visitors("export", "-o", str(first), now="2026-03-02T00:00:00Z")
    visitors("import", str(first), "--db", other, now="2026-03-03T00:00:00Z")
    visitors("export", "-o", str(second), "--db", other, now="2026-03-04T00:00:00Z")

    assert first.read_bytes() == second.read_bytes()
    assert len(first.read_bytes()) > 300


@pytest.mark.parametrize("format_", ["csv", "tsv"])
@pytest.mark.parametrize("formula", ["=cmd()", "+1", "-1+1", "@SUM(A1)"])
def test_spreadsheet_safe_defuses_formulas_and_nothing_else(visitors: Visitors, format_: str, formula: str) -> None:
    visitor = visitors("create", "--latitude=-33.5", "--longitude=-1").stdout.strip()
    visitors("identify", visitor, "--external-id", "u1", "--name", formula, "--metadata", f"note={formula}")
    fields = ["--fields", "contact.name,contact.metadata.note,latitude,contact.externalId", "--format", format_]
    separator = "," if format_ == "csv" else "\t"

    raw = visitors("export", *fields).lines[1].split(separator)
    safe = visitors("export", *fields, "--spreadsheet-safe").lines[1].split(separator)

    assert raw == [formula, formula, "-33.5", "u1"]
    assert safe == [f"'{formula}", f"'{formula}", "-33.5", "u1"]


@pytest.mark.parametrize("format_", ["json", "ndjson", "ids"])
@pytest.mark.usefixtures("two")
def test_spreadsheet_safe_is_refused_where_it_would_do_nothing(visitors: Visitors, format_: str) -> None:
    visitors("export", "--spreadsheet-safe", "--format", format_, code=2)


CELLS = st.lists(
    st.one_of(st.sampled_from("\t\n\r\\\"',=\x00\x85\u2028\ufeffN"), st.characters(exclude_categories=["Cs"]))
).map("".join)
SHAPE = Shape(noun="row", fields=("a", "b", "c"), columns=())


@given(format_=st.sampled_from(["csv", "tsv"]), rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5))
def test_separated_cells_read_back_as_they_were_written(format_: MachineFormat, rows: list[tuple[str, ...]]) -> None:
    text = "".join(lines(format_, SHAPE, [dict(zip("abc", row, strict=True)) for row in rows]))
    readable: Format = "csv" if format_ == "csv" else "tsv"

    header, found = read_rows(Source(io.BufferedReader(io.BytesIO(text.encode())), "test", None), readable)

    assert header.columns == ("a", "b", "c")
    assert [tuple(row.values.values()) for row in found] == rows
    if format_ == "tsv":
        assert text.count("\n") == len(rows) + 1


@given(cells=st.lists(CELLS, min_size=1, max_size=4))
def test_a_line_of_csv_is_what_the_standard_library_writes(cells: list[str]) -> None:
    buffer = io.StringIO(newline="")
    # before 3.13 Python quotes a carriage return only if the line terminator has one
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)

    assert csv_line(cells) == buffer.getvalue()[:-2] + "\n"


@given(texts=st.lists(CELLS, max_size=5))
def test_many_lines_of_json_are_what_each_is_alone(texts: list[str]) -> None:
    assert "".join(json_lines([{"a": text} for text in texts])) == "".join(
        encode_json({"a": text}) + "\n" for text in texts
    )
