"""JSON objects of any shape, as the attribution and the current page of a visitor are."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from visitors.domain.metadata import decode_value, encode
from visitors.errors import InvalidData

DOCUMENT_LIMIT = 16_384
"""The bytes that one takes at most."""


def document(value: object, field: str) -> str:
    """A JSON object of any shape, as compact JSON text of at most 16 KiB. Raises InvalidData."""
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
    if "\\u0000" in encoded and "\\u0000" in encoded.replace("\\\\", ""):
        raise InvalidData(f"{field} contains a NUL character", field=field, code="invalid_text")
    return encoded
