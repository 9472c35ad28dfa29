from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.row import FIELDS

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-10T00:00:00.000Z"


@pytest.fixture
def taken(visitors: Visitors, tmp_path: Path) -> Callable[..., Any]:
    """Write a file and import it: `taken("x.csv", "id\\na\\n", "--dry-run", code=...)`."""

    def write_and_import(name: str, content: str | bytes, *arguments: str, code: int | None = 0) -> Any:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return visitors("import", str(tmp_path / name), *arguments, code=code, now=NOW)

    return write_and_import


Take = Callable[..., Any]


def shown(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json", now=NOW).json


# The formats


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "id,language,contact.email\na,de,a@example.com\nb,,\n"),
        ("x.CSV", "id,language,contact.email\r\na,de,a@example.com\r\n\r\nb,,\r\n"),
        ("x.csv", '\ufeffid,"language",contact.email\n"a","de","a@example.com"\nb,"",""'),
        ("x.tsv", "id\tlanguage\tcontact.email\na\tde\ta@example.com\nb\t\\N\t\n"),
        ("x.tab", "id\tlanguage\tcontact.email\na\tde\ta@example.com\nb\t\t\n"),
        ("x.json", '[{"id": "a","language": "de","contact": {"email": "a@example.com"}}, {"id": "b","contact": null}]'),
        ("x.ndjson", '{"id": "a","language": "de","contact.email": "a@example.com"}\n\n{"id": "b","language":null}\n'),
        ("x.jsonl", '{"id": "a", "language": "de", "email": "a@example.com"}\n{"id": "b", "language": ""}'),
    ],
)  # fmt: skip
def test_each_format_is_recognised_by_extension(visitors: Visitors, taken: Take, name: str, content: str) -> None:
    answer = taken(name, content, "--format", "ids")
    assert answer.lines == ["a", "b"]
    a, b = shown(visitors, "a"), shown(visitors, "b")
    assert (a["language"], a["contact"]["email"]) == ("de", "a@example.com")
    assert (b["language"], b["contact"]) == (None, None)
    assert visitors("history", "--format", "count").stdout == "1\n"
    assert "imported 2 rows: 2 created" in answer.stderr


def test_compressed_files_are_unpacked_whatever_their_name(visitors: Visitors, taken: Take) -> None:
    taken("x.csv.gz", gzip.compress(b"id\na\n", mtime=0))
    taken("y.csv", gzip.compress(b"id\nb\n", mtime=0))
    assert visitors("list", "--format", "ids").lines == ["b", "a"]


@pytest.mark.parametrize("name", ["-", "x", "x.txt", "x.gz"])
@pytest.mark.parametrize(
    "content",
    [
        "id\na\nb\n",
        "id,city\na,Bonn\nb,\n",
        "\ufeffid\tcity\r\na\tBonn, am Rhein\r\nb\t\r\n",
        '{"id": "a"}\n{"id": "b"}',
        ' \n[{"id": "a"}, {"id": "b"}]',
        '[\n  {\n    "id": "a"\n  },\n{"id": "b"}]',
    ],
)
def test_without_an_extension_the_content_determines_the_format(
    visitors: Visitors, taken: Take, name: str, content: str
) -> None:
    data = gzip.compress(content.encode(), mtime=0) if name == "x.gz" else content.encode()
    if name == "-":
        visitors("import", "-", input=data)
    else:
        taken(name, data)
    assert sorted(visitors("list", "--format", "ids").lines) == ["a", "b"]


def test_an_object_over_several_lines_is_distinguished_from_ndjson(visitors: Visitors) -> None:
    visitors("import", "-", input=json.dumps({"id": "a", "city": "Bonn"}, indent=2))
    assert shown(visitors, "a")["city"] == "Bonn"


def test_what_a_file_is_can_be_said_whatever_its_name(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", '{"id": "a"}', "--input-format", "ndjson")
    assert visitors("list", "--format", "ids").lines == ["a"]
    assert "'table'" in taken("x.csv", "id\na", "--input-format", "table", code=2).stderr


@pytest.mark.parametrize(
    ("format_", "shown_"),
    [
        ("ids", "a\nb\n"),
        ("count", "2\n"),
        ("csv", "id,city\na,Bonn\nb,\n"),
        ("ndjson", '{"id":"a","city":"Bonn"}\n{"id":"b","city":null}\n'),
    ],
)
def test_format_is_how_the_visitors_that_were_written_are_shown(taken: Take, format_: str, shown_: str) -> None:
    fields = [] if format_ in ("ids", "count") else ["--fields", "id,city"]
    assert taken("x.csv", "id,city\na,Bonn\nb,\n", "--format", format_, *fields).stdout == shown_
    again = taken("x.csv", "id,city\na,Bonn\nb,\n", "--format", "json", "--on-existing", "update")
    assert again.json == []
    assert taken("y.csv", "id\nc\n", "--format", "json", "--dry-run").json == []


def test_without_a_format_an_import_prints_nothing(taken: Take) -> None:
    answer = taken("x.csv", "id\na\n")
    assert (answer.stdout, answer.stderr) == ("", "imported 1 row: 1 created\n")


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.json", "x.ndjson"])
def test_errors_are_json_whatever_the_file_is(taken: Take, name: str) -> None:
    content = '{"id": "?"}' if name.endswith("json") else "id\n?\n"
    assert taken(name, content, "--format", "json", code=5).error["code"] == "invalid_id"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.csv", "id,id\na,b\n", "duplicate_column"),
        ("x.csv", 'id\n"a\n', "invalid_csv"),
        ("x.csv", "id\na,b\n", "wrong_cell_count"),
        ("x.csv", b"id,city\na,K\xf6ln\n", "not_utf8"),
        ("x.tsv", "id\tcity\na\n", "wrong_cell_count"),
        ("x.json", "[{]", "invalid_json"),
        ("x.json", '["a"]', "invalid_json"),
        ("x.json", "[" * 100_000, "invalid_json"),
        ("x.ndjson", '{"id": "a"}\n{"id": \n', "invalid_json"),
        ("x.ndjson", '{"id": "a"}\n[]\n', "invalid_json"),
        ("x.csv.gz", gzip.compress(b"id\na\n" * 1000, mtime=0)[:-20], "truncated"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    visitors: Visitors, anonymous: str, taken: Take, name: str, content: str | bytes, reason: str
) -> None:
    refused = taken(name, content, code=5)
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: ")
    assert len(refused.stderr.splitlines()) <= 2
    assert taken(name, content, "--format", "json", code=5).error["code"] == reason
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_a_file_that_is_not_there_or_a_folder(visitors: Visitors, tmp_path: Path) -> None:
    visitors("import", str(tmp_path / "missing.csv"), code=3)
    visitors("import", str(tmp_path), code=5)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(
            (f"x.{extension}", content)
            for extension in ("csv", "tsv", "json", "ndjson", "txt")
            for content in ("", "\n\n")
        ),
        ("x.csv", "id,city\n"),
        ("x.csv", "\ufeff"),
        ("x.tsv", "id\tcity\n"),
        ("x.json", "[]"),
        ("x.ndjson.gz", gzip.compress(b"", mtime=0)),
    ],
)
@pytest.mark.parametrize("options", [(), ("--map", "id=id"), ("--keep-going", "--rejects")])
def test_nothing_imports_as_nothing(
    visitors: Visitors, taken: Take, tmp_path: Path, name: str, content: str | bytes, options: tuple[str, ...]
) -> None:
    extension = name.removesuffix(".gz").rsplit(".", 1)[1].replace("txt", "csv")
    rejects = [str(tmp_path / f"bad.{extension}")] if "--rejects" in options else []
    assert taken(name, content, *options, *rejects).stderr == "imported 0 rows: nothing\n"
    assert visitors("history", "--format", "count").stdout == "0\n"


def test_an_empty_export_imports_again(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "a")
    for extension in ("csv", "tsv", "json", "ndjson", "ndjson.gz"):
        file = str(tmp_path / f"x.{extension}")
        visitors("export", "--identified", "-o", file)
        assert visitors("import", file).stderr == "imported 0 rows: nothing\n"


