"""Resolve what a person typed to what the history has: operations, and records of any kind, removed ones too."""

from __future__ import annotations

from visitors.domain.times import Instant
from visitors.errors import NotFound
from visitors.operations import prefixes, references
from visitors.store.history import operations
from visitors.store.history.operations import Ids
from visitors.store.query.listing import begin_with
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store


def operation_id(store: Store, reference: str) -> str:
    """Return the id of the operation that `reference` (an id or unique prefix) identifies."""
    return prefixes.by_prefix("operations", reference, prefixes.look_up(store, "operations", [reference])).id


def record_ids(store: Store, reference: str, current: Instant) -> Ids:
    """Return the id of the record that `reference` identifies, by kind: a visitor, a contact, or another record by its
    id or a unique prefix; or the full id of one that exists only in the history. Visitors take precedence over
    contacts, and both over other records.

    Raises NotFound and Conflict.
    """
    if reference.startswith("ext:") or "@" in reference:
        return {"contact": [references.contact(store, reference, current).id]}
    try:
        return {"visitor": references.visitor_ids(store, [reference])}
    except NotFound:
        pass
    try:
        found = references.contact(store, reference, current).id
    except NotFound:
        return _other_record_ids(store, prefixes.id_or_prefix(reference, "record"))
    # a tombstone has a history of its own, beside the survivor's
    prefix = reference.strip()
    begun = store.ask(begin_with("contacts", [prefix], 1))[prefix]
    return {"contact": list(dict.fromkeys((*(one.id for one in begun), found)))}


def _other_record_ids(store: Store, token: str) -> Ids:
    """Return the id of a record other than a visitor or contact, by kind; records of several kinds may have it. Raises
    NotFound and Conflict.
    """
    prefix = token.removesuffix(prefixes.ELLIPSIS)
    others = {kind: table for kind, table in RECORDED.items() if kind not in ("visitor", "contact")}
    found = store.ask_all(*(begin_with(table, [prefix], prefixes.CANDIDATES + 1) for table in others.values()))
    matches = {kind: [one.id for one in begun[prefix]] for kind, begun in zip(others, found, strict=True)}
    ids = [one for of_kind in matches.values() for one in of_kind]
    if token in ids or len(ids) == 1:
        only = token if token in ids else ids[0]
        return {kind: [only] for kind, of_kind in matches.items() if only in of_kind}
    if ids:
        raise prefixes.ambiguous(prefix, "record", ids)
    removed = {kind: [token] for kind in RECORDED if operations.removed(store, kind, [token])}
    if removed:
        return removed
    raise NotFound(
        f"no record has the id {prefix!r}",
        code="record_not_found",
        hint="to list operations, with the first records that each changed: visitors history",
    )
