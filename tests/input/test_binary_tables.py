from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

openpyxl = pytest.importorskip("openpyxl")
pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

Visitors = Callable[..., Any]


def workbook(path: Path, *rows: list[Any]) -> str:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return str(path)


def table(path: Path, rows: list[dict[str, Any]]) -> str:
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return str(path)


def test_the_first_sheet_of_a_workbook_is_read_as_its_csv_would_be(visitors: Visitors, tmp_path: Path) -> None:
    header = ["id", "language", "latitude", "createdAt", "contact.externalId", "contact.isBlocked", None]
    row = ["a", "de", 50.5, datetime(2026, 1, 2, 3, 4, 5), 1234567, True, None]  # noqa: DTZ001 - as a cell has it
    file = workbook(tmp_path / "x.xlsx", header, row, [None] * 7, ["b", "", 7, None, None, None, None])
    assert "imported 2 rows: 2 created" in visitors("import", file).stderr
    b, a = visitors("list", "--format", "json").json
    assert (a["language"], a["latitude"], a["createdAt"]) == ("de", 50.5, "2026-01-02T03:04:05.000Z")
    assert (a["contact"]["externalId"], a["contact"]["isBlocked"]) == ("1234567", True)
    assert (b["id"], b["latitude"], b["contact"]) == ("b", 7, None)
    assert "2 unchanged" in visitors("import", file, "--on-existing", "update").stderr


def test_a_row_of_a_workbook_that_is_bad_is_set_aside_as_csv(visitors: Visitors, tmp_path: Path) -> None:
    file = workbook(tmp_path / "x.xlsx", ["id", "email"], ["a", "none"], ["b", "b@example.com"])
    answer = visitors("import", file, code=5)
    assert f"{file}, line 2, column 'email': " in answer.stderr
    rejects = tmp_path / "rejects.csv"
    visitors("import", file, "--keep-going", "--rejects", str(rejects), code=5)
    rejects.write_text(rejects.read_text().replace("none", "a@example.com"))
    visitors("import", str(rejects))
    assert visitors("list", "--format", "ids").lines == ["a", "b"]
    answer = visitors("import", file, "--keep-going", "--rejects", str(tmp_path / "r.xlsx"), code=2)
    assert "rejected rows cannot be written to" in answer.stderr


def test_a_parquet_file_is_read_as_its_json_would_be(visitors: Visitors, tmp_path: Path) -> None:
    seen = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"id": "a", "language": "de", "latitude": 50.5, "lastSeenAt": seen, "contact": {"email": "a@example.com"}},
        {"id": "b", "language": None, "latitude": None, "lastSeenAt": None, "contact": None},
    ]
    file = table(tmp_path / "x.parquet", rows)
    visitors("import", file)
    a, b = visitors("list", "--format", "json").json
    assert (a["latitude"], a["lastSeenAt"]) == (50.5, "2026-01-02T03:04:05.000Z")
    assert (a["contact"]["email"], b["contact"]) == ("a@example.com", None)
    assert "2 unchanged" in visitors("import", file, "--on-existing", "update").stderr


def test_numbers_that_a_workbook_has_rounded_identify_nobody(visitors: Visitors, tmp_path: Path) -> None:
    whole, rounded = 2**53 - 1, 12345678901234567890  # kept as 1.234567890123457e+19
    file = workbook(tmp_path / "x.xlsx", ["id", "externalId"], ["a", whole], ["b", rounded])
    answer = visitors("import", file, code=5)
    assert "line 3, column 'externalId': externalId '1.234567890123457e+19' is a number that" in answer.stderr
    visitors("import", file, "--keep-going", code=5)
    assert visitors("list", "--format", "json").json[0]["contact"]["externalId"] == str(whole)