_TABLE = "id,city\na,Bonn\n"
_TAR = io.BytesIO()
with tarfile.open(fileobj=_TAR, mode="w") as _archive:
    _archive.addfile(tarfile.TarInfo("x.csv"))


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return content.getvalue()


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.json", "x.ndjson", "x.txt", "x.csv.gz"])
@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (_TABLE.encode("utf-16"), "UTF-16", "use --encoding utf-16"),
        (b"\xfe\xff" + _TABLE.encode("utf-16-be"), "UTF-16", "use --encoding utf-16"),
        (_TABLE.encode("utf-16-le"), "UTF-16LE", "use --encoding utf-16le"),
        (_TABLE.encode("utf-16-be"), "UTF-16BE", "use --encoding utf-16be"),
        (_TABLE.encode("utf-32"), "UTF-32", "use --encoding utf-32"),
        (zipped("x.csv"), "a zip archive", "unpack it"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel", "save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel", "save it as CSV"),
        (_TAR.getvalue(), "a tar archive", "unpack it"),
        (zipped("mimetype", "content.xml"), "a zip archive", "unpack it"),
        (_TABLE.replace("\n", "\r").encode(), "carriage returns", "tr '\\\\r' '\\\\n'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_of_another_kind_is_named_with_what_to_do(
    visitors: Visitors, anonymous: str, taken: Take, name: str, content: bytes, what: str, hint: str
) -> None:
    refused = taken(name, gzip.compress(content) if name.endswith(".gz") else content, code=5)
    message, *hints = refused.stderr.splitlines()
    assert what in message
    assert hint.replace("\\\\", "\\") in hints[0]
    assert visitors("list", "--format", "ids").lines == [anonymous]


@pytest.mark.parametrize("name", ["x.json", "x.ndjson", "x.jsonl", "x.json.gz"])
@pytest.mark.parametrize("content", ['{"id": "a"}\n{"id": "b"}\n', '[{"id": "a"},\n{"id": "b"}]'])
def test_ndjson_and_a_list_are_distinguished_by_content(
    visitors: Visitors, taken: Take, name: str, content: str
) -> None:
    taken(name, gzip.compress(content.encode()) if name.endswith(".gz") else content)
    assert sorted(visitors("list", "--format", "ids").lines) == ["a", "b"]


# Columns


def test_other_peoples_columns_are_mapped(visitors: Visitors, taken: Take) -> None:
    taken(
        "x.csv", "uid,br_lang,mail,Plan\na,en-gb,A@Example.com,pro\n",
        "--map", "id=uid", "--map", " language = br_lang ", "--map", "email=mail",
        "--map", "contact.metadata.plan=Plan",
    )  # fmt: skip
    a = shown(visitors, "a")
    assert (a["id"], a["language"]) == ("a", "en-GB")
    assert (a["contact"]["email"], a["contact"]["metadata"]) == ("a@example.com", {"plan": "pro"})


def test_one_column_may_be_mapped_to_two_fields(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "uid\nu1\n", "--map", "id=uid", "--map", "externalId=uid")
    assert shown(visitors, "u1")["contact"]["externalId"] == "u1"


def test_nested_values_of_json_are_mapped_by_their_path(visitors: Visitors, taken: Take) -> None:
    row = {"id": "a", "geo": {"city": "Bonn", "zip": 1}}
    taken("x.ndjson", json.dumps(row), "--map", "city=geo.city", "--ignore-unknown")
    assert shown(visitors, "a")["city"] == "Bonn"


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"geo": {"address": {"city": "Bonn"}}}, "geo.address.city"),
        ({"geo.address": {"city": "Bonn"}}, "geo.address.city"),
        ({"geo": {"address.city": "Bonn"}}, "geo.address.city"),
        ({"geo.address.city": "Bonn", "geo": {"address": {"city": "Ulm"}}}, "geo.address.city"),
        ({"geo": {"address": None, "address.city": "Bonn"}}, "geo.address.city"),
        ({"a": {"b": {"c": {"d": "Bonn"}}}}, "a.b.c.d"),
        ({"contact": {"id": "c", "office": {"city": "Bonn"}}}, "contact.office.city"),
    ],
)
def test_nested_values_are_mapped_at_any_depth(visitors: Visitors, taken: Take, row: dict[str, Any], path: str) -> None:
    taken("x.ndjson", json.dumps({"id": "a", **row}), "--map", f"city={path}", "--ignore-unknown")
    assert shown(visitors, "a")["city"] == "Bonn"


def test_an_object_of_which_every_part_is_mapped_is_no_column_that_is_left(visitors: Visitors, taken: Take) -> None:
    row = {"id": "a", "email": "a@example.com", "geo": {"address": {"city": "Bonn"}, "plan": {"name": "pro"}}}
    maps = ("--map", "city=geo.address.city", "--map", "metadata.plan=geo.plan.name")

    refused = taken("x.ndjson", json.dumps(row), *maps[:2], code=5)
    taken("x.ndjson", json.dumps(row), *maps)

    assert "column 'geo' matches no field" in refused.stderr
    assert shown(visitors, "a")["city"] == "Bonn"
    assert shown(visitors, "a")["contact"]["metadata"] == {"plan": "pro"}


def test_an_object_may_be_mapped_as_a_whole_and_in_part(visitors: Visitors, taken: Take) -> None:
    row = {"id": "a", "email": "a@example.com", "traits": {"lang": "de"}}
    taken("x.json", json.dumps(row), "--map", "metadata=traits", "--map", "language=traits.lang")
    assert (shown(visitors, "a")["language"], shown(visitors, "a")["contact"]["metadata"]) == ("de", {"lang": "de"})


def test_an_object_next_to_a_mapped_column_of_its_path_is_not_mapped(taken: Take) -> None:
    row = {"id": "a", "geo.city": "Bonn", "geo": {"city": "Ulm"}}
    assert "column 'geo' matches no field" in taken("x.json", json.dumps(row), "--map", "city=geo.city", code=5).stderr


def test_a_header_with_dots_is_mapped_as_it_is(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,geo.address.city\na,Bonn\n", "--map", "city=geo.address.city")
    assert shown(visitors, "a")["city"] == "Bonn"


@pytest.mark.parametrize("field", ["metadata.plan", "contact.metadata.plan"])
@pytest.mark.parametrize("name", ["x.csv", "x.ndjson"])
def test_a_key_of_the_metadata_is_mapped_by_its_name(visitors: Visitors, taken: Take, name: str, field: str) -> None:
    rows = {"x.csv": "id,email,Plan\na,a@example.com,pro\n"}
    content = rows.get(name) or json.dumps({"id": "a", "email": "a@example.com", "Plan": "pro"})
    taken(name, content, "--map", f"{field}=Plan")
    assert shown(visitors, "a")["contact"]["metadata"] == {"plan": "pro"}


@pytest.mark.parametrize("left_out", ["name", "contact.name", " name "])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "id,city,name\na,Bonn,Firefox\n"),
        ("x.ndjson", '{"id": "a", "city": "Bonn", "name": "Firefox"}'),
        ("x.json", '{"id": "a", "city": "Bonn", "contact": {"name": "Firefox"}}'),
    ],
)
def test_a_column_that_is_called_like_a_field_can_be_left_out(
    visitors: Visitors, taken: Take, name: str, content: str, left_out: str
) -> None:
    taken(name, content, code=5)
    taken(name, content, "--map", f"{left_out}=")
    assert (shown(visitors, "a")["city"], shown(visitors, "a")["contact"]) == ("Bonn", None)


@pytest.mark.parametrize(
    ("alias", "field"),
    [("externalId", "externalId"), ("email", "email"), ("name", "name"), ("image", "image"), ("avatar", "image")],
)
def test_the_names_of_identify_are_known(visitors: Visitors, taken: Take, alias: str, field: str) -> None:
    values = {"externalId": "u", alias: "a@example.com"}
    taken("x.csv", f"visitorId,{','.join(values)}\na,{','.join(values.values())}\n")
    assert shown(visitors, "a")["contact"][field] == "a@example.com"


