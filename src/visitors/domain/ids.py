"""Identifiers: ULIDs when generated, any short token when given.

A ULID is 26 characters of Crockford base 32: 48 bits of Unix time in milliseconds, then 80 random
bits, so that ids sort by the time they were made (https://github.com/ulid/spec).
"""

from __future__ import annotations

import os
import re

from visitors.errors import InvalidData

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


def new_id(milliseconds: int) -> str:
    """A fresh ULID for the time `milliseconds` (since the Unix epoch, below 2**48)."""
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def given_id(value: str, field: str = "id") -> str:
    """An id that came from outside, trimmed.

    Raises InvalidData unless it is 1 to 128 characters of `A-Z a-z 0-9 . _ : -` that start with a
    letter or a digit.
    """
    token = value.strip()
    if not re.fullmatch(ID_PATTERN, token):
        shown = token if len(token) <= 40 else token[:40] + "…"
        raise InvalidData(
            f"{field} {shown!r} is not a valid id",
            field=field,
            code="invalid_id",
            hint="1 to 128 characters of A-Z a-z 0-9 . _ : - that start with a letter or digit",
        )
    return token
