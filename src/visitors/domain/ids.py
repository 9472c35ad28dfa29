"""Identifiers: ULIDs when generated, any short token when given.

A ULID is 26 characters of Crockford base 32: 48 bits of Unix time in milliseconds, then 80 random
bits, so that ids sort by the time they were made (https://github.com/ulid/spec).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from visitors.domain import normalise
from visitors.domain.junk import is_junk
from visitors.errors import InvalidData

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"

Entropy = Callable[[int], bytes]
"""Gives so many random bytes: the system's, or for what must come out the same every time, seeded ones."""

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


def ulid(milliseconds: int, randomness: int) -> str:
    """The ULID for the time `milliseconds` (since the Unix epoch, below 2**48) and 80 random bits."""
    # Five pairs of time, eight of chance, ten bits each; halved, since shifting small integers is faster.
    time, high, low = milliseconds, randomness >> 40, randomness & 0xFF_FFFF_FFFF
    return (
        f"{_PAIRS[time >> 40]}{_PAIRS[time >> 30 & 1023]}{_PAIRS[time >> 20 & 1023]}{_PAIRS[time >> 10 & 1023]}"
        f"{_PAIRS[time & 1023]}{_PAIRS[high >> 30]}{_PAIRS[high >> 20 & 1023]}{_PAIRS[high >> 10 & 1023]}"
        f"{_PAIRS[high & 1023]}{_PAIRS[low >> 30]}{_PAIRS[low >> 20 & 1023]}{_PAIRS[low >> 10 & 1023]}"
        f"{_PAIRS[low & 1023]}"
    )


def new_id(milliseconds: int, entropy: Entropy = os.urandom) -> str:
    """A fresh ULID for the time `milliseconds`; it has none before 1970, and that time is its first."""
    return ulid(max(0, milliseconds), int.from_bytes(entropy(10), "big"))


def new_ids(milliseconds: int, count: int, entropy: Entropy = os.urandom) -> Iterator[str]:
    """`count` fresh ULIDs in ascending order: a random one and those that follow it, as the ULID
    specification has it for the same millisecond. Ten times as fast as `new_id`, and kinder to an index.
    """
    first = int.from_bytes(entropy(10), "big") >> 1  # half of the range is left to count in
    start = (max(0, milliseconds) << 80) | first
    prefix, high = "", -1
    for number in range(start, start + count):
        if number >> 20 != high:
            high = number >> 20
            prefix = "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, 19, -10)])
        yield f"{prefix}{_PAIRS[(number >> 10) & 1023]}{_PAIRS[number & 1023]}"


def is_id(text: str) -> bool:
    """Whether a record may have this id."""
    return bool(re.fullmatch(ID_PATTERN, text))


def id_token(value: str, field: str = "id") -> str:
    """What may be the id of something that is there, trimmed.

    Raises InvalidData unless it is 1 to 128 characters of `A-Z a-z 0-9 . _ : -` that start with a
    letter or a digit.
    """
    if value.isalnum() and value.isascii() and len(value) <= 128:
        return value  # as most are; the pattern takes five times as long
    token = normalise.unseen_trimmed(value)
    if not re.fullmatch(ID_PATTERN, token):
        shown = token if len(token) <= 40 else token[:40] + "…"
        raise InvalidData(
            f"{field} {shown!r} is not a valid id",
            field=field,
            code="invalid_id",
            hint="1 to 128 characters of A-Z a-z 0-9 . _ : - that start with a letter or digit",
        )
    return token


def given_id(value: str, field: str = "id") -> str:
    """As `id_token`, of something that may be new: what many would share that have no id is refused, too."""
    token = id_token(value, field)
    if is_junk(token):
        raise normalise.refused_junk(token, field, "junk_id")
    return token


def given_contact_id(value: str, field: str = "id") -> str:
    """As `given_id`, for a contact, whose id must not look like `ext:VALUE`: that names it by external id."""
    token = given_id(value, field)
    if token.startswith("ext:"):
        raise InvalidData(
            f"{field} {token!r} begins with ext:", field=field, code="invalid_id", hint="ext: names external ids"
        )
    return token
