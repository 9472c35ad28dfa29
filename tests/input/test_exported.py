"""Lines of an export, read many at a time, give the same result as one by one, good or bad."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from visitors.domain.row import FIELDS
from visitors.errors import InvalidData
from visitors.input import source as sources
from visitors.input.exported import ExportedRows
from visitors.input.mapping import ColumnMapping
from visitors.input.readers import read_rows
from visitors.input.rows import ReadRow, checked_rows, read_checked
from visitors.input.source import LINE_LIMIT, Source

PERSON: dict[str, Any] = {
    "id": "01JGFVD4C4QN0PM0VX0XTZSHN2", "externalId": "u-1", "name": "Ada", "email": "ada@example.com", "image": None,
    "metadata": {"plan": "pro", "seats": 3}, "metadataHash": "ab12", "createdAt": "2025-01-01T02:34:06.084Z",
    "updatedAt": "2025-01-01T02:34:06.084Z", "deletedAt": None, "isBlocked": False,
}  # fmt: skip
ROW: dict[str, Any] = {
    "id": "01JGFVD4C4QN0PM0VX0XTZSHN1", "language": "de-AT", "timezone": "Europe/Vienna", "isBlocked": False,
    "contact": PERSON, "fingerprint": "9e3779b97f4a7c15", "browser": "Chrome", "browserVersion": "137.0",
    "os": "Android", "osVersion": "15", "device": None, "deviceType": "mobile", "ip": "2001:db8:1:1::1",
    "city": "Wien", "region": "Wien", "country": "Austria", "countryCode": "AT", "latitude": 48.2082,
    "longitude": 16.3738, "screenResolution": "412x915", "viewport": "412x785", "attribution": {"source": "x"},
    "currentPage": {"url": "https://shop.example.com/"}, "blockedAt": None, "blockedBy": None, "blockReason": None,
    "blockExpiresAt": None, "createdAt": "2025-01-01T02:34:06.084Z", "updatedAt": "2025-01-08T00:28:00.691Z",
    "lastSeenAt": "2025-01-08T00:28:00.691Z", "deletedAt": None,
}  # fmt: skip

ANY_VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | (
    st.lists(st.none(), max_size=2)
)  # fmt: skip
CHANGED = st.dictionaries(st.sampled_from([*ROW, "unknown", "email", "contact.id"]), ANY_VALUE, max_size=2)
CHANGED_PERSON = st.dictionaries(st.sampled_from([*PERSON, "unknown"]), ANY_VALUE, max_size=2)
BAD_LINES = st.sampled_from(
    [b"", b"  ", b"{", b"[]", b"1", b"{}{}", b"{}\r", b'{"id":"\xff"}', b'{"id":"\\ud800"}', b'{"id":1e400}',
     b'{"id":"a","id":"b"}', b"\xef\xbb\xbf{}", b'{"contact":{"id":"c"},"contact":null}', b"[" * 5_000]
)  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line similar to that of an export."""
    if draw(st.integers(0, 9)) == 0:
        return draw(BAD_LINES)
    person = draw(st.sampled_from([None, PERSON]))
    row = {**ROW, "contact": person and {**person, **draw(CHANGED_PERSON)}, **draw(CHANGED)}
    left_out = draw(st.sets(st.sampled_from(list(ROW)), max_size=2))
    return json.dumps({key: value for key, value in row.items() if key not in left_out}).encode()


def read(content: bytes, rows_of: Callable[[Source], Iterator[ReadRow]]) -> list[object]:
    """The rows, and the error that ended them, if any."""
    found: list[object] = []
    try:
        found.extend(rows_of(Source(io.BytesIO(content), "x.ndjson", len(content))))
    except InvalidData as error:
        found.append((error.message, error.code, error.hint, error.field))
    return found


def together(source: Source) -> Iterator[ReadRow]:
    return read_checked(source, "ndjson", [], ignore_unknown=False, keep_values=False)[1]


def one_by_one(source: Source) -> Iterator[ReadRow]:
    header, rows = read_rows(source, "ndjson")
    return checked_rows(rows, ColumnMapping([], header, ignore_unknown=False), keep_values=False)


@given(content=st.lists(lines(), max_size=6), ends=st.sampled_from([b"", b"\n", b"\n\n"]), block=st.integers(1, 2_000))
@example(content=[json.dumps(ROW).encode()] * 3, ends=b"", block=1_000)
@example(content=[json.dumps(ROW).encode(), b'{"id": ""}', b'{"id": "\xff"}'], ends=b"\n", block=10_000)
def test_together_they_are_what_they_are_one_by_one(content: list[bytes], ends: bytes, block: int) -> None:
    whole = b"\n".join(content) + ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "_BLOCK", block)
        assert read(whole or b"\n", together) == read(whole or b"\n", one_by_one)


def test_an_export_is_read_together(visitors: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "visitors.ndjson"
    visitors("seed", "--count", "50", "--identified", "50%", "--blocked", "20%")
    visitors("export", "--format", "ndjson", "--output", str(file))
    rows = ExportedRows().read(bytearray(file.read_bytes()))
    assert rows is not None
    assert len(rows) == 50
    assert {row.identity is None for row in rows} == {True, False}


def test_what_is_read_together_are_fields_of_rows() -> None:
    row, person = dict(ROW), dict(PERSON)
    row.pop("contact")
    person.pop("metadataHash")
    assert {*row, *(f"contact.{field}" for field in person)} <= set(FIELDS)


def test_a_block_in_which_a_line_may_be_too_long_is_not_read_together() -> None:
    line = json.dumps({**ROW, "fingerprint": "x"}).encode()
    assert ExportedRows().read(bytearray(line)) is not None
    assert ExportedRows().read(bytearray(line.ljust(LINE_LIMIT - 1))) is not None
    assert ExportedRows().read(bytearray(line.ljust(LINE_LIMIT))) is None
