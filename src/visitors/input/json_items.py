"""Iterate over the items of a JSON list in the memory of its longest item.

The standard library's parser finds where an item ends, since it reports that; msgspec decodes it, as everywhere else.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any, NamedTuple

import msgspec

from visitors.errors import InvalidData
from visitors.input.source import LINE_LIMIT, Source

_SPACE = r"[ \t\n\r]*"
_BEHIND_NUMBERS = (",", "]", "}", " ", "\t", "\n", "\r")
_LONGEST_NUMBER = 2_000
_BAD_BYTES = "[\udc80-\udcff]"
"""The replacement for bytes that are not UTF-8."""
_SEVERAL = "if these are several values, put each on a line of its own: jq -c . FILE"
TRUNCATED = "Input data was truncated"
"""msgspec's message for truncated JSON."""


class NotUtf8(NamedTuple):
    """An item with invalid UTF-8: its text with those bytes as `\\xf6`, and the position of the first, from 1."""

    text: str
    byte: int


def json_items(source: Source) -> Iterator[Any]:
    """Yield the items of the list in the file, or the single value that it is instead. An item with invalid UTF-8 is a
    `NotUtf8`.

    Raises InvalidData for malformed JSON, and for an item longer than 4 MiB.
    """
    yield from _items_of(_Reader(source))


def _items_of(reader: _Reader) -> Iterator[Any]:
    if reader.next_sign() != "[":
        yield reader.value()
    else:
        yield from _list(reader)
    if reader.next_sign():
        raise reader.problem("extra data after the end", hint=_SEVERAL)


def json_records(source: Source, paths: Sequence[tuple[str, ...]]) -> Iterator[tuple[Any, bool]]:
    """Like `json_items`, but if the file is an object, yield the items of the list at one of `paths` in it; each with
    whether it comes from there. Without such a list, yield the object itself.

    Raises InvalidData like `json_items`, and for an object longer than 4 MiB without such a list.
    """
    reader = _Reader(source)
    if reader.next_sign() != "{":
        yield from ((item, False) for item in _items_of(reader))
        return
    found = _Found()
    yield from ((item, True) for item in _inside(reader, paths, found))
    if not found.any:
        yield found.rest, False
    if reader.next_sign():
        raise reader.problem("extra data after the end", hint=_SEVERAL)


class _Found:
    """Whether a list was found, and until then the other content of the object."""

    def __init__(self) -> None:
        self.any = False
        self.rest: dict[str, Any] = {}


def _inside(reader: _Reader, paths: Sequence[tuple[str, ...]], found: _Found) -> Iterator[Any]:
    """Yield the items of the lists at `paths` in the object that begins here."""
    reader.skip()
    rest: dict[str, Any] = {}
    while reader.next_sign() != "}":
        key = reader.value()
        if not isinstance(key, str) or reader.next_sign() != ":":
            raise reader.problem("malformed key")
        reader.skip()
        below = [path[1:] for path in paths if path[:1] == (key,)]
        if () in below and reader.next_sign() == "[":
            found.any = True
            yield from _list(reader)
        elif any(below) and reader.next_sign() == "{":
            inner = _Found()
            yield from _inside(reader, [path for path in below if path], inner)
            found.any = found.any or inner.any
            rest[key] = inner.rest
        else:
            rest[key] = reader.value()
        if found.any:
            rest.clear()  # no longer needed
        if reader.next_sign() not in (",", "}"):
            raise reader.problem("missing comma or }")
        if reader.next_sign() == ",":
            reader.skip()
    reader.skip()
    found.rest = rest


def _list(reader: _Reader) -> Iterator[Any]:
    """Yield the items of the list that begins here."""
    reader.skip()
    more = reader.next_sign() != "]"
    while more:
        yield reader.value()
        if reader.next_sign() not in (",", "]"):
            raise reader.problem("missing comma or ]")
        more = reader.next_sign() == ","
        if more:
            reader.skip()
    reader.skip()


class _Reader:
    """Reads a text block by block, value by value."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        self._blocks = source.blocks()
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text = ""
        self._position = 0
        self._items = 0
        self._is_at_end = False
        self._scan = JSONDecoder().raw_decode

    def next_sign(self) -> str:
        """Return the next character that is not white space, without consuming it; empty at the end."""
        space = re.compile(_SPACE)
        while True:
            match = space.match(self._text, self._position)
            assert match is not None
            self._position = match.end()
            if self._position < len(self._text) or not self._fill():
                return self._text[self._position : self._position + 1]

    def skip(self) -> None:
        """Consume the character that `next_sign` returned."""
        self._position += 1

    def value(self) -> Any:
        """Consume the value that begins here. Raises InvalidData."""
        is_number_or_word = self.next_sign() not in ('"', "{", "[")
        self._items += 1
        while True:
            try:
                _, end = self._scan(self._text, self._position)
            except JSONDecodeError:
                self._read_on()
                continue
            except RecursionError:
                raise self.problem("it is nested too deeply") from None
            length = end - self._position
            # a number may continue in the next block, and so may what seems to follow it: 1. or 1e
            may_go_on = is_number_or_word and self._text[end : end + 1] not in _BEHIND_NUMBERS
            if may_go_on and length < _LONGEST_NUMBER and self._fill():
                continue
            return self._taken(length)

    def _taken(self, length: int) -> Any:
        start, self._position = self._position, self._position + length
        item = self._text[start : self._position]
        bad = None if item.isascii() else re.search(_BAD_BYTES, item)
        if bad:
            as_it_came = item.encode("utf-8", "surrogateescape")
            return NotUtf8(as_it_came.decode("utf-8", "backslashreplace"), len(item[: bad.start()].encode()) + 1)
        try:
            return msgspec.json.decode(item)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            # the value is complete, so this is a truncated character after it
            truncated = str(error).startswith(TRUNCATED)
            raise self.problem("a lone surrogate" if truncated else reason(error)) from None

    def _read_on(self) -> None:
        """Double the text read for an unfinished value. Raises InvalidData if there is no more, or it is too long."""
        length = len(self._text) - self._position
        if length <= LINE_LIMIT and self._fill():
            while len(self._text) < min(2 * length, LINE_LIMIT + 1) and self._fill():
                pass
            return
        try:
            msgspec.json.decode(self._text[self._position :])
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            if length > LINE_LIMIT and str(error).startswith(TRUNCATED):
                raise InvalidData(
                    f"{self._name}, item {self._items:,}: longer than {LINE_LIMIT // 1024 // 1024} MiB",
                    code="line_too_long",
                ) from None
            raise self.problem(reason(error)) from None
        raise self.problem("malformed value")

    def _fill(self) -> bool:
        """Read another block, and drop what was consumed; return false at the end of the file."""
        if self._is_at_end:
            return False
        block = next(self._blocks, b"")
        self._is_at_end = not block
        more = self._decode(block, final=self._is_at_end)
        self._text = self._text[self._position :] + more
        self._position = 0
        return not self._is_at_end

    def problem(self, reason: str, hint: str | None = None) -> InvalidData:
        """Make the error for malformed JSON at this position."""
        item = f", item {self._items:,}" if self._items > 1 else ""
        return InvalidData(f"{self._name}{item} is not JSON: {reason}", code="invalid_json", hint=hint)


def reason(error: Exception) -> str:
    """Describe an error of the JSON parser."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
