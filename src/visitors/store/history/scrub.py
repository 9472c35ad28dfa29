"""Taking the erased out of the history, once their records are gone.

The history of others goes on: only what was the erased ones' own is taken out of it. Where a change of
somebody else led from or to one who is gone, that side is null, so that a change always has the same
members before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from visitors.domain.fields import PERSON
from visitors.domain.metadata import encode, metadata_hash
from visitors.domain.receipt import Identities
from visitors.store.database import THESE, decoded, rows
from visitors.store.history.belonging import IDENTIFYING
from visitors.store.history.erasing import Scope
from visitors.store.schema.recorded import RECORDED, REFERENCES
from visitors.store.store import OpenOperation, Store

_LINKS = {kind: {column: parent for child, column, parent in REFERENCES if child == kind} for kind in RECORDED}
"""Kind of record -> column -> the kind of record whose id stands there."""

_TEXTS = [field.column for field in PERSON.values()]
_OTHERS = [column for column in _TEXTS if column not in IDENTIFYING]
"""What is common, and goes from the history of those alone who took it on, or had it with what identified the erased
ones; what identifies goes from the history of anybody.
"""

_Columns = dict[str, Any]


class Known(msgspec.Struct, frozen=True):
    """What is and was known of the contacts that go, but for their ids; `metadata` are pairs as JSON."""

    texts: dict[str, set[str]]
    """Column of a contact -> its values."""
    metadata: set[tuple[str, str]]
    survivors: set[str]
    """Other contacts into which one of these was ever merged, and which took on what it was blank of."""


def known(store: Store, scope: Scope) -> Known:
    """What is known of the contacts in `scope`, before they go."""
    these = rows(scope.ids["contact"])
    columns = (*_TEXTS, "metadata")
    sql = f"SELECT {', '.join(columns)} FROM contacts WHERE id {THESE}"
    states: list[_Columns] = [dict(zip(columns, row, strict=True)) for row in store.execute(sql, (these,))]
    sql = f"SELECT before, after FROM changes WHERE kind = 'contact' AND record {THESE}"
    states += [decoded(side) for sides in store.execute(sql, (these,)) for side in sides if side is not None]

    def values(column: str) -> set[str]:
        return {state[column] for state in states if state.get(column) is not None}

    pairs = {pair for text in values("metadata") for pair in _pairs(text)}
    survivors = _survivors(store, scope.ids["contact"])
    return Known({column: values(column) for column in _TEXTS}, pairs, survivors)


def without_what_others_have(store: Store, known: Known) -> Known:
    """What is known, but for the emails and external ids that a contact which stays has, too."""

    def held(column: str, values: set[str]) -> set[str]:
        sql = f"SELECT {column} FROM contacts WHERE {column} {THESE}"
        return {row[0] for row in store.execute(sql, (rows(values),))}

    own = {column: known.texts[column] - held(column, known.texts[column]) for column in IDENTIFYING}
    return msgspec.structs.replace(known, texts=known.texts | own)


def identities(scope: Scope, known: Known) -> Identities:
    """What the erased ones were known by."""
    return {
        "visitorId": scope.ids["visitor"],
        "contactId": scope.ids["contact"],
        "externalId": known.texts["external_id"],
        "email": known.texts["email"],
    }


def sweep(store: Store, operation: OpenOperation, scope: Scope, known: Known) -> tuple[int, int]:
    """Take what was recorded of `scope` out of the history, once its records are gone.

    Returns how many earlier changes lost something, and of how many operations: these are noted, since they
    cannot be taken back any more.
    """
    affected: list[int] = []
    for kind, ids in scope.ids.items():
        sql = f"DELETE FROM changes WHERE kind = ? AND record {THESE} RETURNING operation"
        affected += [row[0] for row in store.execute(sql, (kind, rows(ids))).fetchall()]
    store.execute(f"DELETE FROM causes WHERE record {THESE}", (rows(scope.ids["visitor"]),))
    affected += _clean(store, _Cleaner(store, scope, known))
    earlier = [one for one in affected if one != operation.pk]
    operations = sorted(set(earlier))
    sql = "INSERT INTO erased_changes (operation, erasure) SELECT value, ? FROM json_each(?)"
    store.execute(sql, (operation.pk, rows(operations)))
    return len(earlier), len(operations)


def _survivors(store: Store, contacts: set[str]) -> set[str]:
    """Other contacts that one of these is or was merged into, through chains too."""
    sql = (
        f"SELECT merged_into FROM contacts WHERE id {THESE} UNION SELECT json_extract(before, '$.merged_into')"
        f" FROM changes WHERE kind = 'contact' AND record {THESE} UNION SELECT json_extract(after, '$.merged_into')"
        f" FROM changes WHERE kind = 'contact' AND record {THESE}"
    )
    found = set(contacts)
    while True:
        more = {row[0] for row in store.execute(sql, [rows(found)] * 3)} - {None} - found
        if not more:
            return found - contacts
        found |= more


def _pairs(metadata: str) -> Iterator[tuple[str, str]]:
    """Keys and values of metadata, the values as JSON: 1 is not true."""
    for key, value in decoded(metadata).items():
        yield key, _json(value)


# The history of others

# A link or an identity is in the change, before and after alike; most changes of visitors have none.
_CANDIDATES = (
    "SELECT pk, operation, kind, record, before, after FROM changes"
    " WHERE kind <> 'visitor' OR instr(coalesce(before, after), '\"contact_id\"')"
)


def _clean(store: Store, cleaner: _Cleaner) -> list[int]:
    """The operations whose changes lost something, one for each change."""
    affected, emptied, changed, unlinked = [], [], [], []
    for pk, operation, kind, record, *texts in store.execute(_CANDIDATES):
        before, after = (None if text is None else decoded(text) for text in texts)
        if not cleaner.clean(kind, record, before, after):
            continue
        affected.append(operation)
        if kind == "visitor":
            unlinked.append((operation, record))
        if before or after:
            changed.append((*(None if side is None else encode(side) for side in (before, after)), pk))
        else:
            emptied.append(pk)
    store.execute(f"DELETE FROM changes WHERE pk {THESE}", (rows(emptied),))
    store.execute_many("UPDATE changes SET before = ?, after = ? WHERE pk = ?", changed)
    # why it was linked to, or taken from, somebody who is gone
    store.execute_many("DELETE FROM causes WHERE operation = ? AND record = ?", unlinked)
    return affected


class _Taken(msgspec.Struct, frozen=True):
    """What somebody else's history has of the erased ones: values by column, and pairs of metadata as JSON."""

    texts: dict[str, set[str]]
    metadata: set[tuple[str, str]]

    def with_those_of(self, other: _Taken) -> _Taken:
        """Both together."""
        texts = {column: self.texts[column] | other.texts[column] for column in _OTHERS}
        return _Taken(texts, self.metadata | other.metadata)