def test_metadata_is_one_json_cell_or_single_keys_or_both(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", 'id,externalId,metadata,contact.metadata.plan\na,u,"{""seats"": 5, ""vip"": true}",pro\n')
    assert shown(visitors, "a")["contact"]["metadata"] == {"seats": 5, "vip": True, "plan": "pro"}


@pytest.mark.parametrize("metadata", ["abc", '"""abc"""', "null", "[1]", "5"])
def test_metadata_that_is_not_an_object_with_single_keys_is_an_expected_error(
    visitors: Visitors, anonymous: str, taken: Take, metadata: str
) -> None:
    answer = taken("x.csv", f"id,externalId,metadata,contact.metadata.plan\na,u,{metadata},pro\n", code=None)
    assert answer.code == (0 if metadata == "null" else 5)
    assert len(visitors("list", "--format", "ids").lines) == (2 if answer.code == 0 else 1)
    assert anonymous


def test_unmapped_columns_are_an_error_that_lists_them(visitors: Visitors, anonymous: str, taken: Take) -> None:
    refused = taken("x.csv", "id,colour,language,shoe size\na,red,de,44\n", code=5)
    assert "colour, shoe size" in refused.stderr
    assert "--ignore-unknown" in refused.stderr
    refused = taken("x.ndjson", '{"id": "a"}\n{"id": "b", "colour": "red"}\n', "--format", "ndjson", code=5)
    assert refused.error["code"] == "unmapped_column"
    assert "'colour'" in refused.error["message"]
    assert "line 2" in refused.error["message"]
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_ignore_unknown_leaves_them_out(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,colour,language\na,red,de\n", "--ignore-unknown")
    assert shown(visitors, "a")["language"] == "de"


def test_a_column_whose_field_comes_from_another_one_is_unmapped(taken: Take) -> None:
    content = "id,language,br_lang\na,de,fr\n"
    assert "'language' matches no field" in taken("x.csv", content, "--map", "language=br_lang", code=5).stderr
    taken("x.csv", content, "--map", "language=br_lang", "--ignore-unknown")


@pytest.mark.parametrize(
    ("maps", "code"),
    [
        (("language=a", "language=b"), 2),
        (("email=a", "contact.email=b"), 2),
        (("nonsense=a",), 2),
        (("language",), 2),
        (("language=", "language=a"), 2),
        (("language=a", "language="), 2),
        (("email=", "contact.email="), 2),
        (("nonsense=",), 2),
        (("=a",), 2),
        (("language=missing",), 5),
    ],
)
def test_an_invalid_map_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, maps: tuple[str, ...], code: int
) -> None:
    options = [word for one in maps for word in ("--map", one)]
    refused = taken("x.csv", "id,a,b\nx,de,de\n", *options, "--ignore-unknown", code=code)
    assert refused.stderr.startswith("error: ")
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_a_missing_column_lists_those_there_are(taken: Take) -> None:
    refused = taken("x.csv", "id,lang\na,de\n", "--map", "language=langue", code=5)
    assert "column 'langue' not found" in refused.stderr
    assert "id, lang" in refused.stderr


def test_a_header_is_looked_at_whether_or_not_rows_follow(taken: Take) -> None:
    assert "'shoe size'" in taken("x.csv", "id,shoe size\n", code=5).stderr
    refused = taken("x.csv", 'id,"city\na,Bonn\n', code=5)
    assert "x.csv, line 1: " in refused.stderr
    assert "Traceback" not in refused.stderr


# Ids that exist


def test_an_id_that_exists_is_an_error_by_default(visitors: Visitors, taken: Take, everything: Everything) -> None:
    taken("x.csv", "id\na\n")
    before = everything()
    refused = taken("y.csv", "id,city\nb,Bonn\na,Bonn\n", code=4)
    assert "y.csv, line 3" in refused.stderr
    assert everything() == before
    assert visitors("list", "--format", "count").stdout == "1\n"


def test_skip_leaves_what_exists_alone_and_repeated_rows_too(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,city\na,Bonn\n")
    answer = taken("y.csv", "id,city\na,Köln\nb,Ulm\nb,Trier\n", "--on-existing", "skip", "--format", "ids")
    assert answer.lines == ["b"]
    assert "imported 3 rows: 1 created, 2 skipped" in answer.stderr
    assert (shown(visitors, "a")["city"], shown(visitors, "b")["city"]) == ("Bonn", "Ulm")


def test_rows_that_repeat_an_id_in_the_file_count_as_existing(visitors: Visitors, taken: Take) -> None:
    content = "id,city,region\na,Bonn,\na,Köln,NRW\na,,\n"
    assert "line 3" in taken("x.csv", content, code=4).stderr
    answer = taken("x.csv", content, "--on-existing", "update", "--format", "ids")
    assert answer.lines == ["a"]
    assert "1 created, 1 updated, 1 unchanged" in answer.stderr
    assert (shown(visitors, "a")["city"], shown(visitors, "a")["region"]) == ("Köln", "NRW")


def test_update_keeps_what_the_row_leaves_blank(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,city,language,externalId,name\na,Bonn,de,u,Ada\n")
    taken("y.csv", "id,city,language,externalId,name\na,,fr,,\n", "--on-existing", "update")
    a = shown(visitors, "a")
    assert (a["city"], a["language"], a["contact"]["name"]) == ("Bonn", "fr", "Ada")


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
def test_update_keeps_the_earliest_created_at_and_the_latest_last_seen_at(
    visitors: Visitors, taken: Take, order: list[int]
) -> None:
    rows = ["a,2026-01-02,2026-02-02", "a,2026-01-01,2026-02-01", "a,2026-01-03,2026-02-03"]
    for number in order:
        taken("x.csv", f"id,createdAt,lastSeenAt\n{rows[number]}\n", "--on-existing", "update")
    a = shown(visitors, "a")
    assert (a["createdAt"], a["lastSeenAt"]) == ("2026-01-01T00:00:00.000Z", "2026-02-03T00:00:00.000Z")


@pytest.mark.parametrize("told", ["2026-03-01 10:00:00+00", "2026-03-01 10:00:00 UTC", 1772359200, 1772359200000])
def test_times_are_taken_as_databases_and_programs_write_them(visitors: Visitors, taken: Take, told: str | int) -> None:
    taken("x.ndjson", json.dumps({"id": "a", "createdAt": told}))
    taken("x.csv", f"id,createdAt\nb,{told}\n")
    assert {shown(visitors, one)["createdAt"] for one in "ab"} == {"2026-03-01T10:00:00.000Z"}


def test_update_with_only_one_of_the_two_times_keeps_the_other(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,createdAt\na,2026-01-02\n")
    taken("y.csv", "id,createdAt\na,2026-01-01\n", "--on-existing", "update")
    assert (shown(visitors, "a")["createdAt"], shown(visitors, "a")["lastSeenAt"]) == ("2026-01-01T00:00:00.000Z", None)
    taken("z.csv", "id,lastSeenAt\na,2026-01-05\n", "--on-existing", "update")
    assert shown(visitors, "a")["lastSeenAt"] == "2026-01-05T00:00:00.000Z"


def test_the_same_file_again_with_update_records_no_operation(visitors: Visitors, taken: Take) -> None:
    content = 'id,city,lastSeenAt,externalId,metadata,isBlocked\na,Bonn,2026-01-01,u,"{""a"":1}",true\n'
    taken("x.csv", content)
    answer = taken("x.csv", content, "--on-existing", "update", "--format", "ids")
    assert answer.stdout == ""
    assert "1 unchanged" in answer.stderr
    assert visitors("history", "--format", "count").stdout == "1\n"
    assert len(shown(visitors, "a")["blocks"]) == 1


# Blocks

MONDAY, TUESDAY, FRIDAY = ("2026-03-02T09:00:00.000Z", "2026-03-03T09:00:00.000Z", "2026-03-06T09:00:00.000Z")


@pytest.mark.parametrize("target", ["visitor", "contact"])
@pytest.mark.parametrize("format_", ["ndjson", "csv", "json"])
def test_two_stores_exchange_blocks_both_ways(visitors: Visitors, tmp_path: Path, target: str, format_: str) -> None:
    def at(store: str, *words: str, now: str) -> Any:
        return visitors(*words, "--db", str(tmp_path / store), now=now)

    def pass_on(one: str, other: str, now: str) -> Any:
        file = str(tmp_path / f"x.{format_}")
        at(one, "export", "-o", file, now=now)
        return at(other, "import", file, "--on-existing", "update", now=now)

    def is_blocked(store: str) -> bool:
        return bool(at(store, "show", "v", "--format", "json", now=FRIDAY).json["isBlocked"])

    whom = ("--contact", "ext:u") if target == "contact" else ("v",)
    at("a", "create", "--id", "v", now="2026-01-01T00:00:00Z")
    at("a", "identify", "v", "--external-id", "u", now="2026-01-01T00:00:00Z")
    pass_on("a", "b", MONDAY)
    at("a", "block", *whom, "--reason", "spam", now=MONDAY)
    pass_on("a", "b", "2026-03-02T10:00:00Z")
    assert is_blocked("b")
    before = pass_on("a", "b", "2026-03-02T11:00:00Z")
    assert "1 unchanged" in before.stderr
    at("b", "unblock", *whom, now=TUESDAY)
    again = pass_on("a", "b", "2026-03-03T10:00:00Z")
    assert "1 block not imported: lifted in this store since" in again.stderr
    assert not is_blocked("b")
    pass_on("b", "a", "2026-03-03T11:00:00Z")
    assert not is_blocked("a")
    at("a", "block", *whom, "--until", "2027-01-01", now="2026-03-03T12:00:00Z")
    pass_on("b", "a", "2026-03-03T12:30:00Z")
    assert is_blocked("a")
    pass_on("a", "b", "2026-03-03T13:00:00Z")
    assert is_blocked("b")
    at("b", "block", *whom, "--reason", "worse", now="2026-03-04T00:00:00Z")
    assert "kept: no row is newer" in pass_on("a", "b", "2026-03-04T01:00:00Z").stderr
    pass_on("b", "a", "2026-03-04T02:00:00Z")
    page = at("a", "show", "v", "--format", "json", now=FRIDAY).json
    assert (page["blockReason"], page["blockExpiresAt"]) == ("worse", None)
    assert [block["liftedAt"] is None for block in page["blocks"]] == [True, False, False]


@pytest.mark.parametrize(
    ("columns", "values", "lifted"),
    [
        ("updatedAt", TUESDAY, "lifted"),
        ("lastSeenAt", TUESDAY, "lifted"),
        ("updatedAt,lastSeenAt", f"2026-03-01,{TUESDAY}", "stays"),
        ("updatedAt", "2026-03-01", "stays"),
        ("updatedAt", MONDAY, "stays"),
        ("city", "Bonn", "stays"),
    ],
)
def test_a_row_that_says_not_blocked_lifts_an_older_block_and_counts_others(
    visitors: Visitors, taken: Take, columns: str, values: str, lifted: str
) -> None:
    visitors("create", "--id", "v", now="2026-01-01T00:00:00Z")
    visitors("block", "v", now=MONDAY)
    content = f"id,isBlocked,{columns}\nv,false,{values}\n"
    answer = taken("x.csv", content, "--on-existing", "update")
    assert shown(visitors, "v")["isBlocked"] is (lifted == "stays")
    assert ("1 block kept" in answer.stderr) is (lifted == "stays")
    if lifted == "lifted":
        visitors("undo")
        assert shown(visitors, "v")["isBlocked"] is True


def test_a_row_that_says_nothing_of_a_block_lifts_none(visitors: Visitors, taken: Take) -> None:
    visitors("create", "--id", "v")
    visitors("block", "v", now=MONDAY)
    answer = taken("x.csv", f"id,updatedAt\nv,{FRIDAY}\n", "--on-existing", "update")
    assert shown(visitors, "v")["isBlocked"] is True
    assert "block" not in answer.stderr


@pytest.mark.parametrize(
    ("cells", "end", "reason"),
    [
        ("isBlocked,blockReason\nv,true,abuse", None, "abuse"),
        ("blockedAt,blockedBy\nv,2026-03-03,eve", None, "spam"),
        ("isBlocked,blockExpiresAt\nv,true,2099-01-01", "2099-01-01T00:00:00.000Z", "spam"),
        ("isBlocked\nv,true", "2098-01-01T00:00:00.000Z", "spam"),
        ("blockedAt,blockReason\nv,2026-03-01,abuse", "2098-01-01T00:00:00.000Z", "spam"),
    ],
)
def test_a_row_with_other_terms_replaces_a_block_that_is_not_newer(
    visitors: Visitors, taken: Take, cells: str, end: str | None, reason: str
) -> None:
    visitors("create", "--id", "v")
    visitors("block", "v", "--reason", "spam", "--until", "2098-01-01", now=MONDAY)
    taken("x.csv", f"id,{cells}\n", "--on-existing", "update")
    page = shown(visitors, "v")
    assert (page["isBlocked"], page["blockExpiresAt"], page["blockReason"]) == (True, end, reason)
    again = taken("x.csv", f"id,{cells}\n", "--on-existing", "update")
    assert "1 unchanged" in again.stderr
    assert shown(visitors, "v") == page


def test_a_block_that_is_over_is_imported_once(visitors: Visitors, taken: Take) -> None:
    content = "id,blockedAt,blockExpiresAt\nv,2026-01-01,2026-01-02\n"
    taken("x.csv", content)
    taken("x.csv", content, "--on-existing", "update")
    assert len(shown(visitors, "v")["blocks"]) == 1


# A row with a contact is identified by the rules of identify


def test_rows_of_one_person_share_a_contact(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,externalId,email\na,,E@example.com\nb,u,e@example.com\nc,u,\n")
    assert visitors("contacts", "list", "--fields", "externalId,email,visitorCount").lines[1:] == [
        "u\te@example.com\t3"
    ]


def test_rows_that_contradict_one_another_are_refused_unless_a_policy_says_how(
    visitors: Visitors, anonymous: str, taken: Take
) -> None:
    content = "id,externalId,email\na,u,e@example.com\nb,w,e@example.com\n"
    refused = taken("x.csv", content, code=4)
    assert "x.csv, line 3" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]
    taken("x.csv", content, "--on-conflict", "external-id-wins")
    assert [shown(visitors, one)["contact"]["email"] for one in ("a", "b")] == ["e@example.com", None]


def test_a_row_that_links_to_another_person_needs_relink(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,externalId\na,u\n")
    taken("y.csv", "id,externalId\na,w\n", "--on-existing", "update", code=4)
    assert shown(visitors, "a")["contact"]["externalId"] == "u"
    taken("y.csv", "id,externalId\na,w\n", "--on-existing", "update", "--relink")
    assert shown(visitors, "a")["contact"]["externalId"] == "w"


def test_a_row_that_describes_a_person_without_identifying_it_is_invalid(taken: Take) -> None:
    assert "column 'name'" not in taken("x.csv", "id,name\na,Ada\n", code=5).stderr


def test_a_conflict_of_a_contact_id_names_that_id(taken: Take) -> None:
    content = [{"id": "a", "contact": {"id": "C1"}}, {"id": "b", "contact": {"id": "C2", "email": "b@example.com"}}]
    taken("x.json", json.dumps(content))
    row = {"id": "c", "contact": {"id": "C1", "email": "b@example.com"}}
    refused = taken("y.json", json.dumps(row), code=4)
    assert "C1" in refused.stderr
    assert "C2" in refused.stderr
    assert "None" not in refused.stderr


# All or nothing, and --keep-going

MIXED = "id,language,ip\na,de,\nb,???,\nc,fr,\nd,,999\ne,it,\n"


def test_the_first_bad_row_stops_it_with_file_line_column_and_reason(
    visitors: Visitors, anonymous: str, taken: Take, tmp_path: Path
) -> None:
    refused = taken("x.csv", MIXED, code=5)
    assert refused.stdout == ""
    assert f"{tmp_path}/x.csv, line 3, column 'language': language '???' is not" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]
    assert visitors("history", "--format", "count").stdout == "1\n"


def test_the_column_is_called_as_the_file_calls_it(taken: Take) -> None:
    assert "column 'br_lang'" in taken("x.csv", "id,br_lang\na,?\n", "--map", "language=br_lang", code=5).stderr
    assert "column 'mail'" in taken("x.csv", "id,mail\na,?\n", "--map", "email=mail", code=5).stderr


def test_the_line_of_a_row_after_cells_of_several_lines_is_right(taken: Take) -> None:
    assert "line 5, column" in taken("x.csv", 'id,language,city\na,de,"x\ny\nz"\nb,?,"x\ny"\n', code=5).stderr


def test_keep_going_takes_the_good_rows_and_writes_exactly_the_bad_ones(
    visitors: Visitors, taken: Take, tmp_path: Path
) -> None:
    rejects = tmp_path / "bad.csv"
    answer = taken("x.csv", MIXED, "--keep-going", "--rejects", str(rejects), "--format", "ids", code=5)
    assert answer.lines == ["a", "c", "e"]
    assert sorted(visitors("list", "--format", "ids").lines) == ["a", "c", "e"]
    for part in ("5 rows: 3 created, 2 rejected", "line 3, column 'language'", "line 5, column 'ip'", str(rejects)):
        assert part in answer.stderr
    header, *rows = rejects.read_text().splitlines()
    assert header.endswith("id,language,ip")
    assert [row.rsplit(",", 3)[1:] for row in rows] == [["b", "???", ""], ["d", "", "999"]]
    assert [row.split(",")[0] for row in rows] == ["3", "5"]
    assert "invalid_language" in rows[0]
    assert rejects.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("extension", ["csv", "tsv", "json", "ndjson"])
def test_the_rejected_rows_import_once_corrected(
    visitors: Visitors, taken: Take, tmp_path: Path, extension: str
) -> None:
    rejects = tmp_path / f"bad.{extension}"
    taken("x.csv", MIXED, "--keep-going", "--rejects", str(rejects), code=5)
    mended = rejects.read_text()
    reason, rest = mended.rsplit("???", 1)
    reason_2, rest_2 = rest.rsplit("999", 1)
    rejects.write_text(f"{reason}en{reason_2}192.0.2.9{rest_2}")
    assert visitors("import", str(rejects), "--format", "ids").lines == ["b", "d"]
    assert (shown(visitors, "b")["language"], shown(visitors, "d")["ip"]) == ("en", "192.0.2.9")


@pytest.mark.parametrize("extension", ["csv", "tsv", "ndjson"])
def test_rejected_rows_that_are_still_bad_are_rejected_again_with_their_new_reasons(
    visitors: Visitors, taken: Take, tmp_path: Path, extension: str
) -> None:
    first, second = tmp_path / f"first.{extension}", tmp_path / f"second.{extension}"
    taken("x.csv", MIXED, "--keep-going", "--rejects", str(first), code=5)
    head, tail = first.read_text().rsplit("???", 1)
    first.write_text(f"{head}en{tail}")  # mends one of the two
    visitors("import", str(first), "--keep-going", "--rejects", str(second), code=5)
    content = second.read_text()
    assert "999" in content
    assert "???" not in content
    if extension == "ndjson":
        assert json.loads(content)["reject.line"] == 2
    else:
        separator = "," if extension == "csv" else "\t"
        assert content.splitlines()[0] == first.read_text().splitlines()[0]
        assert content.splitlines()[1].split(separator)[0] == "3"
    head, tail = content.rsplit("999", 1)
    second.write_text(f"{head}192.0.2.9{tail}")
    visitors("import", str(second))
    assert sorted(visitors("list", "--format", "ids").lines) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.csv", "id,city\na,Bonn\nb\n"), ("x.ndjson", '{"id": "a"}\n{"id": \n'), ("x.tsv", "id\tcity\na\tBonn\nb\n")],
)
def test_a_row_that_could_not_be_read_does_not_become_an_empty_visitor_when_nobody_mends_it(
    visitors: Visitors, taken: Take, tmp_path: Path, name: str, content: str
) -> None:
    rejects = tmp_path / f"bad.{name.split('.')[1]}"
    taken(name, content, "--keep-going", "--rejects", str(rejects), code=5)
    visitors("import", str(rejects), code=5)
    assert visitors("list", "--format", "ids").lines == ["a"]


@pytest.mark.parametrize("extension", ["csv", "tsv", "ndjson"])
def test_the_text_of_a_row_that_could_not_be_read_stays_until_it_is_mended(
    visitors: Visitors, taken: Take, tmp_path: Path, extension: str
) -> None:
    first, second = tmp_path / f"first.{extension}", tmp_path / f"second.{extension}"
    taken("x.csv", "id,city\na,Bonn\nonly-one-cell\n", "--keep-going", "--rejects", str(first), code=5)
    visitors("import", str(first), "--keep-going", "--rejects", str(second), code=5)
    assert "only-one-cell" in second.read_text()
    assert "the row could not be read and was not corrected" in visitors("import", str(second), code=5).stderr


@pytest.mark.parametrize("cells", [("", ""), ("  ", ""), ("", "\u00a0")])
def test_an_unreadable_row_is_not_corrected_by_blanks(
    visitors: Visitors, anonymous: str, taken: Take, cells: tuple[str, str]
) -> None:
    row = {"reject.line": 3, "reject.raw": "b", **dict(zip(("id", "city"), cells, strict=True))}
    refused = taken("bad.ndjson", json.dumps(row), code=5)
    assert "the row could not be read and was not corrected" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_nothing_of_a_bad_row_remains(visitors: Visitors, taken: Take, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "contact": {"externalId": "u", "email": "u@example.com"}},
        {"id": "b", "contact": {"externalId": "new", "email": "u@example.com"}},
        {"id": "a", "city": "Bonn", "contact": {"externalId": "other"}},
    ]
    content = "\n".join(map(json.dumps, rows))
    rejects = tmp_path / "bad.ndjson"
    taken("x.ndjson", content, "--keep-going", "--rejects", str(rejects), "--on-existing", "update", code=5)
    assert visitors("list", "--format", "ids").lines == ["a"]
    assert shown(visitors, "a")["city"] is None
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"
    assert [json.loads(line)["id"] for line in rejects.read_text().splitlines()] == ["b", "a"]


def test_when_all_rows_are_good_the_file_of_rejects_is_empty_of_rows(taken: Take, tmp_path: Path) -> None:
    for extension, content in (("csv", ""), ("ndjson", ""), ("json", "[]")):
        rejects = tmp_path / f"bad.{extension}"
        taken("x.csv", f"id\n{extension}\n", "--keep-going", "--rejects", str(rejects))
        assert rejects.read_text().strip() in (content, "id")


def test_without_a_file_for_them_the_bad_rows_are_reported(visitors: Visitors, taken: Take) -> None:
    answer = taken("x.csv", MIXED, "--keep-going", code=5)
    assert "--rejects FILE" in answer.stderr
    assert visitors("list", "--format", "count").stdout == "3\n"


def test_many_bad_rows_are_not_all_reported(taken: Take) -> None:
    answer = taken("x.csv", "id,language\n" + "".join(f"v{n},?\n" for n in range(30)), "--keep-going", code=5)
    assert "10 more" in answer.stderr
    assert len(answer.stderr.splitlines()) < 30


def test_rejects_need_keep_going_and_a_format_that_holds_them(taken: Take, tmp_path: Path) -> None:
    taken("x.csv", MIXED, "--rejects", str(tmp_path / "bad.csv"), code=2)
    taken("x.ndjson", "{}", "--keep-going", "--rejects", str(tmp_path / "bad.csv"), code=2)
    assert not (tmp_path / "bad.csv").exists()


@pytest.mark.parametrize("option", ["--keep-going", "--lenient", "--dry-run"])
def test_rejects_do_not_replace_the_file_that_is_read(taken: Take, tmp_path: Path, option: str) -> None:
    file = tmp_path / "x.csv"
    (tmp_path / "link.csv").symlink_to(file)
    for rejects in (file, tmp_path / "link.csv", f"{tmp_path}/./x.csv"):
        answer = taken("x.csv", MIXED, option, "--rejects", str(rejects), code=2)
        assert answer.stderr.splitlines()[1] == "hint: use another file"
        assert file.read_text() == MIXED
    assert "--rejects needs a file" in taken("x.csv", MIXED, option, "--rejects", "-", code=2).stderr


def test_a_dry_run_checks_every_row_and_writes_nothing(
    visitors: Visitors, anonymous: str, taken: Take, everything: Everything, tmp_path: Path
) -> None:
    before = everything()
    answer = taken("x.csv", MIXED, "--dry-run", code=5)
    for part in ("would import 5 rows: 3 created, 2 rejected", "line 3, column 'language'", "line 5, column 'ip'"):
        assert part in answer.stderr
    fine = taken("y.csv", "id\na\nb\n", "--dry-run")
    assert fine.stdout == ""
    assert "would import 2 rows: 2 created" in fine.stderr
    taken("x.csv", MIXED, "--dry-run", "--rejects", str(tmp_path / "bad.csv"), code=5)
    assert (tmp_path / "bad.csv").read_text().count("\n") == 3
    assert everything() == before
    assert visitors("list", "--format", "ids").lines == [anonymous]


# Exports of other systems

API_VISITOR = {
    "id": "01JN8Z5Q3V0000000000000001", "browser": "Chrome", "browserVersion": "122.0.0.0", "os": "macOS",
    "osVersion": "14.3", "device": "Mac", "deviceType": "desktop", "ip": "203.0.113.7", "city": "Paris",
    "region": "Île-de-France", "country": "France", "countryCode": "FR", "latitude": 48.8566, "longitude": 2.3522,
    "language": "fr-FR", "timezone": "Europe/Paris", "screenResolution": "1728x1117", "viewport": "1200x900",
    "createdAt": "2026-01-05T10:00:00.000Z", "updatedAt": "2026-01-06T10:00:00.000Z",
    "lastSeenAt": "2026-01-07T10:00:00.000Z", "websiteId": "site_1", "organizationId": "org_1",
    "blockedAt": None, "blockedByUserId": None, "isBlocked": False,
    "attribution": {"firstTouch": {"channel": "organic", "referrer": {"domain": "example.com"}, "utm": None}},
    "currentPage": {"url": "https://example.com/prices", "path": "/prices", "title": "Prices"},
    "contact": {"id": "01JN8Z5Q3V0000000000000002", "name": "Ada", "email": "ada@example.com",
                "image": "https://example.com/a.png", "metadataHash": "029c40d2"},
}  # fmt: skip


@pytest.mark.parametrize("name", ["x.json", "x.ndjson"])
def test_the_visitor_json_of_the_cossistant_api_imports_as_it_is(visitors: Visitors, taken: Take, name: str) -> None:
    anonymous = {**API_VISITOR, "id": "01JN8Z5Q3V0000000000000003", "contact": None, "attribution": None}
    blocked = {
        **anonymous, "id": "01JN8Z5Q3V0000000000000004", "isBlocked": True,
        "blockedAt": "2026-02-01T00:00:00.000Z", "blockedByUserId": "agent_1",
    }  # fmt: skip
    rows = [API_VISITOR, anonymous, blocked]
    taken(name, json.dumps(rows) if name == "x.json" else "\n".join(map(json.dumps, rows)))
    for row in rows:
        visitor = shown(visitors, str(row["id"]))
        same = set(row) - {"websiteId", "organizationId", "blockedByUserId", "contact"}
        assert {key: visitor[key] for key in same} == {key: row[key] for key in same}
        assert visitor["blockedBy"] == row["blockedByUserId"]
        assert (visitor["contact"] is None) == (row["contact"] is None)
    contact = shown(visitors, str(API_VISITOR["id"]))["contact"]
    assert [contact[key] for key in ("id", "name", "email", "image")] == [
        "01JN8Z5Q3V0000000000000002", "Ada", "ada@example.com", "https://example.com/a.png",
    ]  # fmt: skip


def test_a_literal_backslash_u0000_in_a_document_is_no_nul(visitors: Visitors, taken: Take) -> None:
    taken("x.json", json.dumps({"id": "a", "attribution": {"path": "C:\\u0000"}}))
    assert shown(visitors, "a")["attribution"] == {"path": "C:\\u0000"}
    taken("y.json", json.dumps({"id": "b", "attribution": {"path": "\0"}}), code=5)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"language": 5}, "language"),
        ({"language": {"a": 1}}, "language"),
        ({"latitude": True}, "latitude"),
        ({"latitude": "north"}, "latitude"),
        ({"createdAt": 170}, "createdAt"),
        ({"createdAt": True}, "createdAt"),
        ({"createdAt": "yesterday"}, "createdAt"),
        ({"isBlocked": "maybe"}, "isBlocked"),
        ({"attribution": "nonsense"}, "attribution"),
        ({"attribution": [1]}, "attribution"),
        ({"id": 5.5}, "id"),
        ({"id": "not an id"}, "id"),
        ({"contact": {"email": "nonsense"}}, "contact.email"),
        ({"contact": {"externalId": ["u"]}}, "contact.externalId"),
        ({"contact": {"externalId": "u", "metadata": {"a": []}}}, "contact.metadata"),
        ({"contact": {"id": "not an id"}}, "contact.id"),
        ({"contact": {"id": "ext:5"}}, "contact.id"),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_with_its_column(
    visitors: Visitors, anonymous: str, taken: Take, row: dict[str, Any], column: str
) -> None:
    refused = taken("x.ndjson", json.dumps({"id": "a", **row}), "--format", "ndjson", code=5)
    assert f"line 1, column '{column}': " in refused.error["message"]
    assert visitors("list", "--format", "ids").lines == [anonymous]


