"""Write YAML for people to read and diff: equal values always give the same text.

Mappings and lists are in block style, one value a line; a small mapping of scalars is on one line. Text is quoted if
any version of YAML might interpret it as something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

WIDTH = 100
_RECORDS = 1
"""The depth of a fixture's records."""

_INSTANT = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
# Words that begin with a letter or a digit; a leading colon, comma or dash may have a meaning.
_PLAIN = r"[^\W_](?:[\w.@+/()'-]| (?=[^\s#]))*"
_NUMBER_LIKE = r"(?a)[0-9][0-9_.,:xobeEA-Fa-f+-]*"
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_NOT_PRINTABLE = "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


def yaml_lines(value: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a mapping of JSON types, with a blank one before each section."""
    for key, item in value.items():
        if isinstance(item, dict | list):
            yield "\n"
        for line in _member(key, item, 0):
            yield line + "\n"


def _member(key: str, value: Any, depth: int) -> Iterator[str]:
    start = f"{'  ' * depth}{_text(key)}:"
    # even a short record is in block style, so that adding a field changes one line
    flow = _flow(value) if depth > _RECORDS or not value else None
    if flow is not None and (not value or len(start) + len(flow) < WIDTH):  # empty collections have only a flow form
        yield f"{start} {flow}"
    elif isinstance(value, dict):
        yield start
        for name, item in value.items():
            yield from _member(name, item, depth + 1)
    elif isinstance(value, list):
        yield start
        yield from _items(value, depth + 1)
    elif isinstance(value, str) and _is_block(value):
        yield f"{start} |-"
        for line in value.split("\n"):
            yield f"{'  ' * (depth + 1)}{line}" if line else ""
    else:
        yield f"{start} {_single(value)}"


def _items(values: list[Any], depth: int) -> Iterator[str]:
    """Yield each item after a dash, with its other lines aligned below the first."""
    for value in values:
        flow = _flow(value)
        if isinstance(value, dict) and value:
            lines = [line for name, item in value.items() for line in _member(name, item, depth + 1)]
        elif isinstance(value, list) and value:
            lines = list(_items(value, depth + 1))
        else:
            lines = [f"{'  ' * (depth + 1)}{flow if flow is not None else _single(value)}"]
        yield f"{'  ' * depth}- {lines[0].lstrip(' ')}"
        yield from lines[1:]


def _flow(value: Any) -> str | None:
    """Return a mapping or list on one line; None if block style is better or required."""
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    if isinstance(value, dict) and not any(isinstance(item, dict | list) for item in value.values()):
        return "{" + ", ".join(f"{_text(key)}: {_single(item)}" for key, item in value.items()) + "}"
    return None


def _single(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, float):
        return msgspec.json.encode(value).decode()
    # YAML 1.1 requires a point in numbers with an exponent
    mantissa, exponent, power = repr(value).partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else repr(value)


def _text(text: str) -> str:
    if re.fullmatch(_INSTANT, text):
        return text
    plain = re.fullmatch(_PLAIN, text) and text.lower() not in _WORDS and not re.fullmatch(_NUMBER_LIKE, text)
    return text if plain and not re.search(_NOT_PRINTABLE, text) else _quoted(text)


def _quoted(text: str) -> str:
    """Quote a string as in JSON, which is valid YAML, escaping every character that YAML cannot contain."""
    quoted = msgspec.json.encode(text).decode()
    return re.sub(_NOT_PRINTABLE, lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _is_block(text: str) -> bool:
    """Return whether several lines of text can be written in block style."""
    return "\n" in text and text[0] not in " \n" and text[-1] != "\n" and not re.search(_NOT_PRINTABLE, text)
