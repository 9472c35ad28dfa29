"""The proof of an erasure: what was erased, when and by whom, without saying who was.

An identity (a visitor id, contact id, external id or email) stands in it as a keyed hash. Whoever has the
store, and with it the key, can tell whether a given identity was erased, and whether the receipt was
changed since; whoever has only the receipt can tell neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from visitors.domain.ids import Entropy
from visitors.domain.times import Instant
from visitors.errors import InvalidData

KEY_BYTES = 32

# What is hashed begins with what it is, so that no hash of one thing can pass for that of another.
_SUBJECT, _RECEIPT = b"visitors/erasure/1/subject", b"visitors/erasure/1/receipt"

Kind = Literal["visitorId", "contactId", "externalId", "email"]
KINDS: tuple[Kind, ...] = ("visitorId", "contactId", "externalId", "email")

Identities = dict[Kind, set[str]]
"""What a person or a device is known by."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many records of each kind are gone, how many recorded changes, and of how many operations."""

    contacts: int
    visitors: int
    conversations: int
    messages: int
    blocks: int
    changes: int
    operations: int


class Left(msgspec.Struct, frozen=True, order=True):
    """A record that an erasure left, and why: of some of it nobody can tell whether it was the person's."""

    kind: Literal["contact", "visitor"]
    id: str
    reason: str


class Subject(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """An identity that was erased."""

    kind: Kind
    hash: str


class Receipt(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `erase` gives. `subjects` are in the order of their hashes, which tells nothing."""

    type: Literal["visitors.erasure"]
    version: Literal[1]
    operation_id: str
    at: Instant
    by: str
    command: str
    counts: Counts
    subjects: list[Subject]
    signature: str = ""


def new_key(entropy: Entropy) -> str:
    """A key for receipts, as hex digits."""
    return entropy(KEY_BYTES).hex()


def make_receipt(
    key: str, operation_id: str, at: Instant, by: str, command: str, counts: Counts, erased: Identities
) -> Receipt:
    """The receipt, signed with `key`."""
    hashed = hasher(key)
    subjects = sorted(Subject(kind, hashed(kind, value)) for kind, values in erased.items() for value in values)
    unsigned = Receipt("visitors.erasure", 1, operation_id, at, by, command, counts, subjects)
    return msgspec.structs.replace(unsigned, signature=_signature(key, unsigned))


def is_signed(key: str, receipt: Receipt) -> bool:
    """Whether the receipt is as it was made with `key`."""
    import hmac

    return hmac.compare_digest(_signature(key, receipt).encode(), receipt.signature.encode())


def hasher(key: str) -> Callable[[Kind, str], str]:
    """What gives the keyed hash of an identity, as hex digits."""
    import hmac

    secret = bytes.fromhex(key)
    prefixes = {kind: _SUBJECT + b"\0" + kind.encode() + b"\0" for kind in KINDS}
    return lambda kind, value: hmac.digest(secret, prefixes[kind] + value.encode(), "sha256").hex()


def encode(receipt: Receipt) -> str:
    """The receipt on one line, its keys always in the same order."""
    return msgspec.json.encode(receipt).decode()


def parse_receipt(content: str, name: str) -> Receipt:
    """The receipt in `content`, whatever its white space. Raises InvalidData, with `name`, if it is none."""
    try:
        return msgspec.json.decode(content, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidData(
            f"{name} is no receipt of an erasure: {error}",
            code="not_a_receipt",
            hint="visitors erase prints one, and -o FILE keeps it",
        ) from None


def _signature(key: str, receipt: Receipt) -> str:
    import hmac

    unsigned = msgspec.json.encode(msgspec.structs.replace(receipt, signature=""))
    return hmac.digest(bytes.fromhex(key), _RECEIPT + b"\0" + unsigned, "sha256").hex()
