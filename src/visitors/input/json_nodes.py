"""JSON (RFC 8259) as nodes with places. YAML would read most of it, but not tabs, or `\\ud83d\\ude00`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from visitors.domain.node import BadPlace, Node, Place
from visitors.input.nodes import NUMBER, Builder, empty, number

_CLOSES = {"{": "}", "[": "]"}
_LEXEME = r"[ \t\n\r]*(?:([{}\[\],:])|(\")|(-?[0-9][0-9.eE+-]*|[A-Za-z]+)|(.)|$)"


def json_node(text: str, name: str) -> Node:
    """The one value of the text. Raises BadPlace."""
    return _Json(text, name).document()


class _Json:
    """A reader of one text: what comes next is decided token by token, without recursion."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._builder = Builder()
        self._line = 1
        self._line_start = 0
        self._counted_to = 0
        self._just = ""  # what was taken last

    def document(self) -> Node:
        """The one value of the text. Raises BadPlace."""
        tokens = self._tokens()
        opened: list[str] = []
        expected = "value"
        for kind, value, place in tokens:
            if expected == "end":
                raise self._unexpected(kind, value, place, "nothing more")
            expected = self._step(kind, value, place, expected, opened)
        if self._builder.root is None:
            raise empty(self._name)
        if expected != "end":
            raise BadPlace(self._place(len(self._text)), "not JSON: it ends too early", code="not_json")
        return self._builder.root

    def _step(self, kind: str, value: Any, place: Place, expected: str, opened: list[str]) -> str:
        """Take one token; returns what may come next: value, key, colon, comma, or the end."""
        if kind == "mark" and value in "}]" and opened and _CLOSES[opened[-1]] == value and expected != "colon":
            if expected in ("value", "key") and self._just != opened[-1]:
                raise self._unexpected(kind, value, place, "a value" if expected == "value" else "a key")
            opened.pop()
            self._builder.end()
        elif expected in ("colon", "comma"):
            wanted = ":" if expected == "colon" else ","
            if (kind, value) != ("mark", wanted):
                raise self._unexpected(kind, value, place, f"'{wanted}'")
            self._just = wanted
            return "value" if wanted == ":" or opened[-1] == "[" else "key"
        elif expected == "key":
            if kind != "string":
                raise self._unexpected(kind, value, place, "a key in quotes")
            self._builder.single(Node(place, value, value))
            self._just = "key"
            return "colon"
        elif kind == "mark" and value in "{[":
            self._builder.begin(Node(place, {} if value == "{" else [], key_places={}))
            opened.append(value)
            self._just = value
            return "key" if value == "{" else "value"
        elif kind in ("string", "word"):
            self._builder.single(Node(place, value, value if kind == "string" else None))
        else:
            raise self._unexpected(kind, value, place, "a value")
        self._just = "value"
        return "comma" if opened else "end"

    def _tokens(self) -> Iterator[tuple[str, Any, Place]]:
        from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

        token, position = re.compile(_LEXEME, re.DOTALL), 0
        while True:
            match = token.match(self._text, position)
            if match is None or (match.end() == len(self._text) and match.lastindex is None):
                return
            start = match.start(match.lastindex or 0)
            place = self._place(start)
            position = match.end()
            if match[1]:
                yield "mark", match[1], place
            elif match[2]:
                try:
                    value, position = scanstring(self._text, position)
                except JSONDecodeError as error:
                    raise BadPlace(self._place(error.pos), f"not JSON: {error.msg}", code="not_json") from None
                yield "string", value, place
            elif match[3]:
                yield "word", self._word(match[3], place), place
            else:
                raise self._unexpected("character", match[4], place, "JSON")

    def _word(self, word: str, place: Place) -> object:
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        if re.fullmatch(NUMBER, word):
            return number(word, place)
        raise self._unexpected("word", word, place, "a value")

    def _unexpected(self, kind: str, value: Any, place: Place, wanted: str) -> BadPlace:
        found = "text" if kind == "string" else repr(value)[:60] if isinstance(value, str) else "a value"
        return BadPlace(place, f"not JSON: {found} where {wanted} should be", code="not_json")

    def _place(self, position: int) -> Place:
        """The place of the character at `position`; asked in ascending order."""
        lines = self._text.count("\n", self._counted_to, position)
        if lines:
            self._line += lines
            self._line_start = self._text.rfind("\n", 0, position) + 1
        self._counted_to = max(self._counted_to, position)
        return Place(self._name, self._line, position - self._line_start + 1)
