"""Recognise files in unsupported formats by how they begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visitors.errors import InvalidData

_WORKBOOK = "an Excel workbook (.xlsx)"
_PARQUET = "a Parquet file"
_READ = {
    _WORKBOOK: "with --input-format xlsx and the extra excel",
    _PARQUET: "with --input-format parquet and the extra parquet",
}
"""How to import binary formats."""
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel or other Office file", "save it as CSV UTF-8"),
    (b"BZh", "compressed with bzip2", "decompress it first: bunzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz", "decompress it first: unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it first: unzstd"),
    (b"\x1f\x8b", "compressed with gzip", "decompress it first: gunzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and import the file inside"),
    (b"PAR1", _PARQUET, "convert it to CSV or JSON first"),
    (b"%PDF-", "a PDF", "export it as CSV instead"),
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        "if it is a store, open it with --db; otherwise export a table as CSV",
    ),
)
_ZIP = b"PK\x03\x04"
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<div", b"<script", b"<error")
_ZEROS = bytes(16)
_TAR_AT, _TAR = 257, b"ustar"
_LOOKED_AT = 4_096


def refuse_other_content(head: bytes, name: str, *, takes_encoding: bool = False) -> None:
    """Raise InvalidData for a file that begins like this, if it is not UTF-8 text with lines. If an option
    `takes_encoding`, the error mentions it, and how to read binary formats.
    """
    found = _binary(head)
    if found is not None and takes_encoding and found[0] in _READ:
        found = (found[0], f"{found[1]}, or read it {_READ[found[0]]}")
    _refuse(found or _other_text(head, takes_encoding=takes_encoding), name)


def refuse_binary(head: bytes, name: str) -> None:
    """Like `refuse_other_content`, for a file that may be text in any encoding."""
    _refuse(_binary(head), name)


def refuse_envelope(values: Mapping[str, Any], place: str = "") -> None:
    """Raise InvalidData for an object that is not a row, but contains the rows; `place` is put before the message."""
    path = _rows_in(values)
    if path is not None:
        import json
        import shlex

        keys = shlex.quote("." + "".join(f"[{json.dumps(key)}]" for key in path) + "[]")
        raise InvalidData(
            f"{place}the rows are nested in {'.'.join(path)!r}",
            code="envelope",
            hint=f"extract them first: jq -c {keys} FILE",
        )


def _rows_in(values: Mapping[str, Any], depth: int = 2) -> tuple[str, ...] | None:
    """Return the path to a list that is empty or of objects, at most `depth` keys deep."""
    for key, value in values.items():
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return (key,)
        if isinstance(value, dict) and depth > 1:
            found = _rows_in(value, depth - 1)
            if found is not None:
                return (key, *found)
    return None


def _refuse(found: tuple[str, str] | None, name: str) -> None:
    if found is not None:
        what, hint = found
        raise InvalidData(f"{name} is {what}", code="other_content", hint=hint)


def _binary(head: bytes) -> tuple[str, str] | None:
    for magic, what, hint in _BINARY:
        if head.startswith(magic):
            return what, hint
    return _archive(head)


def _other_text(head: bytes, *, takes_encoding: bool) -> tuple[str, str] | None:
    encoding = _utf_16_or_32(head)
    if encoding is not None:
        convert = f"convert it first: iconv -f {encoding} -t UTF-8"
        return f"{encoding}, not UTF-8", f"use --encoding {encoding.lower()}" if takes_encoding else convert
    if head[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return "a web page or XML, not data", "check the program that wrote it: it may have failed or needed a login"
    if head.startswith(_ZEROS):
        return "not text: it starts with NUL bytes", "copy or download it again, as it may be incomplete"
    # white space in JSON
    if b"\n" not in head and b"\r" in head.strip(b"\r") and not head.lstrip().startswith((b"[", b"{")):
        return "text with carriage returns as line ends", "convert it first: tr '\\r' '\\n'"
    return None


def _archive(head: bytes) -> tuple[str, str] | None:
    if head.startswith(_ZIP):
        if _OPEN_DOCUMENT in head[:_LOOKED_AT]:
            return "an OpenDocument file, such as .ods", "save it as CSV"
        if b"xl/" in head[:_LOOKED_AT]:
            return _WORKBOOK, "save it as CSV UTF-8"
        if any(part in head[:_LOOKED_AT] for part in _OFFICE):
            return "an Excel or other Office file", "save it as CSV UTF-8"
        return "a zip archive", "unpack it and import the file inside"
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive", "unpack it and import the file inside"
    return None


def _utf_16_or_32(head: bytes) -> str | None:
    """Recognise UTF-16 or UTF-32 by the byte order mark, or by the zero bytes of Latin letters."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "UTF-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    some = head[:_LOOKED_AT]
    even, odd = some[::2], some[1::2]
    for ours, others, encoding in ((even, odd, "UTF-16LE"), (odd, even, "UTF-16BE")):
        # among a few characters, each has a zero byte where the other byte order has none
        if len(others) >= 3 and others.count(0) > len(others) // 2 and 0 not in ours:
            return encoding
    return None