# Which visitor a row is about


def test_new_makes_a_visitor_of_each_row_without_an_id(visitors: Visitors, taken: Take) -> None:
    content = "language,fingerprint\nde,f\nfr,f\n,\n"
    answer = taken("x.csv", content, "--new", "--format", "ids")
    assert sorted(answer.lines) == sorted(visitors("list", "--format", "ids").lines)
    assert len(set(answer.lines)) == 2
    assert "2 created, 1 blank" in answer.stderr
    taken("x.csv", content, "--new")
    assert visitors("list", "--format", "count").stdout == "4\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"language": "de"}, "does not identify a visitor"),
        ({"isBlocked": True}, "does not identify a visitor"),
        ({"email": "a@example.com"}, "is about a person, but not a visitor"),
        ({"id": " ", "fingerprint": "", "contact": {"externalId": "u"}}, "is about a person, but not a visitor"),
    ],
)
def test_a_row_that_does_not_say_which_visitor_it_is_about_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, row: dict[str, Any], said: str
) -> None:
    refused = taken("x.ndjson", json.dumps(row), "--on-existing", "update", code=5)
    assert f"line 1: the row {said}" in refused.stderr
    assert "--map id=COLUMN" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "id,city\n,\na,Bonn\n ,\n"),
        ("x.ndjson", '{}\n{"id": "a"}\n{"id": "", "city": null}\n'),
        ("x.json", '[{}, {"id": "a"}, {"contact": null, "isBlocked": false}]'),
    ],
)
@pytest.mark.parametrize("option", ["--new", "--ignore-unknown"])
def test_a_row_that_says_nothing_is_left_out_and_counted(
    visitors: Visitors, taken: Take, name: str, content: str, option: str
) -> None:
    assert "imported 3 rows: 1 created, 2 blank" in taken(name, content, option).stderr
    assert visitors("list", "--format", "ids").lines == ["a"]


