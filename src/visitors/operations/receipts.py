"""Verify a receipt: it is unaltered, and its subjects are not in the store."""

from __future__ import annotations

from visitors.domain.receipt import Kind, Receipt, encode, hasher, is_signed
from visitors.store.history import receipts
from visitors.store.history.receipts import Place
from visitors.store.store import Store

_CALLED: dict[Kind, str] = {
    "visitorId": "a visitor id",
    "contactId": "a contact id",
    "externalId": "an external id",
    "email": "an email",
}


def verify(store: Store, receipt: Receipt) -> list[str]:
    """Return what is wrong with the receipt, one sentence each, none of which reveals its subjects; empty if it
    verifies.
    """
    key = receipts.key(store)
    if key is None:
        return ["nothing was ever erased from this store, so the receipt is from another one"]
    problems = []
    if not is_signed(key, receipt):
        problems.append("its signature does not match: it was changed, or is from another store")
    kept = receipts.of_operation(store, receipt.operation_id)
    if kept is None:
        problems.append(f"this store has no erasure {receipt.operation_id}")
    elif kept != encode(receipt):
        problems.append(f"it differs from the receipt of erasure {receipt.operation_id}")
    # the subjects of another store's receipt are meaningless here
    return problems or _found_again(store, receipt, key)


def _found_again(store: Store, receipt: Receipt, key: str) -> list[str]:
    hashed = hasher(key)
    wanted = {(subject.kind, subject.hash) for subject in receipt.subjects}
    problems: dict[tuple[Kind, str], str] = {}
    for place in receipts.identities(store):
        subject = (place.identity, hashed(place.identity, place.value))
        if subject in wanted and subject not in problems:
            problems[subject] = _told(store, receipt, place)
    return [problems[subject] for subject in sorted(problems)]


def _told(store: Store, receipt: Receipt, place: Place) -> str:
    what = f"{_CALLED[place.identity]} that was erased is"
    where = f"the history (operation {place.operation})" if place.operation else f"a {place.kind}"
    later = receipts.since(store, receipt.operation_id, place.kind, place.record)
    if later is None:
        return f"{what} still in the store: in {where}"
    return f"{what} in the store again, in {where}: it was added after the erasure by operation {later}"
