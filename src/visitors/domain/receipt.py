"""Erasure receipts: what was erased, when and by whom, without revealing who it was.

An identity (a visitor id, contact id, external id or email) appears as a keyed hash. With the store, and thus the key,
one can check whether an identity was erased and whether the receipt was altered; with the receipt alone, neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from visitors.domain.ids import Entropy
from visitors.domain.times import Instant
from visitors.errors import InvalidData

KEY_BYTES = 32

# Hashes are domain-separated: the input begins with its purpose, so a hash cannot be reused for another one.
_SUBJECT, _RECEIPT = b"visitors/erasure/1/subject", b"visitors/erasure/1/receipt"

Kind = Literal["visitorId", "contactId", "externalId", "email"]
KINDS: tuple[Kind, ...] = ("visitorId", "contactId", "externalId", "email")

Identities = dict[Kind, set[str]]
"""The identifiers of a person or device."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of erased records by kind, of erased changes, and of operations that they belonged to."""

    contacts: int
    visitors: int
    conversations: int
    messages: int
    blocks: int
    changes: int
    operations: int


class Left(msgspec.Struct, frozen=True, order=True):
    """A record that the erasure kept, and the reason: for some, nobody can tell whether it was the person's."""

    kind: Literal["contact", "visitor"]
    id: str
    reason: str


class Subject(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """An erased identity."""

    kind: Kind
    hash: str


Remains = Literal["serverLogs", "serverBackups"]
"""Where erased data may remain, for its administrator to remove."""


class Receipt(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """The receipt of an erasure. `subjects` are sorted by hash, so their order reveals nothing.

    `may_remain_in` is where a server may still have the data, until its administrator rotates it: nowhere for a file.
    It is None for a receipt of an earlier version, which is written without it.
    """

    type: Literal["visitors.erasure"]
    version: Literal[1]
    operation_id: str
    at: Instant
    by: str
    command: str
    counts: Counts
    subjects: list[Subject]
    signature: str
    may_remain_in: list[Remains] | None = None


def new_key(entropy: Entropy) -> str:
    """Return a new key for receipts, as hex digits."""
    return entropy(KEY_BYTES).hex()


def make_receipt(
    key: str,
    operation_id: str,
    at: Instant,
    by: str,
    command: str,
    counts: Counts,
    erased: Identities,
    may_remain_in: Sequence[Remains] = (),
) -> Receipt:
    """Return the receipt, signed with `key`."""
    hashed = hasher(key)
    subjects = sorted(Subject(kind, hashed(kind, value)) for kind, values in erased.items() for value in values)
    where = list(may_remain_in)
    unsigned = Receipt("visitors.erasure", 1, operation_id, at, by, command, counts, subjects, "", where)
    return msgspec.structs.replace(unsigned, signature=_signature(key, unsigned))


def is_signed(key: str, receipt: Receipt) -> bool:
    """Return whether the receipt has a valid signature by `key`."""
    import hmac

    return hmac.compare_digest(_signature(key, receipt).encode(), receipt.signature.encode())


def hasher(key: str) -> Callable[[Kind, str], str]:
    """Return a function that computes the keyed hash of an identity, as hex digits."""
    import hmac

    secret = bytes.fromhex(key)
    prefixes = {kind: _SUBJECT + b"\0" + kind.encode() + b"\0" for kind in KINDS}
    return lambda kind, value: hmac.digest(secret, prefixes[kind] + value.encode(), "sha256").hex()


def encode(receipt: Receipt) -> str:
    """Encode the receipt on one line, with a fixed key order."""
    return msgspec.json.encode(receipt).decode()


def parse_receipt(content: str, name: str) -> Receipt:
    """Parse a receipt, ignoring white space. Raises InvalidData, mentioning `name`, if it is not one."""
    try:
        return msgspec.json.decode(content, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidData(
            f"{name} is not the receipt of an erasure: {error}",
            code="not_a_receipt",
            hint="visitors erase prints the receipt, or saves it with -o FILE",
        ) from None


def _signature(key: str, receipt: Receipt) -> str:
    import hmac

    unsigned = msgspec.json.encode(msgspec.structs.replace(receipt, signature=""))
    return hmac.digest(bytes.fromhex(key), _RECEIPT + b"\0" + unsigned, "sha256").hex()