def test_what_is_not_read_of_a_workbook_is_told(visitors: Visitors, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, rows in ((book.active, [["id"], ["a"]]), (book.create_sheet("March"), [["id"], ["b"]])):
        for row in rows:
            sheet.append(row)
    book.create_sheet("Empty")
    book.save(tmp_path / "x.xlsx")
    said = visitors("import", str(tmp_path / "x.xlsx")).stderr.splitlines()
    assert said[0] == f"{tmp_path / 'x.xlsx'}: only the first sheet is read, not March"


def test_a_cell_beyond_the_last_column_name_of_a_workbook_is_refused(visitors: Visitors, tmp_path: Path) -> None:
    file = workbook(tmp_path / "x.xlsx", ["id", "city"], ["a", "Bonn", " ", None], ["b", None, None, "lost"])
    assert "line 3: 4 cells for 2 columns" in visitors("import", file, code=5).stderr


def test_times_of_nanoseconds_lose_only_these(visitors: Visitors, tmp_path: Path) -> None:
    at = 1767607200123456789
    columns = {
        "id": ["a"],
        "createdAt": pyarrow.array([at], pyarrow.timestamp("ns")),
        "lastSeenAt": pyarrow.array([at], pyarrow.timestamp("ns", "America/New_York")),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    visitors("import", str(tmp_path / "x.parquet"))
    (a,) = visitors("list", "--format", "json").json
    assert (a["createdAt"], a["lastSeenAt"]) == ("2026-01-05T10:00:00.123Z", "2026-01-05T10:00:00.123Z")


def test_a_file_that_is_damaged_in_the_middle_is_refused(visitors: Visitors, tmp_path: Path) -> None:
    file = Path(table(tmp_path / "x.parquet", [{"id": f"v{number}"} for number in range(5_000)]))
    content = bytearray(file.read_bytes())
    content[10_000:10_400] = bytes(400)
    file.write_bytes(content)
    far = tmp_path / "far.parquet"
    columns = {"id": ["a"], "lastSeenAt": pyarrow.array([2**62], pyarrow.timestamp("us"))}
    parquet.write_table(pyarrow.table(columns), far)
    cut = tmp_path / "x.xlsx"
    with (
        zipfile.ZipFile(workbook(tmp_path / "y.xlsx", ["id"], *([f"v{number}"] for number in range(500)))) as whole,
        zipfile.ZipFile(cut, "w") as damaged,
    ):
        for name in whole.namelist():
            part = whole.read(name)
            damaged.writestr(name, part[: len(part) // 2] if "sheet1" in name else part)
    for one in (file, far, cut):
        assert f"{one} is damaged, or has an invalid value: " in visitors("import", str(one), code=5).stderr


def test_mappings_know_what_is_in_them(visitors: Visitors, tmp_path: Path) -> None:
    row = {
        "domain_userid": "v1",
        "collector_tstamp": datetime(2026, 1, 2, tzinfo=UTC),
        "event_id": "e",
        "v_collector": "c",
    }
    file = table(tmp_path / "x.parquet", [{**row, "br_lang": "fr"}])
    assert "is read as snowplow events" in visitors("import", file).stderr
    assert visitors("list", "--fields", "id,language").lines[1] == "v1\tfr"
    file = workbook(tmp_path / "x.xlsx", list(row), ["v2", "2026-01-03 00:00:00", "e2", "c"])
    assert "is read as snowplow events" in visitors("import", file).stderr


@pytest.mark.parametrize(("name", "what"), [("x.xlsx", "not an Excel workbook"), ("x.parquet", "not a Parquet file")])
@pytest.mark.parametrize("content", [b"", b"id\na\n", b"PK\x03\x04 [Content_Types].xml", b"PAR1PAR1"])
def test_a_file_of_another_format_is_refused(
    visitors: Visitors, tmp_path: Path, name: str, what: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert what in visitors("import", str(tmp_path / name), code=5).stderr


@pytest.mark.parametrize(("name", "package"), [("x.xlsx", "openpyxl"), ("x.parquet", "pyarrow")])
def test_without_the_package_the_error_names_it(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    for module in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"x")
    answer = visitors("import", str(tmp_path / name), code=2)
    assert answer.stderr.splitlines()[1] == f"hint: add it to the environment of visitors: pip install {package}"
    assert f"needs the package {package}" in answer.stderr


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_one_that_is_compressed_is_read(visitors: Visitors, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    for name, made in (
        ("x.xlsx", workbook(tmp_path / "x", ["id"], ["a"])),
        ("x.parquet", table(tmp_path / "y", [{"id": "b"}])),
    ):
        content = pack(Path(made).read_bytes())
        ending = {gzip.compress: ".gz", bz2.compress: ".bz2"}.get(pack, ".xz")
        (tmp_path / f"{name}{ending}").write_bytes(content)
        visitors("import", str(tmp_path / f"{name}{ending}"))
        (tmp_path / f"{name}{ending}").write_bytes(content[:-20])
        assert "compressed data" in visitors("import", str(tmp_path / f"{name}{ending}"), code=5).stderr
    assert visitors("list", "--format", "ids").lines == ["b", "a"]


def test_one_of_another_name_is_read_if_it_is_said_what_it_is(visitors: Visitors, tmp_path: Path) -> None:
    for format_, made in (
        ("xlsx", workbook(tmp_path / "x", ["id", "city"], ["a", "N/A"])),
        ("parquet", table(tmp_path / "y", [{"id": "b", "city": "N/A"}])),
    ):
        assert f"--input-format {format_} and the extra" in visitors("import", made, code=5).stderr
        visitors("import", made, "--input-format", format_, "--null", "N/A")
    assert visitors("list", "--fields", "id,city").lines[1:] == ["b\t", "a\t"]


def test_bad_values_are_left_out_leniently(visitors: Visitors, tmp_path: Path) -> None:
    file = workbook(tmp_path / "x.xlsx", ["ID", "ip"], ["a", "none"])
    assert "1 ip" in visitors("import", file, "--lenient").stderr
    assert visitors("list", "--format", "ids").lines == ["a"]


def test_options_of_text_are_refused(visitors: Visitors, tmp_path: Path) -> None:
    for file in (workbook(tmp_path / "x.xlsx", ["id"], ["a"]), table(tmp_path / "x.parquet", [{"id": "b"}])):
        assert "--encoding only applies" in visitors("import", file, "--encoding", "windows-1252", code=2).stderr
        assert "--delimiter only applies to csv" in visitors("import", file, "--delimiter", ";", code=2).stderr
    answer = visitors("identify", "-", "--keep-going", "--rejects", str(tmp_path / "r.xlsx"), input="", code=2)
    assert "rejected rows cannot be written to" in answer.stderr


def test_an_export_to_parquet_comes_back_in_and_gives_the_same_bytes(visitors: Visitors, tmp_path: Path) -> None:
    visitors("seed", "--count", "200")
    visitors("block", visitors("list", "--format", "ids").lines[0], "--reason", "spam")
    visitors("update", visitors("list", "--format", "ids").lines[1], "--city", "Ålesund", "--latitude", "62.5")
    file = str(tmp_path / "x.parquet")
    assert "wrote 200 visitors to" in visitors("export", "-o", file).stderr
    exported = visitors("export", "--format", "ndjson").stdout
    found = parquet.read_table(file)
    assert found.num_rows == 200
    assert str(found.schema.field("lastSeenAt").type) == "timestamp[ms, tz=UTC]"
    assert (str(found.schema.field("latitude").type), str(found.schema.field("isBlocked").type)) == ("double", "bool")
    other = ("--db", str(tmp_path / "other.db"))
    visitors("import", file, *other)
    assert visitors("export", "--format", "ndjson", *other).stdout == exported
    visitors("export", "-o", file, "--fields", "id,contact.metadata.plan,contact", "--redact", "contact.email")
    assert parquet.read_table(file).column_names[:3] == ["id", "contact.metadata.plan", "contact.id"]
    assert set(parquet.read_table(file)["contact.email"].to_pylist()) == {None}
    assert "cannot tell the format of" in visitors("export", "-o", f"{file}.gz", code=2).stderr
    visitors("export", "-o", file, "--metadata", "no=body")
    assert parquet.read_table(file).num_rows == 0


def test_nothing_is_exported_to_a_workbook(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "a")
    assert "cannot tell the format of" in visitors("export", "-o", str(tmp_path / "x.xlsx"), code=2).stderr
