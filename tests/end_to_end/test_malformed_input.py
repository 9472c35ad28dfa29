"""Input that is not rows, such as envelopes, web pages or truncated downloads, is named, and nothing is written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

READERS = {
    "import": ["import", "-"],
    "import of anything": ["import", "-", "--new", "--lenient"],
    "identify": ["identify", "-"],
    "identify of anything": ["identify", "-", "--input-format", "json"],
    "block": ["block", "-"],
    "unblock": ["unblock", "-"],
}


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


MALFORMED: dict[str, str | bytes] = {
    "envelope": '{"data": [{"id": "x", "visitorId": "keep"}], "total": 1}',
    "empty-page": '{"data": [], "next": null}',
    "envelope-in-an-envelope": '{"response": {"visitors": [{"id": "x"}]}, "ok": true}',
    "error-answer": '{"error": "unauthorized"}',
    "web-page": "<!DOCTYPE html>\n<html><body>504, try again</body></html>\n",
    "web-page-after-blank-lines": "\n\n <HTML>\n<body>504, try again</body></html>\n",
    "xml": '<?xml version="1.0"?><error>none</error>\n',
    "text": "Bad Gateway\n",
    "zeros": bytes(5_000),
    "truncated-list": '[{"id": "x"}, {"id": "y", "ci',
    "truncated-line": '{"id": "x"}\n{"id": "y", "ci',
    "truncated-csv": 'id,city\nx,Bonn\ny,"Bo',
    "truncated-gzip": gzip.compress(b"id\n" + b"".join(b"v%d\n" % number for number in range(9_000)))[:-100],
    "half-an-emoji": '{"id": "x", "city": "Bonn \\ud83c"}\n',
    "pretty-printed-objects": '{\n  "id": "x"\n}\n{\n  "id": "y"\n}\n',
    "mixed-types": '{"id": "x", "visitorId": "keep", "email": "a@b.cd"}\n{"id": "y", "visitorId": 5, "email": 5}\n',
    "mixed-items": '[{"id": "x"}, ["y"], "z", 5]',
    "a-word": '"visitors"',
    "null": "null",
    "200-levels": f'{{"id": "x", "visitorId": "keep", "attribution": {nested(200)}, "metadata": {nested(200)}}}',
    "200-lists": "[" * 200 + "]" * 200,
    "5000-levels": f'[{{"id": "x", "attribution": {nested(5_000)}}}]',
}  # fmt: skip


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("reader", READERS)
def test_malformed_input_is_refused_and_nothing_is_written(
    visitors: Visitors, reader: str, content: str | bytes
) -> None:
    visitors("create", "--id", "keep")
    before = visitors("db", "dump").stdout
    refused = visitors(*READERS[reader], input=content, code=None)
    assert refused.code in (3, 5), refused
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: ")
    assert len(refused.stderr.splitlines()) <= 2
    assert "Traceback" not in refused.stderr
    assert visitors("db", "dump").stdout == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("envelope", "the rows are nested in 'data'"),
        ("empty-page", "the rows are nested in 'data'"),
        ("envelope-in-an-envelope", "the rows are nested in 'response.visitors'"),
        ("web-page", "standard input is a web page or XML, not data"),
        ("web-page-after-blank-lines", "standard input is a web page or XML, not data"),
        ("xml", "standard input is a web page or XML, not data"),
        ("zeros", "standard input is not text: it starts with NUL bytes"),
    ],
)
@pytest.mark.parametrize("reader", ["import", "identify", "block", "unblock"])
def test_what_it_is_instead_is_said(visitors: Visitors, reader: str, name: str, said: str) -> None:
    visitors("create", "--id", "keep")
    assert said in visitors(*READERS[reader], input=MALFORMED[name], code=5).stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("truncated-list", "item 2 is not JSON: Input data was truncated"),
        ("truncated-line", "line 2: not JSON: Input data was truncated"),
        ("truncated-csv", "line 3: not CSV: unexpected end of data"),
        ("truncated-gzip", "the compressed data is incomplete"),
        ("half-an-emoji", "line 1: not JSON: a lone surrogate"),
        ("pretty-printed-objects", "put each on a line of its own: jq -c . FILE"),
        ("mixed-items", "item 2: not a JSON object"),
        ("200-lists", "item 1: not a JSON object"),
        ("5000-levels", "it is nested too deeply"),
        ("error-answer", "the file looks like an error response"),
    ],
)
def test_an_import_says_where_it_ends(visitors: Visitors, name: str, said: str) -> None:
    assert said in visitors("import", "-", input=MALFORMED[name], code=5).stderr


@pytest.mark.parametrize(("levels", "code"), [(100, 0), (101, 5), (200, 5)])
@pytest.mark.parametrize("entrance", ["import", "csv", "list", "fixture"])
def test_a_document_has_at_most_100_levels(visitors: Visitors, entrance: str, levels: int, code: int) -> None:
    page = nested(levels)
    quoted = page.replace('"', '""')
    words, given = {
        "import": (["import", "-"], f'{{"id": "x", "attribution": {page}}}'),
        "csv": (["import", "-"], f'id,currentPage\nx,"{quoted}"\n'),
        "fixture": (["fixtures", "apply", "-"], f"version: 1\nvisitors: {{x: {{id: x, attribution: {page}}}}}\n"),
        "list": (["import", "-"], json.dumps([{"id": "x", "currentPage": json.loads(page)}])),
    }[entrance]
    answer = visitors(*words, input=given, code=code)
    assert ("nested deeper than " in answer.stderr) is (code == 5)
