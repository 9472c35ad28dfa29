"""A contact's metadata: a flat object of strings, numbers, booleans and nulls, and its hash.

An application compares the hash to detect changes without reading the object. Cossistant computes it in JavaScript, so
the hashed text is the output of `JSON.stringify`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.errors import InvalidData

Scalar = str | int | float | bool | None
Metadata = dict[str, Scalar]

KEY_LIMIT = 100
SIZE_LIMIT = 16_384

_INTEGER_KEY = r"0|[1-9][0-9]{0,9}"
_LARGEST_INDEX = 2**32 - 2
_SAFE_INTEGER = 2**53


def parse_metadata(value: object, field: str = "metadata") -> Metadata:
    """Return a validated copy of `value`, in key order. Text is not normalised, since that would change the hash.

    Raises InvalidData for anything but an object, for nested values, for numbers that are not finite or exceed 64 bits,
    and for objects larger than 16 KiB as JSON.
    """
    if not isinstance(value, Mapping):
        raise InvalidData(
            f"{field} is not an object",
            field=field,
            code="invalid_metadata",
            hint='use an object such as {"plan": "pro"}',
        )
    checked = {_key(key, field): _scalar(item, field, key) for key, item in value.items()}
    size = len(encode(checked).encode())
    if size > SIZE_LIMIT:
        raise InvalidData(
            f"{field} takes {size:,} bytes; the limit is {SIZE_LIMIT:,}", field=field, code="metadata_too_large"
        )
    return checked


def parse_assignments(assignments: Iterable[str], field: str = "metadata") -> Metadata:
    """Parse assignments: `K=V` sets the string V; `K:=JSON` a number, boolean or null.

    Raises InvalidData if one is neither, or if a key is repeated.
    """
    result: Metadata = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        typed = key.endswith(":")
        key = key.removesuffix(":")
        if not equals or not key.strip():
            raise InvalidData(
                f"{field} {assignment[:60]!r} is not KEY=VALUE",
                field=field,
                code="invalid_metadata",
                hint="use plan=pro for a string, seats:=5 for a number, active:=true for a boolean",
            )
        if key.strip() in result:
            raise InvalidData(f"{field} {key.strip()!r} is given more than once", field=field, code="invalid_metadata")
        result[key.strip()] = decode_value(value, field) if typed else value
    return parse_metadata(result, field)


def decode_value(text: str, field: str) -> Any:
    """Decode JSON text, with limited nesting. Raises InvalidData."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidData(f"{field} is not JSON: {reason}", field=field, code="invalid_json") from None


def encode(value: Mapping[str, object]) -> str:
    """Encode as compact JSON, in key order, as the store keeps it."""
    return msgspec.json.encode(value).decode()


def metadata_hash(metadata: Mapping[str, object]) -> str:
    """Return the first 8 hex digits of the SHA-256 of the sorted object as JavaScript prints it; `""` if empty."""
    if not metadata:
        return ""
    import hashlib

    ordered = sorted(metadata, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    # Assigning this key sets the prototype in JavaScript, so a rebuilt object does not have it.
    rebuilt = {key: metadata[key] for key in ordered if key != "__proto__"}
    return hashlib.sha256(javascript_json(rebuilt).encode()).hexdigest()[:8]


def javascript_json(value: object) -> str:
    """Encode `value` (of JSON types) as `JSON.stringify` prints it (ECMA-262, 25.5.2)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _javascript_string(value)
    if isinstance(value, int | float):
        return _javascript_number(value) if math.isfinite(value) else "null"
    if isinstance(value, Mapping):
        items = ((str(key), item) for key, item in value.items())
        members = (f"{javascript_json(key)}:{javascript_json(item)}" for key, item in _property_order(items))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(javascript_json(item) for item in value) + "]"
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _javascript_string(text: str) -> str:
    """Encode a string by QuoteJSONString (ECMA-262, 25.5.2.2), which Python's own encoder implements."""
    from json import dumps

    return dumps(text, ensure_ascii=False)


def _property_order(items: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """Order keys like JavaScript: integer-like ones first, numerically, then the rest as they came (ECMA-262,
    10.1.11.1).
    """
    indexes: list[tuple[str, object]] = []
    names: list[tuple[str, object]] = []
    for key, item in items:
        is_index = re.fullmatch(_INTEGER_KEY, key) and int(key) <= _LARGEST_INDEX
        (indexes if is_index else names).append((key, item))
    return sorted(indexes, key=lambda pair: int(pair[0])) + names


def _javascript_number(number: float) -> str:
    """Format a number by Number::toString (ECMA-262, 6.1.6.1.20), from Python's equally short `repr`."""
    if isinstance(number, int) and abs(number) <= _SAFE_INTEGER:
        return str(number)
    number = float(number)
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"  # JavaScript also prints -0 as 0
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"e{point - 1:+d}"
    return sign + digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "") + power


def _key(key: object, field: str) -> str:
    if isinstance(key, str) and key.isalnum() and len(key) <= KEY_LIMIT:
        return key  # the common case
    name = normalise.trimmed(str(key), f"{field} key", KEY_LIMIT)
    if name != key:
        raise InvalidData(f"{field} key {key!r} starts or ends with white space", field=field, code="invalid_metadata")
    return name


def _scalar(value: object, field: str, key: object) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
        reason = "does not fit a 64-bit integer"
    elif isinstance(value, float):
        if math.isfinite(value):
            return value
        reason = "is not a finite number"
    elif isinstance(value, str):
        if value.isalnum() and len(value) <= SIZE_LIMIT:
            return value  # the common case
        return normalise.as_it_is(value, f"{field} {key!r}", SIZE_LIMIT)
    else:
        reason = "is nested; only strings, numbers, booleans and null are allowed"
    raise InvalidData(f"{field} {key!r} {reason}", field=field, code="invalid_metadata")
