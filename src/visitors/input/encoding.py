"""Convert text in other encodings to UTF-8."""

from __future__ import annotations

import codecs

from visitors.errors import InvalidData, UsageProblem
from visitors.input.other_content import refuse_binary

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and their encodings; UTF-32's begins with UTF-16's."""


class Transcoder:
    """An incremental converter of blocks of text in `encoding` to UTF-8."""

    def __init__(self, encoding: str, name: str) -> None:
        """`name` is the file's name in errors. Raises UsageProblem for an unknown encoding."""
        try:
            "".encode(encoding)  # rejects codecs that are not text encodings, such as base64
            self._codec = codecs.lookup(encoding).name
        except (LookupError, ValueError):
            raise UsageProblem(
                f"unknown encoding {encoding!r}",
                code="unknown_encoding",
                hint="use one such as utf-16, windows-1252, iso-8859-1 or shift_jis",
            ) from None
        self._encoding = encoding
        self._name = name
        self._decode = codecs.getincrementaldecoder(encoding)().decode
        self._lines = 1
        self._is_at_start = True

    def __call__(self, block: bytes) -> bytes:
        """Convert the next block; an empty one marks the end. Raises InvalidData for bytes invalid in the encoding."""
        if self._is_at_start:
            refuse_binary(block, self._name)
            self._refuse_other_mark(block)
            self._is_at_start = False
        try:
            text = self._decode(block, final=not block)
        except UnicodeError as error:
            raise self._problem(error) from None
        self._lines += text.count("\n")
        return text.encode("utf-8", "surrogatepass")

    def _refuse_other_mark(self, head: bytes) -> None:
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                if not self._codec.startswith(encoding):
                    raise InvalidData(
                        f"{self._name} is {encoding.upper()}, not {self._encoding}",
                        code="other_encoding",
                        hint="leave out --encoding" if encoding == "utf-8" else f"use --encoding {encoding}",
                    )
                return

    def _problem(self, error: UnicodeError) -> InvalidData:
        line = self._lines
        if isinstance(error, UnicodeDecodeError):
            line += error.object[: error.start].decode(self._codec, "ignore").count("\n")
        return InvalidData(
            f"{self._name}, line {line:,}: not {self._encoding}",
            code="other_encoding",
            hint="use --encoding with the encoding of the file; the default is UTF-8",
        )
