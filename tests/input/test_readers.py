"""Files from other programs: byte order marks, line ends and compression."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

ROWS = {
    "csv": "id,city\nv1,Oslo\nv2,\n",
    "tsv": "id\tcity\nv1\tOslo\nv2\t\n",
    "json": '[{"id": "v1", "city": "Oslo"}, {"id": "v2", "city": null}]',
    "ndjson": '{"id": "v1", "city": "Oslo"}\n{"id": "v2"}\n',
}
EXPECTED = ["id\tcity", "v1\tOslo", "v2\t"]


def imported(visitors: Visitors, file: Path) -> list[str]:
    visitors("import", str(file))
    found: list[str] = visitors("list", "--sort", "id", "--fields", "id,city").lines
    return found


@pytest.mark.parametrize("format_", ROWS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_format_is_read_plain_and_compressed(
    visitors: Visitors, tmp_path: Path, format_: str, *, packed: bool
) -> None:
    file = tmp_path / f"rows.{format_}{'.gz' if packed else ''}"
    content = ROWS[format_].encode()
    file.write_bytes(gzip.compress(content) if packed else content)

    assert imported(visitors, file) == EXPECTED


@pytest.mark.parametrize("format_", ROWS)
def test_a_byte_order_mark_and_windows_line_ends_are_no_data(visitors: Visitors, tmp_path: Path, format_: str) -> None:
    file = tmp_path / f"rows.{format_}"
    file.write_bytes(b"\xef\xbb\xbf" + ROWS[format_].replace("\n", "\r\n").encode())

    assert imported(visitors, file) == EXPECTED


@pytest.mark.parametrize("format_", ROWS)
def test_a_last_line_without_an_end_counts(visitors: Visitors, tmp_path: Path, format_: str) -> None:
    file = tmp_path / f"rows.{format_}"
    file.write_text(ROWS[format_].rstrip("\n") + "\n" * (format_ == "tsv"))

    assert imported(visitors, file) == EXPECTED


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_lines_end_at_line_feeds_only(visitors: Visitors, separator: str) -> None:
    city = f"Os{separator}lo"
    rows = json.dumps({"id": "v1", "city": city}, ensure_ascii=False) + "\n"
    visitors("import", "-", "--input-format", "ndjson", input=rows)
    visitors("import", "-", "--input-format", "csv", input=f"id,city\nv2,{city}\n")
    visitors("import", "-", "--input-format", "tsv", input=f"id\tcity\nv3\t{city}\n")

    for visitor in ("v1", "v2", "v3"):
        assert visitors("show", visitor, "--format", "json").json["city"] == city


@pytest.mark.parametrize("format_", list(ROWS))
def test_what_standard_input_is_shows_in_its_content(visitors: Visitors, format_: str) -> None:
    visitors("import", "-", input=ROWS[format_])

    assert visitors("list", "--format", "count").stdout == "2\n"


def test_blank_lines_are_no_rows(visitors: Visitors) -> None:
    visitors("import", "-", "--input-format", "csv", input="id,city\n\nv1,Oslo\n\n")
    visitors("import", "-", "--input-format", "ndjson", input='\n{"id": "v2"}\n\n')

    assert visitors("list", "--format", "count").stdout == "2\n"


def test_a_quoted_cell_may_span_lines(visitors: Visitors) -> None:
    visitors("import", "-", "--input-format", "csv", input='id,city\nv1,"two\nlines"\nv2,Oslo\n')

    assert visitors("show", "v1", "--format", "json").json["city"] == "two\nlines"
    assert visitors("list", "--format", "count").stdout == "2\n"


def test_a_cell_may_have_up_to_4_mib(visitors: Visitors) -> None:
    page = json.dumps({"url": "x" * 4_000_000})
    quoted = page.replace('"', '""')
    refused = visitors("import", "-", input=f'id,attribution\nv1,"{quoted}"\n', code=5)
    assert "attribution" in refused.stderr  # which has a limit of its own
    assert "column 'city'" in visitors("import", "-", input=f"id,city\nv1,{'x' * 200_000}\n", code=5).stderr

    refused = visitors("import", "-", input=f"id,city\nv1,{'x' * 4_300_000}\n", code=5)
    assert "error: standard input, line 2: longer than 4 MiB" in refused.stderr


def test_a_header_of_many_columns_takes_no_longer_for_each(visitors: Visitors) -> None:
    def seconds(columns: int) -> float:
        header = ",".join(["id", *(f"c{number}" for number in range(columns))])
        start = time.process_time()
        visitors("import", "-", "--ignore-unknown", input=f"{header}\nv{columns}{',x' * columns}\n")
        return time.process_time() - start

    seconds(10)
    assert seconds(100_000) < 100 * max(seconds(5_000), 0.02)


def test_many_columns_that_are_not_mapped_are_not_all_named(visitors: Visitors) -> None:
    header = ",".join(["id", *(f"c{number}" for number in range(1_000))])
    refused = visitors("import", "-", input=f"{header}\n", code=5)

    assert "1,000 columns match no field: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 990 more" in refused.stderr


def test_a_column_mapped_twice_over_names_both_columns(visitors: Visitors) -> None:
    result = visitors(
        "import", "-", "--input-format", "csv", "--map", "city=a", "--map", "city=b", input="a,b\n", code=2
    )

    assert "--map assigns two columns to city: a and b" in result.stderr


def test_a_tsv_file_whose_header_is_in_quotes_is_read_like_csv(visitors: Visitors, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text('"id"\t"city"\n"v1"\t"Oslo, ""Norway"""\nv2\t"tab\there"\n')
    assert imported(visitors, file) == ["id\tcity", 'v1\tOslo, "Norway"', "v2\ttab\\there"]


def test_a_value_in_quotes_keeps_them_in_our_own_tsv(visitors: Visitors, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    visitors("create", "--id", "v1", "--city", '"Oslo"')
    file.write_text(visitors("export").stdout)
    visitors("import", str(file), "--db", str(tmp_path / "other.db"))
    assert visitors("show", "v1", "--format", "json", "--db", str(tmp_path / "other.db")).json["city"] == '"Oslo"'
