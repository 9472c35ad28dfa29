"""Parse JSON (RFC 8259) as nodes with positions. A YAML parser would reject tabs and `\\ud83d\\ude00`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from visitors.domain.node import BadPlace, Node, Written
from visitors.input.nodes import NUMBER, Builder, empty, number

_CLOSES = {"{": "}", "[": "]"}
_LEXEME = r"[ \t\n\r]*(?:([{}\[\],:])|(\")|(-?[0-9][0-9.eE+-]*|[A-Za-z]+)|(.)|$)"


def json_node(text: str, name: str) -> Node:
    """Parse the text's single value. Raises BadPlace."""
    return _Json(text, name).document()


class _Json:
    """A parser of one text, token by token and without recursion."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._written = Written(name, text)
        self._builder = Builder(self._written)
        self._just = ""  # the token before

    def document(self) -> Node:
        """Parse the text's single value. Raises BadPlace."""
        tokens = self._tokens()
        opened: list[str] = []
        expected = "value"
        for kind, value, position in tokens:
            if expected == "end":
                raise self._unexpected(kind, value, position, "end of file")
            expected = self._step(kind, value, position, expected, opened)
        if self._builder.root is None:
            raise empty(self._name)
        if expected != "end":
            raise BadPlace(self._written.place(len(self._text)), "not JSON: unexpected end of file", code="not_json")
        return self._builder.root

    def _step(self, kind: str, value: Any, position: int, expected: str, opened: list[str]) -> str:
        """Consume one token; return what may follow: value, key, colon, comma, or the end."""
        if kind == "mark" and value in "}]" and opened and _CLOSES[opened[-1]] == value and expected != "colon":
            if expected in ("value", "key") and self._just != opened[-1]:
                raise self._unexpected(kind, value, position, "a value" if expected == "value" else "a key")
            opened.pop()
            self._builder.end()
        elif expected in ("colon", "comma"):
            wanted = ":" if expected == "colon" else ","
            if (kind, value) != ("mark", wanted):
                raise self._unexpected(kind, value, position, f"'{wanted}'")
            self._just = wanted
            return "value" if wanted == ":" or opened[-1] == "[" else "key"
        elif expected == "key":
            if kind != "string":
                raise self._unexpected(kind, value, position, "a key in quotes")
            self._builder.key(position, value)
            self._just = "key"
            return "colon"
        elif kind == "mark" and value in "{[":
            self._builder.begin(position, {} if value == "{" else [])
            opened.append(value)
            self._just = value
            return "key" if value == "{" else "value"
        elif kind in ("string", "word"):
            self._builder.single(position, value, value if kind == "string" else None)
        else:
            raise self._unexpected(kind, value, position, "a value")
        self._just = "value"
        return "comma" if opened else "end"

    def _tokens(self) -> Iterator[tuple[str, Any, int]]:
        from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

        token, position = re.compile(_LEXEME, re.DOTALL), 0
        while True:
            match = token.match(self._text, position)
            if match is None or (match.end() == len(self._text) and match.lastindex is None):
                return
            start = match.start(match.lastindex or 0)
            position = match.end()
            if match[1]:
                yield "mark", match[1], start
            elif match[2]:
                try:
                    value, position = scanstring(self._text, position)
                except JSONDecodeError as error:
                    raise BadPlace(self._written.place(error.pos), f"not JSON: {error.msg}", code="not_json") from None
                yield "string", value, start
            elif match[3]:
                yield "word", self._word(match[3], start), start
            else:
                raise self._unexpected("character", match[4], start, "JSON")

    def _word(self, word: str, position: int) -> object:
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        if re.fullmatch(NUMBER, word):
            return number(word, self._written, position)
        raise self._unexpected("word", word, position, "a value")

    def _unexpected(self, kind: str, value: Any, position: int, wanted: str) -> BadPlace:
        found = "text" if kind == "string" else repr(value)[:60] if isinstance(value, str) else "a value"
        return BadPlace(self._written.place(position), f"not JSON: found {found}, expected {wanted}", code="not_json")
