"""Erase people and devices permanently, with a receipt."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from visitors.domain import email_rules, normalise
from visitors.domain.ids import Entropy
from visitors.domain.receipt import Counts, Left, Receipt, make_receipt, new_key
from visitors.domain.times import Instant
from visitors.errors import InvalidData
from visitors.operations import references
from visitors.store.history import belonging, erasing, operations, receipts, scrub
from visitors.store.load import indexes
from visitors.store.records.blocks import Target
from visitors.store.store import OpenOperation, Store


def resolve(
    store: Store,
    target: Target,
    typed: Sequence[str],
    current: Instant,
    missing: references.Missing = references.refuse,
) -> list[str]:
    """Resolve references to distinct ids, including deleted records, and those that exist only in the history: the
    latter by full id, or contacts by email or external id. Raises what `missing` raises for unknown ones, and Conflict,
    also for an email of several deleted contacts.
    """
    tokens = [one.strip() for one in typed]
    gone = operations.removed(store, target, tokens)
    there = [one for one in tokens if one not in gone]
    if target == "visitor":
        found = references.visitor_ids(store, there, missing)
    else:
        lost: list[references.Lost] = []
        found = references.contact_ids(store, there, current, lambda some, _: lost.extend(some))
        once = {one.typed: _only_in_history(store, one.typed) for one in lost}
        if not all(once.values()):
            missing([one for one in lost if not once[one.typed]], len(tokens))
        found += [contact_id for ids in once.values() for contact_id in ids]
    return list(dict.fromkeys([*found, *(one for one in tokens if one in gone)]))


def _only_in_history(store: Store, reference: str) -> list[str]:
    """Return the ids of contacts that exist only in the history, by an email or `ext:ID`."""
    text = reference.strip()
    try:
        if text.startswith("ext:"):
            return belonging.former_contacts(
                store, "external_id", normalise.identifier(text.removeprefix("ext:"), "contact")
            )
        email = email_rules.email(text, "contact")
    except InvalidData:
        return []
    return belonging.former_contacts(store, "email", email)


def foresee(store: Store, target: Target, ids: Sequence[str]) -> Counts:
    """Return how much would be erased, without the history."""
    return erasing.scope(store, target, ids).counts(store)


def erase(
    store: Store,
    operation: OpenOperation,
    target: Target,
    ids: Sequence[str],
    *,
    command: str,
    rehearsal: bool = False,
    entropy: Entropy = os.urandom,
) -> tuple[Receipt, Sequence[Left]]:
    """Remove the records and everything about them in the history, the search index and the history of others. Returns
    the receipt, and what was kept because it may not be theirs.

    The store's receipt key is generated from `entropy` if it has none. In a `rehearsal`, which is rolled back, the
    search index stays unchanged.
    """
    scope = erasing.scope(store, target, ids)
    counts = scope.counts(store)
    known = scrub.known(store, scope)
    erasing.remove(store, operation, scope)
    known = scrub.without_what_others_have(store, known)
    changes, touched = scrub.sweep(store, scope, known)
    if not rehearsal:
        indexes.merge(store)
    key = receipts.key(store)
    if key is None:
        key = new_key(entropy)
        receipts.keep_key(store, key)
    receipt = make_receipt(
        key,
        operation.id,
        operation.at,
        operation.actor,
        command,
        msgspec.structs.replace(counts, changes=changes, operations=touched),
        scrub.identities(scope, known),
        store.place.keeps_copies_in,
    )
    receipts.keep(store, receipt)
    return receipt, scope.belongings.left
