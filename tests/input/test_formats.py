from __future__ import annotations

import pytest

from visitors.input.formats import format_of


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.tab", "tsv"),
        ("a.json", "json"),
        ("a.jsonl", "ndjson"),
        ("a.ndjson.GZ", "ndjson"),
        ("a.b.csv", "csv"),
        ("a.csv.txt", None),
        ("csv", None),
        ("-", None),
    ],
)
def test_the_extension_names_the_format(path: str, format_: str | None) -> None:
    assert format_of(path) == format_
