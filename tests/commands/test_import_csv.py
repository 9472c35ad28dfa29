"""CSV as other programs write it: delimiters, encodings, headings, words for null, compression."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Take = Callable[..., Any]

HAS_ZSTD = importlib.util.find_spec("compression") is not None


@pytest.fixture
def taken(visitors: Visitors, tmp_path: Path) -> Take:
    """Write a file and import it."""

    def write_and_import(name: str, content: str | bytes, *arguments: str, code: int | None = 0) -> Any:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return visitors("import", str(tmp_path / name), *arguments, code=code)

    return write_and_import


def city_of(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json").json["city"]


# Delimiters


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("name", ["x.csv", "x.CSV.gz", "x"])
def test_the_header_shows_what_separates_the_cells(visitors: Visitors, taken: Take, name: str, delimiter: str) -> None:
    content = "id,city,contact.email\na,Bonn,a@example.com\n".replace(",", delimiter).encode()
    taken(name, gzip.compress(content) if name.endswith("gz") else content)
    assert city_of(visitors, "a") == "Bonn"


def test_a_column_that_is_mapped_shows_what_separates_the_cells(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", 'uid;"town"\na;"Bonn; am Rhein, links"\n', "--map", "id=uid", "--map", "city=town")
    assert city_of(visitors, "a") == "Bonn; am Rhein, links"


def test_a_comma_stays_one_whatever_else_is_in_the_header(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,city,a;b|c\na,Bonn,\n", "--ignore-unknown")
    assert city_of(visitors, "a") == "Bonn"


@pytest.mark.parametrize("options", [(), ("--ignore-unknown",)])
def test_a_header_that_may_be_split_in_two_ways_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, options: tuple[str, ...]
) -> None:
    refused = taken("x.csv", "id;city,region\na;Bonn,NRW\n", *options, code=5)
    assert "cannot tell whether columns are separated by commas or semicolons" in refused.stderr
    assert "hint: use --delimiter ',' or --delimiter ';'" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]
    taken("x.csv", "id;city,region\na;Bonn,NRW\n", "--delimiter", ";", "--map", "city=city,region")
    assert city_of(visitors, "a") == "Bonn,NRW"


@pytest.mark.parametrize("said", [";", "|", "tab", "\\t", "\t", "^", "§"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "-"])
def test_the_delimiter_can_be_said(visitors: Visitors, taken: Take, name: str, said: str) -> None:
    sign = "\t" if said in ("tab", "\\t") else said
    content = f'id{sign}city\na{sign}"Bonn{sign}x"\n'
    if name == "-":
        visitors("import", "-", "--delimiter", said, input=content)
    else:
        taken(name, content, "--delimiter", said)
    assert city_of(visitors, "a") == f"Bonn{sign}x"


@pytest.mark.parametrize("said", ["", ";;", '"', "\n", "semicolon"])
def test_an_invalid_delimiter_is_a_usage_error(taken: Take, said: str) -> None:
    assert "is not one character" in taken("x.csv", "id\na\n", "--delimiter", said, code=2).stderr


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("x.json", '[{"id": "a"}]', ()),
        ("x.ndjson", '{"id": "a"}', ()),
        ("x.tsv", "id\na\n", ("--input-format", "tsv")),
    ],
)
def test_a_delimiter_is_for_csv(taken: Take, name: str, content: str, options: tuple[str, ...]) -> None:
    assert "--delimiter only applies to csv" in taken(name, content, "--delimiter", ";", *options, code=2).stderr


# Encodings

TABLE = "id,city\na,Köln\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-16", "UTF-16", "utf-16-le", "utf-32", "windows-1252", "latin-1", "cp437", "mac-roman", "utf-8", "UTF8"],
)
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.ndjson", "x.json"])
def test_a_file_is_read_in_the_encoding_that_is_said(visitors: Visitors, taken: Take, name: str, encoding: str) -> None:
    content = ('{"id": "a", "city": "Köln"}\n' if "json" in name else TABLE).encode(encoding)
    taken(name, gzip.compress(content) if name.endswith("gz") else content, "--encoding", encoding)
    assert city_of(visitors, "a") == "Köln"


def test_characters_split_across_blocks_are_decoded(visitors: Visitors, taken: Take) -> None:
    rows = "".join(f"v{number},Köln{'ö' * (number % 50)}\n" for number in range(20_000))
    taken("x.csv", f"id,city\n{rows}".encode("shift_jis", "replace").replace(b"?", b"o"), "--encoding", "shift_jis")
    taken("y.csv", f"id,city\n{rows}".encode("utf-16"), "--encoding", "utf-16", "--on-existing", "update")
    assert city_of(visitors, "v19999") == "Köln" + "ö" * 49


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_content_not_in_utf_8_by_its_first_bytes_is_reported_with_the_option(taken: Take, encoding: str) -> None:
    refused = taken("x.csv", TABLE.encode(encoding), code=5)
    assert f"hint: use --encoding {encoding.replace('16-', '16')}\n" in refused.stderr


def test_a_byte_that_is_not_utf_8_is_reported_with_the_option(taken: Take) -> None:
    refused = taken("x.csv", TABLE.encode("windows-1252"), code=5)
    assert (
        "line 2: not UTF-8 (byte 4 of the line)\nhint: use --encoding, such as --encoding windows-1252"
        in refused.stderr
    )


@pytest.mark.parametrize(
    ("content", "said", "message", "hint"),
    [
        (TABLE.encode("utf-8-sig"), "windows-1252", "is UTF-8, not windows-1252", "leave out --encoding"),
        (TABLE.encode("utf-16"), "windows-1252", "is UTF-16, not windows-1252", "use --encoding utf-16"),
        (TABLE.encode("utf-32"), "utf-16", "is UTF-32, not utf-16", "use --encoding utf-32"),
        (TABLE.encode(), "ascii", "line 2: not ascii", "the default is UTF-8"),
        (TABLE.encode()[:-1], "utf-16", "not utf-16", "the default is UTF-8"),
        (TABLE.encode("utf-16"), "utf-8", "is UTF-16, not UTF-8", "use --encoding utf-16"),
    ],
)
def test_another_encoding_than_the_one_said_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, content: bytes, said: str, message: str, hint: str
) -> None:
    refused = taken("x.csv", content, "--encoding", said, code=5)
    assert message in refused.stderr
    assert hint in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


@pytest.mark.parametrize("said", ["utf-99", "base64", "hex", "undefined", "", "x\0"])
def test_an_unknown_encoding_is_a_usage_error(taken: Take, said: str) -> None:
    assert "unknown encoding" in taken("x.csv", TABLE, "--encoding", said, code=2).stderr


def test_rejected_rows_say_that_they_are_utf_8_with_commas(visitors: Visitors, taken: Take, tmp_path: Path) -> None:
    rejects = str(tmp_path / "bad.csv")
    content = "id;city;language\na;Köln;???\n".encode("windows-1252")
    refused = taken("x.csv", content, "--encoding", "windows-1252", "--keep-going", "--rejects", rejects, code=5)
    assert "import that file, without --encoding" in refused.stderr
    Path(rejects).write_text(Path(rejects).read_text("utf-8").replace("???", "de"), "utf-8")
    visitors("import", rejects)
    assert city_of(visitors, "a") == "Köln"


def test_a_workbooks_zip_archive_is_recognised_whatever_the_encoding(taken: Take, tmp_path: Path) -> None:
    for name, part, what in (
        ("x.csv", ("xl/workbook.xml", ""), "an Excel workbook (.xlsx)"),
        ("x.ods", ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument file"),
        ("x.docx", ("word/document.xml", ""), "a zip archive"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(*part)
        content = (tmp_path / name).read_bytes()
        for options in ((), ("--encoding", "windows-1252"), ("--encoding", "utf-16")):
            assert what in taken(name, content, *options, code=5).stderr


# Headings


@pytest.mark.parametrize(
    "header", ["ID,CITY", " Id , City ", "Visitor ID,city", "visitorid,ciTY", "\ufeffId,City", '"ID",City']
)
def test_headings_are_fields_whatever_their_case_and_white_space(visitors: Visitors, taken: Take, header: str) -> None:
    taken("x.csv", f"{header}\na,Bonn\n")
    assert city_of(visitors, "a") == "Bonn"


def test_headings_of_a_contact_too(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "ID,External Id,CONTACT.EMAIL,Name\na,u,a@example.com,Ada\n")
    contact = visitors("show", "a", "--format", "json").json["contact"]
    assert (contact["externalId"], contact["email"], contact["name"]) == ("u", "a@example.com", "Ada")


@pytest.mark.parametrize("options", [(), ("--ignore-unknown",)])
def test_headings_that_are_one_field_are_refused(
    visitors: Visitors, anonymous: str, taken: Take, options: tuple[str, ...]
) -> None:
    assert "has two columns named 'id'" in taken("x.csv", "id,city,id\na,Bonn,b\n", *options, code=5).stderr
    refused = taken("x.csv", "ID,city,id\na,Bonn,b\n", *options, code=5)
    assert "x.csv: columns 'ID' and 'id' both match id" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]
    taken("x.csv", "ID,city,id\na,Bonn,b\n", "--map", "id=ID", "--ignore-unknown")
    assert city_of(visitors, "a") == "Bonn"


@pytest.mark.parametrize("options", [(), ("--ignore-unknown",)])
@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("id,visitorId", "id"),
        ("id,email,contact.email", "contact.email"),
        ("id,contact.metadata.plan,metadata.plan", "contact.metadata.plan"),
    ],
)
def test_headings_that_are_two_names_of_one_field_are_refused(
    visitors: Visitors, anonymous: str, taken: Take, header: str, field: str, options: tuple[str, ...]
) -> None:
    *_, one, other = header.split(",")
    cells = ["a"] * (header.count(",") + 1)
    refused = taken("x.csv", f"{header}\n{','.join(cells)}\n", *options, code=5)
    assert f"x.csv: columns '{one}' and '{other}' both match {field}\n" in refused.stderr
    assert f"--map {field}=COLUMN" in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_the_other_name_of_a_field_is_not_suggested_for_it(visitors: Visitors, taken: Take) -> None:
    file, options = "id,email,contact.email\na,a@example.com,b@example.com\n", ("--map", "contact.email=email")
    refused = taken("x.csv", file, *options, code=5)
    assert "hint: use --map FIELD=COLUMN, or --ignore-unknown" in refused.stderr
    taken("x.csv", file, *options, "--ignore-unknown")
    assert visitors("show", "a", "--format", "json").json["contact"]["email"] == "a@example.com"


def test_headings_that_are_no_field_may_be_alike_if_they_are_ignored(visitors: Visitors, taken: Take) -> None:
    taken("x.csv", "id,Colour,colour,city\na,red,blue,Bonn\n", "--ignore-unknown")
    assert city_of(visitors, "a") == "Bonn"


def test_headings_without_a_known_column_name_the_file(taken: Take, tmp_path: Path) -> None:
    refused = taken("x.csv", "colour\nred\n", code=5)
    assert f"error: {tmp_path}/x.csv: no column matches a field: colour" in refused.stderr
    assert f"error: {tmp_path}/x.csv: column 'colour' matches" in taken("x.csv", "id,colour\n", code=5).stderr


# Words for null


@pytest.mark.parametrize("word", ["NULL", "\\N", "N/A", "-"])
@pytest.mark.parametrize("name", ["x.csv", "x.ndjson"])
def test_a_word_for_nothing_is_nothing_where_it_is_said(visitors: Visitors, taken: Take, name: str, word: str) -> None:
    escaped = word.replace("\\", "\\\\")
    rows = {
        "x.csv": f'id,city,externalId,region\na,{word},{word},NRW\nb, {word} ,u,"{word}"\n',
        "x.ndjson": f'{{"id": "a", "city": "{escaped}", "externalId": null}}\n{{"id": "b", "city": "{escaped}"}}',
    }
    taken(name, rows[name], "--null", "nothing", "--null", word)
    assert [city_of(visitors, one) for one in ("a", "b")] == [None, None]
    assert visitors("show", "a", "--format", "json").json["contact"] is None


def test_a_word_is_nothing_in_this_case_alone_and_without_the_option_it_is_text(
    visitors: Visitors, taken: Take
) -> None:
    taken("x.csv", "id,city\na,NULL\nb,null\n", "--null", "NULL")
    taken("y.csv", "id,city\nc,NULL\n")
    assert [city_of(visitors, one) for one in ("a", "b", "c")] == [None, "null", "NULL"]


# Compression


@pytest.mark.parametrize("name", ["x.csv", "x.csv.bz2", "x.csv.xz", "x.tsv.XZ", "x.bz2", "x.json.xz"])
@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_files_compressed_with_bzip2_and_xz_are_unpacked(
    visitors: Visitors, taken: Take, name: str, compress: Callable[[bytes], bytes]
) -> None:
    content = '[{"id": "a", "city": "Bonn"}]' if "json" in name else "id,city\na,Bonn\n"
    taken(name, compress((content.replace(",", "\t") if "tsv" in name else content).encode()))
    assert city_of(visitors, "a") == "Bonn"


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, gzip.compress])
@pytest.mark.parametrize("damage", ["truncated", "damaged"])
def test_damaged_compression_is_refused(
    visitors: Visitors, anonymous: str, taken: Take, compress: Callable[[bytes], bytes], damage: str
) -> None:
    content = bytearray(compress("".join(["id\n", *(f"v{number}\n" for number in range(5_000))]).encode()))
    if damage == "truncated":
        del content[-30:]
    else:
        middle = len(content) // 2
        content[middle : middle + 20] = b"\x00" * 20
    assert taken("x.csv", bytes(content), "--format", "json", code=5).error["code"] == damage
    assert visitors("list", "--format", "ids").lines == [anonymous]


@pytest.mark.skipif(HAS_ZSTD, reason="this Python reads zstd")
def test_zstd_is_refused_with_what_to_do_where_python_cannot_read_it(taken: Take) -> None:
    refused = taken("x.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(20), code=5)
    assert "compressed with zstd" in refused.stderr
    assert "hint: decompress it first: unzstd" in refused.stderr


@pytest.mark.skipif(not HAS_ZSTD, reason="this Python does not read zstd")
def test_files_compressed_with_zstd_are_unpacked(visitors: Visitors, taken: Take) -> None:
    zstd = importlib.import_module("compression.zstd")
    taken("x.csv.zst", zstd.compress(b"id,city\na,Bonn\n"))
    assert city_of(visitors, "a") == "Bonn"
