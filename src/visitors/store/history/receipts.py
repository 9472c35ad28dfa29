"""The receipts of erasures, the key that signs them, and every identity in the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from visitors.domain.receipt import Kind, Receipt, encode, is_signed, parse_receipt
from visitors.errors import InvalidData
from visitors.store.database import Executor
from visitors.store.schema.recorded import OPEN, RECORDED
from visitors.store.store import Store

_KEY = "receipts"

IN_CHANGES: dict[str, dict[str, Kind]] = {
    "visitor": {"id": "visitorId", "contact_id": "contactId"},
    "contact": {"id": "contactId", "merged_into": "contactId", "external_id": "externalId", "email": "email"},
    "conversation": {"visitor_id": "visitorId", "contact_id": "contactId"},
    "message": {"visitor_id": "visitorId"},
    "block": {"visitor_id": "visitorId", "contact_id": "contactId"},
}
"""Where the history has identities: kind of record -> column -> kind of identity."""

_OF_RECORDS: dict[str, dict[str, Kind]] = {
    "visitor": {"id": "visitorId"},
    "contact": {"id": "contactId", "external_id": "externalId", "email": "email"},
}
"""The identities of a record itself."""


class Place(NamedTuple):
    """Where an identity was found: a record, or a change of it by an operation."""

    identity: Kind
    value: str
    kind: str
    record: str
    operation: str | None


def key(store: Executor) -> str | None:
    """Return the key of the store's receipts, as hex digits; None before the first erasure."""
    found = store.execute("SELECT value FROM keys WHERE name = ?", (_KEY,)).fetchone()
    return None if found is None else str(found[0])


def keep_key(store: Store, value: str) -> None:
    """Set the key of the store's receipts."""
    store.execute("INSERT INTO keys (name, value) VALUES (?, ?)", (_KEY, value))


def keep(store: Store, receipt: Receipt) -> None:
    """Store the receipt of the open operation, an erasure. It is unfinished if there is a file to be wiped."""
    is_unfinished = 1 if "wipe" in store.place.abilities else None
    sql = f"INSERT INTO erasures (operation, receipt, is_unfinished) VALUES ({OPEN}, ?, ?)"
    store.later(sql, (encode(receipt), is_unfinished))


def finish(store: Executor) -> None:
    """Record that the file has no trace left of what was erased."""
    store.execute("UPDATE erasures SET is_unfinished = NULL WHERE is_unfinished = 1")


def unfinished(store: Executor) -> list[str]:
    """Return the ids of erasures that may have left traces in the file, oldest first."""
    sql = "SELECT o.id FROM erasures AS e JOIN operations AS o ON o.pk = e.operation WHERE is_unfinished = 1 ORDER BY 1"
    return [row[0] for row in store.execute(sql)]


def of_operation(store: Store, operation_id: str) -> str | None:
    """Return the receipt of the operation with exactly this id; None if there is none, or it erased nothing."""
    sql = "SELECT e.receipt FROM erasures AS e JOIN operations AS o ON o.pk = e.operation WHERE o.id = ?"
    found = store.execute(sql, (operation_id,)).fetchone()
    return None if found is None else str(found[0])


def count(store: Executor) -> int:
    """Return the number of receipts in the store."""
    found: int = store.execute("SELECT count(*) FROM erasures").fetchone()[0]
    return found


def faults(store: Executor) -> Iterator[str]:
    """Return what is wrong with the stored receipts, one sentence each: whether they are unaltered and match the
    erasures. This does not check whether somebody was added again since.
    """
    for (erasure,) in store.execute(_WITHOUT):
        yield f"the receipt of erasure {erasure} is missing"
    secret = key(store)
    if secret is None:
        if count(store):
            yield "the key that signs receipts is missing"
        return
    for text, *done in store.execute(_KEPT):
        receipt = _as_given(secret, text)
        if receipt is None:
            yield f"the receipt of erasure {done[0]} was changed"
        elif done != [receipt.operation_id, receipt.at, receipt.by, receipt.command]:
            yield f"erasure {done[0]} does not match its receipt"


_KEPT = (
    "SELECT e.receipt, o.id, o.at, o.actor, o.command FROM erasures AS e JOIN operations AS o ON o.pk = e.operation"
    " ORDER BY e.pk"
)
_WITHOUT = (
    "SELECT id FROM operations WHERE pk IN (SELECT erasure FROM erased_changes)"
    " AND pk NOT IN (SELECT operation FROM erasures) ORDER BY pk"
)


def _as_given(secret: str, text: str) -> Receipt | None:
    """Parse the receipt in `text`; None unless it is byte for byte the signed one."""
    try:
        receipt = parse_receipt(text, "")
        return receipt if encode(receipt) == text and is_signed(secret, receipt) else None
    except (InvalidData, ValueError):  # even the key may not be hex digits
        return None


def identities(store: Store) -> Iterator[Place]:
    """Yield every visitor id, contact id, external id and email, in records and in the history."""
    for kind, columns in _OF_RECORDS.items():
        sql = f"SELECT id, NULL, {', '.join(columns)} FROM {RECORDED[kind]}"
        yield from _places(store, sql, kind, columns)
    changes = "FROM changes AS h JOIN operations AS o ON o.pk = h.operation WHERE h.kind"
    for kind, columns in IN_CHANGES.items():
        for side in ("before", "after"):
            values = ", ".join(f"json_extract(h.{side}, '$.{column}')" for column in columns)
            any_of_them = " OR ".join(f"instr(h.{side}, '\"{column}\"')" for column in columns)
            sql = f"SELECT h.record, o.id, {values} {changes} = '{kind}' AND ({any_of_them})"
            yield from _places(store, sql, kind, columns)
    for kind, columns in _OF_RECORDS.items():
        is_gone = f"NOT EXISTS (SELECT 1 FROM {RECORDED[kind]} WHERE id = h.record)"
        sql = f"SELECT h.record, o.id, h.record {changes} = '{kind}' AND {is_gone}"
        yield from _places(store, sql, kind, {"id": columns["id"]})


def _places(store: Store, sql: str, kind: str, columns: dict[str, Kind]) -> Iterator[Place]:
    """Yield the places in the rows of the query: record, operation, and the values of the columns."""
    for record, operation, *values in store.execute(sql):
        for identity, value in zip(columns.values(), values, strict=True):
            if value is not None:
                yield Place(identity, value, kind, record, operation)


def since(store: Store, operation_id: str, kind: str, record: str) -> str | None:
    """Return the id of the first operation after the given one that created or changed the record; None if none did."""
    sql = """
        SELECT o.id FROM operations AS o WHERE o.pk > (SELECT pk FROM operations WHERE id = ?) AND (
            o.pk IN (SELECT operation FROM changes WHERE kind = ? AND record = ?)
            OR o.pk IN (
                SELECT n.operation FROM creations AS n JOIN {table} AS r ON r.pk BETWEEN n.first AND n.last
                WHERE n.kind = ? AND r.id = ?
            )
        ) ORDER BY o.pk LIMIT 1
    """
    found = store.execute(sql.format(table=RECORDED[kind]), (operation_id, kind, record, kind, record)).fetchone()
    return None if found is None else str(found[0])
