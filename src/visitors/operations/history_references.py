"""Resolve what a person typed to what the history has: operations, and records of any kind, removed ones too."""

from __future__ import annotations

from visitors.domain.times import Instant
from visitors.errors import NotFound
from visitors.operations import prefixes, references
from visitors.store.history import operations
from visitors.store.query.listing import begin_with
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store


def operation_id(store: Store, reference: str) -> str:
    """Return the id of the operation that `reference` (an id or unique prefix) identifies."""
    return prefixes.by_prefix("operations", reference, prefixes.look_up(store, "operations", [reference])).id


def record_ids(store: Store, reference: str, current: Instant) -> tuple[str, ...]:
    """Return the id of the record that `reference` identifies: a visitor, a contact, or another kind of record by its
    id or a unique prefix; or the full id of one that exists only in the history. Visitors take precedence over
    contacts, and both over other records.

    Raises NotFound and Conflict.
    """
    if reference.startswith("ext:") or "@" in reference:
        return (references.contact(store, reference, current).id,)
    try:
        return tuple(references.visitor_ids(store, [reference]))
    except NotFound:
        pass
    try:
        found = references.contact(store, reference, current).id
    except NotFound:
        return (_other_record_id(store, prefixes.id_or_prefix(reference, "record")),)
    # a tombstone has a history of its own, beside the survivor's
    prefix = reference.strip()
    begun = store.ask(begin_with("contacts", [prefix], 1))[prefix]
    return tuple(dict.fromkeys((*(one.id for one in begun), found)))


def _other_record_id(store: Store, token: str) -> str:
    """Return the id of a record other than a visitor or contact. Raises NotFound and Conflict."""
    prefix = token.removesuffix(prefixes.ELLIPSIS)
    others = [table for kind, table in RECORDED.items() if kind not in ("visitor", "contact")]
    found = store.ask_all(*(begin_with(table, [prefix], prefixes.CANDIDATES + 1) for table in others))
    matches = [one.id for begun in found for one in begun[prefix]]
    if token in matches or len(matches) == 1:
        return token if token in matches else matches[0]
    if matches:
        raise prefixes.ambiguous(prefix, "record", matches)
    if any(operations.removed(store, kind, [token]) for kind in RECORDED):
        return token
    raise NotFound(
        f"no record has the id {prefix!r}",
        code="record_not_found",
        hint="to list operations, with the first records that each changed: visitors history",
    )