BLANKS = st.sampled_from(["", " ", "\t", "\u00a0", "  \u3000"])
KNOWN = st.lists(st.sampled_from([field for field in FIELDS if field != "contact.metadata"]), max_size=6, unique=True)
UNKNOWN = st.lists(st.sampled_from(["colour", "shoe size", "error", "x;y"]), max_size=2, unique=True)


@st.composite
def files_that_say_nothing(draw: st.DrawFn) -> tuple[str, str, int]:
    """A file's name and content, whose rows, if any, have blank cells in known columns and any values in others; and
    the number of rows that are not empty lines.
    """
    known, unknown = draw(KNOWN), draw(UNKNOWN)
    columns = draw(st.permutations(known + unknown))
    of_unknown: st.SearchStrategy[str | None] = st.sampled_from(["", "a", "401"])
    if draw(st.booleans()):
        blanks: st.SearchStrategy[str | None] = st.one_of(BLANKS, st.none())
        cells = {one: blanks if one in known else of_unknown for one in columns}
        rows = draw(st.lists(st.fixed_dictionaries({}, optional=cells), max_size=4))
        as_list = draw(st.booleans())
        content = json.dumps(rows) if as_list else "\n".join(map(json.dumps, rows))
        return "x.json" if as_list else "x.ndjson", content, len(rows)
    row = st.fixed_dictionaries({one: BLANKS if one in known else of_unknown for one in columns})
    rows = draw(st.lists(row, max_size=4)) if columns else []
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([columns, *([row[one] for one in columns] for row in rows)] if columns else [])
    return "x.csv", file.getvalue(), len(rows)


