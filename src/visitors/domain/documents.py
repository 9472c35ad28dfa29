"""JSON objects of any shape, such as a visitor's attribution and current page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from visitors.domain.metadata import decode_value, encode
from visitors.errors import InvalidData

DOCUMENT_LIMIT = 16_384
"""The maximum size in bytes."""
DEPTH_LIMIT = 100
"""The maximum nesting depth; every JSON reader has a limit of its own."""


def document(value: object, field: str) -> str:
    """Encode a JSON object of any shape as compact JSON of at most 16 KiB. Raises InvalidData."""
    parsed = decode_value(value, field) if isinstance(value, str) else value
    if not isinstance(parsed, dict | Mapping):
        raise InvalidData(f"{field} is not a JSON object", field=field, code="invalid_json")
    try:
        encoded = encode(parsed)
    except (RecursionError, UnicodeError, OverflowError, msgspec.EncodeError) as error:
        raise InvalidData(f"{field} cannot be stored: {error}", field=field, code="invalid_json") from None
    # a character takes up to four bytes
    size = len(encoded.encode()) if len(encoded) > DOCUMENT_LIMIT // 4 else 0
    if size > DOCUMENT_LIMIT:
        raise InvalidData(
            f"{field} takes {size:,} bytes; the limit is {DOCUMENT_LIMIT:,}", field=field, code="too_long"
        )
    # with few brackets it cannot be too deep
    if encoded.count("{") + encoded.count("[") > DEPTH_LIMIT and _is_deeper(parsed, DEPTH_LIMIT):
        raise InvalidData(f"{field} is nested deeper than {DEPTH_LIMIT} levels", field=field, code="too_deep")
    if "\\u0000" in encoded and "\\u0000" in encoded.replace("\\\\", ""):
        raise InvalidData(f"{field} contains a NUL character", field=field, code="invalid_text")
    return encoded


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether objects and lists are nested deeper than `levels`."""
    if not isinstance(value, Mapping | list | tuple):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return not levels or any(_is_deeper(one, levels - 1) for one in inner)
