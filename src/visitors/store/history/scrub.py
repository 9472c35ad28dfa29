"""Remove the erased from the history, once their records are removed.

The history of others stays; only what belonged to the erased is removed from it. If a change of somebody else refers to
an erased record on one side, that side becomes null, so a change always has the same keys before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from visitors.domain.fields import PERSON
from visitors.domain.metadata import encode, metadata_hash
from visitors.domain.receipt import Identities
from visitors.store.database import THESE, decoded, rows
from visitors.store.history.belonging import IDENTIFYING
from visitors.store.history.erasing import Scope
from visitors.store.history.values import Values, had, held
from visitors.store.schema.recorded import OPEN, RECORDED, REFERENCES
from visitors.store.store import Store

_LINKS = {kind: {column: parent for child, column, parent in REFERENCES if child == kind} for kind in RECORDED}
"""Kind of record -> column -> the kind of record that it refers to."""

_TEXTS = [field.column for field in PERSON.values()]
_OTHERS = [*(column for column in _TEXTS if column not in IDENTIFYING), "metadata"]
"""Columns of common values: removed only from the history of contacts that took them over, or had them together with an
identifying value of the erased. Identifying values are removed from everybody's history.
"""

_Columns = dict[str, Any]


class Known(msgspec.Struct, frozen=True):
    """What is and was known of the erased contacts, besides their ids."""

    values: Values
    survivors: set[str]
    """Other contacts that one of these was ever merged into, and that took over values that they lacked."""

    @property
    def identifying(self) -> Values:
        """The emails and external ids."""
        return {(column, value) for column, value in self.values if column in IDENTIFYING}


def known(store: Store, scope: Scope) -> Known:
    """Collect what is known of the contacts in `scope`, before they are removed."""
    contacts = scope.ids["contact"]
    found = had(store, "contact", (*_TEXTS, "metadata"), contacts)
    return Known({pair for values in found.values() for pair in _values(values)}, _survivors(store, contacts))


def without_what_others_have(store: Store, known: Known) -> Known:
    """Leave out the emails and external ids that a remaining contact has too."""
    return msgspec.structs.replace(known, values=known.values - held(store, "contact", known.identifying))


def identities(scope: Scope, known: Known) -> Identities:
    """The identities of the erased."""
    return {
        "visitorId": scope.ids["visitor"],
        "contactId": scope.ids["contact"],
        "externalId": {value for column, value in known.values if column == "external_id"},
        "email": {value for column, value in known.values if column == "email"},
    }


def sweep(store: Store, scope: Scope, known: Known) -> tuple[int, int]:
    """Remove what was recorded of `scope` from the history, once its records are removed.

    Returns the number of earlier changes that lost data, and of their operations: these are marked, since they can no
    longer be undone.
    """
    affected: list[int] = []
    for kind, ids in scope.ids.items():
        sql = f"DELETE FROM changes WHERE kind = ? AND record {THESE} RETURNING operation"
        affected += [row[0] for row in store.execute(sql, (kind, rows(ids))).fetchall()]
    store.execute(f"DELETE FROM causes WHERE record {THESE}", (rows(scope.ids["visitor"]),))
    affected += _clean(store, _Cleaner(store, scope, known))
    own = store.execute(f"SELECT {OPEN}").fetchone()[0]
    earlier = [one for one in affected if one != own]
    operations = sorted(set(earlier))
    sql = "INSERT INTO erased_changes (operation, erasure) SELECT value, ? FROM json_each(?)"
    store.later(sql, (own, rows(operations)))
    return len(earlier), len(operations)


def _survivors(store: Store, contacts: set[str]) -> set[str]:
    """Return other contacts that one of these is or was merged into, directly or indirectly."""
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


def _values(columns: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str]]:
    """Yield columns with their values; those of metadata one by one, as JSON: 1 differs from true."""
    for column, value in columns:
        if column == "metadata":
            for key, one in decoded(value or "{}").items():
                yield _metadata(key, one)
        elif value is not None:
            yield column, value


def _metadata(key: str, value: object) -> tuple[str, str]:
    return f"metadata.{key}", msgspec.json.encode(value).decode()


# The history of others

# Links and identities appear both before and after; most changes of visitors have none.
_CANDIDATES = (
    "SELECT pk, operation, kind, record, before, after FROM changes"
    " WHERE kind <> 'visitor' OR instr(coalesce(before, after), '\"contact_id\"')"
)


def _clean(store: Store, cleaner: _Cleaner) -> list[int]:
    """Return the operations of the changes that lost data, one entry a change."""
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
    # the cause of a link to, or of its removal from, somebody erased
    store.execute_many("DELETE FROM causes WHERE operation = ? AND record = ?", unlinked)
    return affected


def _misassigned(store: Store, erased: Values) -> Iterator[tuple[str, Values]]:
    """Return other contacts that once had an email or external id of the erased, with their other values at that time:
    these were assigned to the wrong contact and corrected.
    """
    had_one = " OR ".join(
        f"json_extract({side}, '$.{column}') {THESE}" for side in ("before", "after") for column in IDENTIFYING
    )
    values = [rows(value for of_column, value in erased if of_column == column) for column in IDENTIFYING]
    sql = f"SELECT DISTINCT record FROM changes WHERE kind = 'contact' AND ({had_one})"
    for (record,) in store.execute(sql, values * 2).fetchall():
        worn = [state for state in _states(store, record) if not erased.isdisjoint(state.items())]
        yield record, {pair for state in worn for pair in _values((one, state.get(one)) for one in _OTHERS)}


def _states(store: Store, contact: str) -> Iterator[_Columns]:
    """Yield the states of a contact, from the current one back to its creation."""
    columns = (*_TEXTS, "metadata")
    there = store.execute(f"SELECT {', '.join(columns)} FROM contacts WHERE id = ?", (contact,)).fetchone()
    state: _Columns = {} if there is None else dict(zip(columns, there, strict=True))
    yield state
    sql = "SELECT before FROM changes WHERE record = ? AND kind = 'contact' AND before IS NOT NULL ORDER BY pk DESC"
    for (before,) in store.execute(sql, (contact,)):
        state = state | decoded(before)
        yield state


class _Cleaner:
    """Removes data of the erased from the changes of others."""

    def __init__(self, store: Store, scope: Scope, known: Known) -> None:
        self._erased = {
            kind: {(column, record) for column, target in links.items() for record in scope.ids[target]}
            for kind, links in _LINKS.items()
        }
        self._erased["contact"] |= known.identifying
        self._taken = dict.fromkeys(known.survivors, known.values - known.identifying)
        for record, taken in _misassigned(store, known.identifying):
            self._taken[record] = self._taken.get(record, set()) | taken
        sql = f"SELECT id, {', '.join(_OTHERS)} FROM contacts WHERE id {THESE}"
        for record, *now in store.execute(sql, (rows(self._taken),)).fetchall():
            self._taken[record] = self._taken[record].difference(_values(zip(_OTHERS, now, strict=True)))

    def clean(self, kind: str, record: str, before: _Columns | None, after: _Columns | None) -> bool:
        """Return whether the change lost data; columns that are now equal before and after are dropped from both."""
        sides = [side for side in (before, after) if side is not None]
        lost = {column for side in sides for column in self._lost(kind, record, side)}
        if before is not None and after is not None:
            for column in lost & before.keys() & after.keys():
                if before[column] == after[column]:
                    del before[column], after[column]
        return bool(lost)

    def _lost(self, kind: str, record: str, side: _Columns) -> Iterator[str]:
        """Set removed values to null in one side of a change; return the affected columns."""
        erased = self._erased[kind]
        taken = self._taken.get(record, set()) if kind == "contact" else set()
        for column in (*_LINKS[kind], *(_TEXTS if kind == "contact" else ())):
            pair = column, side.get(column)
            if pair in erased or pair in taken:
                side[column] = None
                yield column
        if taken and side.get("metadata"):
            said = decoded(side["metadata"])
            left = {key: value for key, value in said.items() if _metadata(key, value) not in taken}
            if len(left) < len(said):
                side["metadata"], side["metadata_hash"] = encode(left), metadata_hash(left)
                yield from ("metadata", "metadata_hash")