# the fixture only rewrites the file and runs the command, on a store that does not change
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    file=files_that_say_nothing(),
    options=st.lists(st.sampled_from(["--new", "--ignore-unknown", "--dry-run"]), unique=True),
    on_existing=st.sampled_from(["error", "skip", "update"]),
)
def test_any_file_that_says_nothing_makes_nobody_and_changes_nothing(
    visitors: Visitors, taken: Take, file: tuple[str, str, int], options: list[str], on_existing: str
) -> None:
    visitors("create", "--id", "v", "--exist-ok")
    before = visitors("db", "dump").stdout
    name, content, count = file

    answer = taken(name, content, *options, "--on-existing", on_existing, code=None)

    if answer.code == 0:
        rows = "1 row" if count == 1 else f"{count} rows"
        assert f"import {rows}: " in answer.stderr or f"imported {rows}: " in answer.stderr
        assert answer.stderr.splitlines()[0].endswith(f": {count} blank" if count else ": nothing")
    else:
        assert answer.code == 5
        assert re.search("match(es)? (a|no) field", answer.stderr)
    assert visitors("db", "dump").stdout == before


def test_a_row_without_an_id_is_about_the_visitor_with_its_fingerprint(visitors: Visitors, taken: Take) -> None:
    content = "fingerprint,city\nf,Bonn\ng,Ulm\nf,Trier\n"
    assert "line 4: visitor " in taken("x.csv", content, code=4).stderr
    assert "2 created, 1 updated" in taken("x.csv", content, "--on-existing", "update").stderr
    assert sorted(visitors("list", "--fields", "fingerprint,city").lines[1:]) == ["f\tTrier", "g\tUlm"]
    assert "3 skipped" in taken("x.csv", content, "--on-existing", "skip").stderr
    taken("x.csv", "fingerprint,city\nf,Trier\n", "--on-existing", "update")
    assert visitors("history", "--format", "count").stdout == "1\n"


