"""`identify -`: CSV, rejected rows, and invalid rows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


@pytest.fixture(autouse=True)
def devices(visitors: Visitors) -> None:
    """Three anonymous visitors."""
    for visitor in ("one", "two", "three"):
        visitors("create", "--id", visitor)


def contact_of(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json").json["contact"]


HEADER = ("visitorId", "externalId", "email", "metadata", "metadata.plan")
ONE = ("one", "u", "a@example.com", '{"seats": 5}', "pro")
TWO = ("two", "w", "", "", "")
LOOSE = ("Visitor ID", "External ID", "Email", "metadata", "metadata.plan")
PEOPLE = [
    {"visitorId": "one", "externalId": "u", "email": "a@example.com", "metadata": {"seats": 5, "plan": "pro"}},
    {"visitorId": "two", "externalId": "w"},
]


def table(delimiter: str, *rows: tuple[str, ...]) -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("format_", "content"),
    [
        ("csv", table(",", HEADER, ONE, TWO)),
        ("csv", table(";", LOOSE, ONE, TWO)),
        ("tsv", table("\t", ("id", *HEADER[1:]), ONE, TWO)),
        ("json", json.dumps(PEOPLE)),
    ],
)
def test_identify_reads_other_formats_where_they_are_said(visitors: Visitors, format_: str, content: str) -> None:
    assert visitors("identify", "-", "--input-format", format_, input=content).lines == ["one", "two"]
    contact = contact_of(visitors, "one")
    assert (contact["externalId"], contact["email"]) == ("u", "a@example.com")
    assert contact["metadata"] == {"seats": 5, "plan": "pro"}
    assert contact_of(visitors, "two")["externalId"] == "w"
    assert visitors("history", "--command", "identify", "--format", "count").stdout == "1\n"


def test_cells_may_clear_unset_and_replace(visitors: Visitors) -> None:
    visitors("identify", "one", "--external-id", "u", "--name", "Ada", "--metadata", "a=1", "--metadata", "b=2")
    visitors(
        "identify", "-", "--input-format", "csv", input='visitorId,externalId,clear,unset\none,u,"name, image",a\n'
    )
    contact = contact_of(visitors, "one")
    assert (contact["name"], contact["metadata"]) == (None, {"b": "2"})
    rows = "visitorId,externalId,metadata.c,replaceMetadata\none,u,3,TRUE\n"
    visitors("identify", "-", "--input-format", "csv", input=rows)
    assert contact_of(visitors, "one")["metadata"] == {"c": "3"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("visitorId,shoe size\none,44\n", "standard input: unknown column 'shoe size'"),
        ("visitorId,email\none,nobody\n", "line 2, column 'email': email 'nobody' is not an email"),
        ("visitorId,email\none,a@example.com,x\n", "line 2: 3 cells for 2 columns"),
        ("visitorId,email\none\n", "line 2: 1 cell for 2 columns"),
        ("visitorId,email\n,a@example.com\n", "line 2, column 'visitorId': visitorId is missing"),
        ("visitorId,visitorId\none,two\n", "has two columns named 'visitorId'"),
        ("visitorId,replaceMetadata,email\none,maybe,a@example.com\n", "replaceMetadata is not true or false"),
        ("visitorId,metadata,externalId\none,[1],u\n", "line 2, column 'metadata': "),
    ],
)
def test_bad_csv_is_refused_with_its_line(visitors: Visitors, everything: Everything, content: str, said: str) -> None:
    before = everything()
    refused = visitors("identify", "-", "--input-format", "csv", input=content, code=5)
    assert said in refused.stderr
    assert "JSON object per line" not in refused.stderr
    assert everything() == before


ROWS = [
    '{"visitorId": "one", "externalId": "u"}',
    '{"visitorId": "nobody", "externalId": "w"}',
    '{"visitorId": "two", "email": "b"}',
    '{"visitorId": "two"',
    '{"visitorId": "two"}',
    '{"visitorId": "one", "externalId": "x"}',
    '{"visitorId": "three", "externalId": "u"}',
]


def test_keep_going_takes_the_good_rows_and_keeps_the_bad_ones(visitors: Visitors, tmp_path: Path) -> None:
    rejects = tmp_path / "bad.ndjson"
    answer = visitors("identify", "-", "--keep-going", "--rejects", str(rejects), input="\n".join(ROWS), code=5)
    assert answer.lines == ["one", "three"]
    assert "line 3: email 'b' is not an email address" in answer.stderr
    assert "5 rows rejected" in answer.stderr
    assert f"the rejected rows are in {rejects}" in answer.stderr
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(row["reject.line"], row["reject.code"]) for row in kept] == [
        (2, "visitor_not_found"), (3, "invalid_email"), (4, "invalid_json"), (5, "usage"), (6, "linked_elsewhere"),
    ]  # fmt: skip
    mended = json.dumps({**kept[1], "email": "b@example.com"})
    visitors("identify", "-", input=mended)
    assert contact_of(visitors, "two")["email"] == "b@example.com"


def test_the_hint_for_a_row_that_names_nobody_is_about_the_row(visitors: Visitors) -> None:
    answer = visitors("identify", "-", input='{"visitorId": "two", "name": "Ada"}', code=2)
    assert answer.stderr.splitlines() == [
        "error: standard input, line 1: the row has neither externalId nor email",
        "hint: add one of the two to the row, or both",
    ]


def test_keep_going_of_csv(visitors: Visitors, tmp_path: Path) -> None:
    rejects = tmp_path / "bad.csv"
    words = ("--input-format", "csv", "--keep-going", "--rejects", str(rejects))
    content = "visitorId,externalId\none,u\ntwo,null\n"
    visitors("identify", "-", *words, input=content, code=5)
    header, row = rejects.read_text().splitlines()
    assert header.endswith("visitorId,externalId")
    assert row.endswith("two,null")
    visitors("identify", "-", "--input-format", "csv", input=rejects.read_text().replace("null", "w"))
    assert contact_of(visitors, "two")["externalId"] == "w"


def test_a_dry_run_that_keeps_going_changes_nothing(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    visitors("identify", "-", "--keep-going", "--dry-run", input="\n".join(ROWS), code=5)
    assert everything() == before


@pytest.mark.parametrize(
    "words",
    [
        ("one", "--external-id", "u", "--keep-going"),
        ("one", "--external-id", "u", "--input-format", "csv"),
        ("-", "--rejects", "bad.csv"),
    ],
)
def test_options_of_rows_without_rows_are_a_usage_error(visitors: Visitors, words: tuple[str, ...]) -> None:
    visitors("identify", *words, input="", code=2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "visitorId,externalId\none,u\n",
            "hint: standard input must have one JSON object per line; use --input-format",
        ),
        (
            '[{"visitorId": "one", "externalId": "u"}]',
            "hint: standard input must have one JSON object per line; use --input-format",
        ),
        ('{"visitorId": "one", "externalId": "u"}\n'.encode("utf-16"), "standard input is UTF-16, not UTF-8"),
        (b"PK\x03\x04\x14\x00\x00\x00", "standard input is a zip archive"),
        (b"<html><body>504</body></html>", "standard input is a web page or XML"),
        ('{"data": [{"visitorId": "one"}], "next": 2}', "the rows are nested in 'data'"),
        ('{"visitorId": "one", "externalId": "u"}\n{"visitorId": "two", "extern', "line 2: not JSON"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_input_that_is_not_rows_is_named(
    visitors: Visitors, everything: Everything, content: str | bytes, said: str, options: tuple[str, ...]
) -> None:
    before = everything()
    assert said in visitors("identify", "-", *options, input=content, code=5).stderr
    assert everything() == before


def test_compressed_rows_are_unpacked(visitors: Visitors) -> None:
    content = gzip.compress(b'{"visitorId": "one", "externalId": "u"}\n')
    assert visitors("identify", "-", input=content).lines == ["one"]
