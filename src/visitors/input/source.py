"""Sources of rows: a file or standard input, compressed or not, as lines of text.

Lines are split only at line feeds, since JSON may contain U+2028 and U+0085, and are limited in length, so that a file
with one endless line cannot exhaust memory.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from visitors.errors import InvalidData, NotFound
from visitors.input.compression import Damage, unpacked
from visitors.input.encoding import Transcoder
from visitors.input.other_content import refuse_other_content

LINE_LIMIT = 4 * 1024 * 1024
DUMP_LINE_LIMIT = 64 * 1024 * 1024
"""A message of a million characters, all escaped, is twice in one line of a dump."""
LARGE = 4_000_000
"""The file size in bytes from which preparations of some milliseconds, such as a separate process, are worthwhile."""
_BLOCK = 256 * 1024


def not_utf8(place: str, byte: int, unit: str, *, takes_encoding: bool = False) -> InvalidData:
    """Make the error for a line or item that is not UTF-8; `place` is put before the message."""
    return InvalidData(
        f"{place}not UTF-8 (byte {byte:,} of the {unit})",
        code="not_utf8",
        hint="use --encoding, such as --encoding windows-1252 for a file saved by Excel on Windows"
        if takes_encoding
        else "convert it first: iconv -f WINDOWS-1252 -t UTF-8",
    )


class Source:
    """An open file, or standard input for `-`. `name` is its name in errors, `encoding` its encoding (None: UTF-8).
    With `takes_encoding`, errors mention that this can be given.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        size: int | None,
        encoding: str | None = None,
        *,
        takes_encoding: bool = False,
    ) -> None:
        self._raw = stream
        self.name = name
        self.size = size
        self.takes_encoding = takes_encoding
        self._transcoded = Transcoder(encoding, name) if encoding is not None and not is_utf8(encoding) else None
        self._stream, self._damage = unpacked(stream, _peek(stream), name)
        self.not_utf8: dict[int, InvalidData] = {}
        """Errors of lines kept though they are not UTF-8, by line number."""
        self._whole: BinaryIO | None = None  # the decompressed content, if needed as a file
        self._ahead = b""  # content read in advance, not yet consumed

    @property
    def is_large(self) -> bool:
        """Whether preparing for many rows is worthwhile."""
        return self.size is not None and self.size >= LARGE

    @property
    def has_encoding(self) -> bool:
        """Whether an encoding other than UTF-8 was given."""
        return self._transcoded is not None

    @property
    def position(self) -> int:
        """The number of bytes read from the file on disk."""
        return self._raw.tell() if self.size is not None else 0

    @property
    def is_empty(self) -> bool:
        """Whether it contains at most white space."""
        head = self.head()
        return len(head) < _BLOCK and not head.strip()

    def head(self) -> bytes:
        """The beginning of the content, without a byte order mark and without consuming it.

        Raises InvalidData for damaged compression, and for content known not to be UTF-8 text.
        """
        if not self._ahead:
            self._ahead = self._read()
            refuse_other_content(self._ahead, self.name, takes_encoding=self.takes_encoding)
        return self._ahead.removeprefix(codecs.BOM_UTF8)

    def lines(self, limit: int = LINE_LIMIT, *, keep_bad: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the lines with their numbers, each with its line feed and at most `limit` bytes.

        Raises InvalidData for a line that is too long or not UTF-8, and for damaged compression. With `keep_bad`, one
        that is not UTF-8 is recorded in `not_utf8`, and yielded with its invalid bytes as `\\xf6`.
        """
        for first, block in self.line_blocks(limit):
            yield from self.lines_in(block, first, limit, keep_bad=keep_bad)

    def line_blocks(self, limit: int = LINE_LIMIT) -> Iterator[tuple[int, bytearray]]:
        """Yield blocks of whole lines with the number of the first; the last one may lack its line feed.

        Raises InvalidData for damaged compression, and for a line of more than `limit` bytes, unless that ends in the
        block in which it exceeds the limit: `lines_in` reports that one.
        """
        self.head()  # which raises for binary content
        number, begun = 1, bytearray()  # a line that has not ended yet
        while True:
            block = self._read()
            end = block.rfind(b"\n") + 1
            if not end:
                begun += block
                if len(begun) >= limit:
                    raise self.too_long(number, limit)
                if block:
                    continue
                if begun:
                    yield number, begun
                return
            whole = begun + block[:end]
            begun = bytearray(block[end:])
            yield number, whole
            number += whole.count(b"\n")

    def lines_in(
        self, block: bytearray, first: int, limit: int = LINE_LIMIT, *, keep_bad: bool = False
    ) -> Iterator[tuple[int, str]]:
        """Yield the lines of a block with their numbers. Raises InvalidData like `lines`."""
        *lines, rest = block.split(b"\n")
        for number, line in enumerate(lines, first):
            if len(line) >= limit:
                raise self.too_long(number, limit)
            yield number, self._decode(line, number, keep_bad=keep_bad) + "\n"
        if rest:
            yield first + len(lines), self._decode(rest, first + len(lines), keep_bad=keep_bad)

    def blocks(self) -> Iterator[bytes]:
        """Yield the whole content in blocks. Raises InvalidData for damaged compression."""
        mark = codecs.BOM_UTF8
        self.head()  # which raises for binary content
        while True:
            block = self._read()
            if not block:
                return
            yield block.removeprefix(mark)
            mark = b""

    def binary(self) -> BinaryIO:
        """Return the file itself, decompressed and at its beginning, for readers of binary formats.

        Raises InvalidData for damaged compression, and StoreProblem if there is no space to decompress it.
        """
        if self._stream is self._raw:
            whole = self._raw
        else:
            whole = self._whole = self._whole or self._unpacked()
        whole.seek(0)
        return whole

    def _unpacked(self) -> BinaryIO:
        """Decompress into an unnamed file, since readers of binary formats seek."""
        from visitors.input.spooling import spool

        with self._readable():
            self._stream.seek(0)
        return spool(self._read_packed, self.name)

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._whole is not None:
            self._whole.close()
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def _read(self) -> bytes:
        """Read the next block, empty at the end. Raises InvalidData for damaged compression."""
        if self._ahead:
            block, self._ahead = self._ahead, b""
            return block
        block = self._read_packed()
        if self._transcoded is None:
            return block
        return self._read_transcoded(self._transcoded, block)

    def _read_transcoded(self, transcoded: Transcoder, block: bytes) -> bytes:
        """Convert `block` to UTF-8, with the next ones until there is a whole character; empty at the end."""
        while not (text := transcoded(block)) and block:
            block = self._read_packed()
        return text

    def _read_packed(self) -> bytes:
        """Read the next block, decompressed; empty at the end. Raises InvalidData for damaged compression."""
        with self._readable():
            return self._stream.read(_BLOCK)

    def _decode(self, line: bytes | bytearray, number: int, *, keep_bad: bool) -> str:
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            place = "" if keep_bad else f"{self.name}, line {number:,}: "
            problem = not_utf8(place, error.start + 1, "line", takes_encoding=self.takes_encoding)
        if not keep_bad:
            raise problem
        self.not_utf8[number] = problem
        return line.decode(errors="backslashreplace")

    def too_long(self, number: int, limit: int = LINE_LIMIT) -> InvalidData:
        """Make the error for a line, or its row, longer than `limit` bytes."""
        message = f"{self.name}, line {number:,}: longer than {limit // 1024 // 1024} MiB"
        return InvalidData(message, code="line_too_long")

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        """Convert errors while reading to InvalidData."""
        errors: Damage = (OSError, *self._damage)
        try:
            yield
        except EOFError:
            raise InvalidData(f"{self.name}: the compressed data is incomplete", code="truncated") from None
        except errors as error:
            if isinstance(error, OSError) and error.errno is not None:  # decompression raises it without a number
                raise InvalidData(f"cannot read {self.name}: {error.strerror}", code="file_unreadable") from None
            raise InvalidData(f"{self.name}: the compressed data is damaged", code="damaged") from None


def open_source(path: str, encoding: str | None = None, *, takes_encoding: bool = False) -> Source:
    """Open the file at `path`, or standard input for `-`, in `encoding` (None: UTF-8). With `takes_encoding`, errors
    mention that this can be given.

    Raises NotFound if there is none, InvalidData for a directory or an unreadable file, and UsageProblem for an unknown
    encoding.
    """
    stream, name, size = _opened(path)
    try:
        return Source(stream, name, size, encoding, takes_encoding=takes_encoding)
    except BaseException:
        if stream is not sys.stdin.buffer:
            stream.close()
        raise


_Opened = tuple[BinaryIO, str, int]
"""A stream, its name in errors, and its size in bytes."""


def _opened(path: str) -> _Opened:
    if path == "-":
        return _spooled(sys.stdin.buffer, "standard input")
    try:
        file = Path(path)
        opened = file.open("rb")
        if file.is_file():
            return opened, path, file.stat().st_size
        with opened:
            return _spooled(opened, path)
    except FileNotFoundError:
        raise NotFound(f"file {path} not found", code="file_not_found", hint="check the path") from None
    except IsADirectoryError:
        raise InvalidData(f"{path} is a directory, not a file", code="file_unreadable") from None
    except OSError as error:
        raise InvalidData(f"cannot read {path}: {error.strerror}", code="file_unreadable") from None


def _spooled(stream: BinaryIO, name: str) -> _Opened:
    """Read a pipe to its end before anything else is done.

    The writer may be slow, or may be waiting for the store that the rows are for, so nothing may be locked while
    waiting for it.
    """
    with contextlib.suppress(OSError, ValueError):  # not a file at all
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return stream, name, os.fstat(stream.fileno()).st_size
    from visitors.input.spooling import spool

    spooled = spool(lambda: stream.read(_BLOCK), name)
    return spooled, name, os.fstat(spooled.fileno()).st_size


def is_utf8(encoding: str) -> bool:
    """Return whether this is a name of UTF-8."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def _peek(stream: BinaryIO) -> bytes:
    peek = getattr(stream, "peek", None)
    return bytes(peek(64)) if peek is not None else b""