def _worn(store: Store, erased: dict[str, set[str]]) -> Iterator[tuple[str, _Taken]]:
    """Other contacts that once had an email or external id of the erased ones, each with what it had beside it: it was
    said of the wrong person, and corrected.
    """
    had = " OR ".join(
        f"json_extract({side}, '$.{column}') {THESE}" for side in ("before", "after") for column in IDENTIFYING
    )
    values = [rows(erased[column]) for column in IDENTIFYING]
    sql = f"SELECT DISTINCT record FROM changes WHERE kind = 'contact' AND ({had})"
    for (record,) in store.execute(sql, values * 2).fetchall():
        worn = [state for state in _states(store, record) if any(state.get(one) in erased[one] for one in IDENTIFYING)]
        texts = {column: {state[column] for state in worn if state.get(column) is not None} for column in _OTHERS}
        yield record, _Taken(texts, {pair for state in worn for pair in _pairs(state.get("metadata") or "{}")})


def _states(store: Store, contact: str) -> Iterator[_Columns]:
    """What a contact was, from what it is now back to what it was made as."""
    columns = (*_TEXTS, "metadata")
    there = store.execute(f"SELECT {', '.join(columns)} FROM contacts WHERE id = ?", (contact,)).fetchone()
    state: _Columns = {} if there is None else dict(zip(columns, there, strict=True))
    yield state
    sql = "SELECT before FROM changes WHERE record = ? AND kind = 'contact' AND before IS NOT NULL ORDER BY pk DESC"
    for (before,) in store.execute(sql, (contact,)):
        state = state | decoded(before)
        yield state


class _Cleaner:
    """Takes what was the erased ones' own out of the changes of others."""

    def __init__(self, store: Store, scope: Scope, known: Known) -> None:
        self._erased = {
            kind: {column: scope.ids[target] for column, target in links.items()} for kind, links in _LINKS.items()
        }
        self._erased["contact"] |= {column: known.texts[column] for column in IDENTIFYING}
        own = {column: known.texts[column] for column in _OTHERS}
        self._taken = {one: _Taken(own, known.metadata) for one in known.survivors}
        for record, taken in _worn(store, self._erased["contact"]):
            self._taken[record] = taken if record not in self._taken else self._taken[record].with_those_of(taken)
        sql = f"SELECT id, {', '.join(_OTHERS)}, metadata FROM contacts WHERE id {THESE}"
        self._now = {row[0]: row[1:] for row in store.execute(sql, (rows(self._taken),))}

    def clean(self, kind: str, record: str, before: _Columns | None, after: _Columns | None) -> bool:
        """Whether the change lost something; what has become the same before and after is left out of both."""
        sides = [side for side in (before, after) if side is not None]
        lost = {column for side in sides for column in self._lost(kind, record, side)}
        if before is not None and after is not None:
            for column in lost & before.keys() & after.keys():
                if before[column] == after[column]:
                    del before[column], after[column]
        return bool(lost)

    def _lost(self, kind: str, record: str, side: _Columns) -> Iterator[str]:
        """Make what goes null in one side of a change; the columns that this changed."""
        erased = self._erased[kind]
        taken = self._taken.get(record) if kind == "contact" else None
        if taken is not None:
            *texts, metadata = self._now.get(record, (*[None] * len(_OTHERS), "{}"))
            now = zip(_OTHERS, texts, strict=True)
            erased = erased | {column: taken.texts[column] - {present} for column, present in now}
        for column, values in erased.items():
            if side.get(column) in values:
                side[column] = None
                yield column
        if taken is not None and side.get("metadata"):
            gone = taken.metadata - set(_pairs(metadata))
            kept = [pair for pair in decoded(side["metadata"]).items() if (pair[0], _json(pair[1])) not in gone]
            left = dict(kept)
            if len(left) < len(decoded(side["metadata"])):
                side["metadata"], side["metadata_hash"] = encode(left), metadata_hash(left)
                yield from ("metadata", "metadata_hash")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