def test_a_fingerprint_of_several_visitors_identifies_none(taken: Take) -> None:
    taken("x.csv", "id,fingerprint\na,f\nb,f\n")
    refused = taken("y.csv", "fingerprint,city\nf,Bonn\n", "--on-existing", "update", code=4)
    assert "line 2: several visitors have the fingerprint f" in refused.stderr
    assert "a or b" in refused.stderr
    taken("z.csv", "id,fingerprint\nc,g\n,g\nd,g\n,g\n", "--on-existing", "update", code=4)


def test_a_deleted_visitor_is_not_found_by_its_fingerprint(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,fingerprint\na,f\n")
    visitors("delete", "a")
    assert "1 created" in taken("y.csv", "fingerprint\nf\n").stderr


def test_many_rows_without_ids_find_their_visitors(taken: Take) -> None:
    content = "fingerprint,city\n" + "".join(f"f{number},Bonn\n" for number in range(3_000))
    assert "3,000 created" in taken("x.csv", content).stderr
    assert "3,000 unchanged" in taken("x.csv", content, "--on-existing", "update").stderr


@pytest.mark.parametrize("options", [(), ("--ignore-unknown",), ("--ignore-unknown", "--new", "--keep-going")])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "x.csv",
            "colour;size\nred;44\n",
            "the cells of 'colour;size' are separated by semicolons\nhint: use --delimiter ';'",
        ),
        ("x.csv", "colour\tsize\nred\t44\n", "hint: use --delimiter tab"),
        ("x.tsv", "id,city\na,Bonn\n", "hint: use --delimiter ','"),
        ("x.csv", "visitor_id\na\n", "did you mean visitorId? --map id=visitor_id"),
        ("x.csv", "Visitor-ID,shoe size\na,44\n", "did you mean visitorId? --map id=Visitor-ID"),
        ("x.csv", "colour\nred\n", "no column matches a field: colour"),
        ("x.json", '{"error": "unauthorized"}', "the file looks like an error response"),
        ("x.ndjson", '{"error": {"code": 1}}\n{"error": {}}', "the file looks like an error response"),
        ("x.ndjson", '{"colour": "red"}\n{}\n', "no column matches a field: colour"),
    ],
)
def test_a_file_without_known_columns_is_refused_with_a_guess_at_what_it_is(
    visitors: Visitors, anonymous: str, taken: Take, name: str, content: str, said: str, options: tuple[str, ...]
) -> None:
    if name.endswith("json") and "--keep-going" in options:
        options = options[:-1]
    refused = taken(name, content, *options, code=5)
    assert said in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_a_misspelt_column_is_reported_even_if_others_are_known(taken: Take) -> None:
    assert "hint: did you mean id? --map id=I-D" in taken("x.csv", "I-D,city\na,Bonn\n", code=5).stderr
    assert "does not identify a visitor" in taken("x.csv", "I-D,city\na,Bonn\n", "--ignore-unknown", code=5).stderr


# Found in a review


@pytest.mark.parametrize("name", ["x.ndjson", "x.json"])
def test_a_mapped_key_that_no_row_has_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, everything: Everything, name: str
) -> None:
    before = everything()
    refused = taken(name, '{"id": "a", "city": "Bonn"}', "--map", "city=town", "--ignore-unknown", code=5)
    assert "'town'" in refused.stderr
    assert refused.stdout == ""
    assert everything() == before
    assert visitors("list", "--format", "ids").lines == [anonymous]
    taken("y.ndjson", '{"id": "a"}\n{"id": "b", "town": "Bonn"}\n', "--map", "city=town")
    assert (shown(visitors, "a")["city"], shown(visitors, "b")["city"]) == (None, "Bonn")


def test_a_row_that_could_not_be_read_is_kept_as_it_was_written(taken: Take, tmp_path: Path) -> None:
    rows = ['b,"x"y', 'c,"Bonn, ""am Rhein""",DE', 'd,"two\nlines",DE']
    rejects = tmp_path / "bad.csv"
    content = "\n".join(["id,city", "a,Bonn", *rows, "e,Kiel", ""])
    answer = taken("x.csv", content, "--keep-going", "--rejects", str(rejects), "--format", "ids", code=5)
    assert answer.lines == ["a", "e"]
    with rejects.open(encoding="utf-8", newline="") as file:
        assert [row["reject.raw"] for row in csv.DictReader(file)] == rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", b"id,city\na,Bonn\nb,K\xf6ln\nc,K\xc3\xb6ln\n"),
        ("x.csv", b'id,city\na,Bonn\nb,"K\xf6ln\nam Rhein"\nc,K\xc3\xb6ln\n'),
        ("x.tsv", b"id\tcity\na\tBonn\nb\tK\xf6ln\nc\tK\xc3\xb6ln\n"),
        ("x.ndjson", b'{"id": "a"}\n{"id": "b", "city": "K\xf6ln"}\n{"id": "c", "city": "K\xc3\xb6ln"}\n'),
        ("x.ndjson", b'{"id": "a"}\n{"id": "c", "city": "K\xc3\xb6ln"}\n{"id": "b", "city": "K\xf6ln"}'),
        ("x.json", b'[{"id": "a"},\n{"id": "b", "city": "K\xf6ln"}, {"id": "c", "city": "K\xc3\xb6ln"}]'),
        ("x.json", b'[{"id": "a"}, {"id": "c", "city": "K\xc3\xb6ln"}, {"city": "K\xf6ln", "id": "b"}]\n'),
    ],
)
@pytest.mark.parametrize("options", [(), ("--ignore-unknown",), ("--map", "city=city")])
def test_a_row_with_a_bad_byte_is_a_bad_row_like_others(
    visitors: Visitors, taken: Take, tmp_path: Path, name: str, content: bytes, options: tuple[str, ...]
) -> None:
    assert "not UTF-8 (byte " in taken(name, content, *options, code=5).stderr
    assert visitors("list", "--format", "count").stdout == "0\n"
    rejects = tmp_path / "bad.ndjson"
    answer = taken(name, content, *options, "--keep-going", "--rejects", str(rejects), code=5)
    assert "2 created, 1 rejected" in answer.stderr
    assert sorted(visitors("list", "--format", "ids").lines) == ["a", "c"]
    assert shown(visitors, "c")["city"] == "Köln"
    (row,) = map(json.loads, rejects.read_text("utf-8").splitlines())
    assert row["reject.code"] == "not_utf8"
    assert "K\\xf6ln" in row["reject.raw"]
    assert "not corrected" in visitors("import", str(rejects), code=5).stderr


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_a_header_with_a_bad_byte_is_refused_with_its_line(taken: Take, name: str) -> None:
    assert "line 1: not UTF-8" in taken(name, b"Stra\xdfe\na\n", "--keep-going", code=5).stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("content", [MIXED, MIXED + "".join(f"v{n},?,\n" for n in range(5000))])
def test_when_the_rejects_cannot_be_written_no_row_is_taken(
    visitors_process: Visitors, visitors: Visitors, anonymous: str, tmp_path: Path, content: str
) -> None:
    (tmp_path / "x.csv").write_text(content)
    answer = visitors_process("import", str(tmp_path / "x.csv"), "--keep-going", "--rejects", "/dev/full", code=1)
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]
    assert visitors("history", "--format", "count").stdout == "1\n"


@pytest.mark.parametrize("path", ["visitors.db", "link.db", "visitors.db-wal"])
def test_the_rejects_do_not_replace_the_store(
    visitors: Visitors,
    anonymous: str,
    taken: Take,
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.chdir(store_path.parent)
    Path("link.db").symlink_to(store_path)
    before = store_path.read_bytes()
    for rejects in (path, str(store_path.parent / path)):
        for mode in ("--keep-going", "--dry-run"):
            assert "is the store itself" in taken("x.csv", MIXED, mode, "--rejects", rejects, code=2).stderr
    assert store_path.read_bytes() == before
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_ids_that_are_numbers_are_taken_as_their_digits(visitors: Visitors, taken: Take) -> None:
    row = {"id": 5, "contact": {"id": 7, "externalId": 42, "email": "a@example.com"}}
    taken("x.ndjson", json.dumps(row))
    contact = shown(visitors, "5")["contact"]
    assert (contact["id"], contact["externalId"]) == ("7", "42")
    taken("y.ndjson", '{"id": true}', code=5)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.ndjson", '{"id": "a", "externalId": null, "email": null, "metadata": {}}'),
        ("x.json", '[{"id": "a", "contact": {"externalId": null, "email": null, "metadata": {}}}]'),
        ("x.csv", "id,externalId,email,metadata\na,,,{}\n"),
    ],
)
def test_a_row_that_says_nothing_of_a_person_is_an_anonymous_visitor(
    visitors: Visitors, taken: Take, name: str, content: str
) -> None:
    taken(name, content)
    assert shown(visitors, "a")["contact"] is None
    assert visitors("contacts", "list", "--format", "count").stdout == "0\n"


# An email belongs to one live person


@pytest.mark.parametrize("policy", ["error", "external-id-wins", "merge"])
def test_no_rows_make_two_live_contacts_with_one_email(visitors: Visitors, taken: Take, policy: str) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "contact": {"id": "C1", "email": "e@example.com"}},
        {"id": "b", "contact": {"id": "C2", "email": "E@example.com"}},
        {"id": "c", "contact": {"id": "C3", "email": "e@example.com", "deletedAt": "2026-01-01"}},
        {"id": "d", "contact": {"id": "C3", "email": "e@example.com"}},
    ]
    for number in range(1, len(rows) + 1):
        content = "\n".join(map(json.dumps, rows[:number]))
        taken("x.ndjson", content, "--on-existing", "update", "--on-conflict", policy, "--keep-going", code=None)
    assert visitors("contacts", "duplicates", "--format", "json").json == []


def test_an_older_row_that_says_a_live_person_is_deleted_gives_it_no_email_of_another(
    visitors: Visitors, taken: Take
) -> None:
    visitors("contacts", "create", "--id", "C1")
    visitors("contacts", "create", "--id", "C2", "--email", "e@example.com")
    row = {"id": "a", "contact": {"id": "C1", "email": "e@example.com", "deletedAt": "2026-01-01"}}
    taken("x.ndjson", json.dumps(row), code=4)


def test_a_contact_that_a_known_visitor_gets_is_as_deleted_as_the_row_says(visitors: Visitors, taken: Take) -> None:
    visitors("create", "--id", "a")
    visitors("contacts", "create", "--id", "C2", "--email", "e@example.com")
    row = {"id": "a", "contact": {"id": "C1", "email": "e@example.com", "deletedAt": "2026-01-01T00:00:00.000Z"}}
    taken("x.ndjson", json.dumps(row), "--on-existing", "update")
    assert shown(visitors, "a")["contact"]["deletedAt"] == "2026-01-01T00:00:00.000Z"


def test_an_earlier_event_fills_blanks_and_overwrites_nothing_whichever_order_they_come_in(
    visitors: Visitors, taken: Take
) -> None:
    early = '{"id": "a", "language": "de", "city": "Oslo", "lastSeenAt": "2026-01-01", "externalId": "u1"}\n'
    late = '{"id": "a", "language": "en", "lastSeenAt": "2026-01-02", "externalId": "u2"}\n'
    options = ("--on-existing", "update", "--relink")
    for name, content in (("x", early + late), ("y", late + early)):
        visitors("erase", "a", "--yes", code=None)
        taken(f"{name}.ndjson", content, *options)
        found = shown(visitors, "a")
        assert (found["language"], found["city"], found["contact"]["externalId"]) == ("en", "Oslo", "u2")
        assert found["lastSeenAt"] == "2026-01-02T00:00:00.000Z"
        assert "2 unchanged" in taken(f"{name}.ndjson", content, *options).stderr


def test_a_row_of_the_same_visit_or_that_was_updated_later_overwrites(visitors: Visitors, taken: Take) -> None:
    row = '{"id": "a", "language": "de", "lastSeenAt": "2026-01-02"}'
    taken("x.ndjson", row)
    taken("x.ndjson", row.replace("de", "en"), "--on-existing", "update")
    assert shown(visitors, "a")["language"] == "en"
    later = '{"id": "a", "language": "fr", "lastSeenAt": "2026-01-01", "updatedAt": "2026-03-11"}'
    taken("x.ndjson", later, "--on-existing", "update")
    assert shown(visitors, "a")["language"] == "fr"


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("import", {"id": "v1", "isBlocked": True}),
        ("import", {"id": "v1", "contact": {"externalId": "u1", "name": "Ada"}}),
        ("contacts import", {"id": "c1", "isBlocked": True}),
        ("contacts import", {"id": "old", "externalId": "u1"}),
    ],
    ids=["block", "person", "block of a contact", "alias"],
)
def test_a_row_that_changes_only_what_belongs_to_its_record_counts_as_an_update_once(
    visitors: Visitors, tmp_path: Path, words: str, row: dict[str, object]
) -> None:
    visitors("create", "--id", "v1")
    visitors("contacts", "create", "--id", "c1", "--external-id", "u1")
    visitors("identify", "v1", "--external-id", "u1")
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps(row) + "\n")

    for outcome in ("updated", "unchanged"):
        done = visitors(*words.split(), str(path), "--on-existing", "update")
        assert done.stderr == f"imported 1 row: 1 {outcome}\n"
