"""Invariants of the history: no operation, change or creation is missing, and each is what it should be."""

from __future__ import annotations

import msgspec

from visitors.store.schema.invariants import Invariant, are_objects, is_json
from visitors.store.schema.recorded import COLUMNS, RECORDED


def _are_option_names(text: object) -> bool:
    if not is_json(text):
        return False
    names = msgspec.json.decode(str(text))
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _is_change(kind: object, before: object, after: object) -> bool:
    if kind not in RECORDED or not are_objects(before, after):
        return False
    sides = [msgspec.json.decode(str(text)).keys() for text in (before, after) if text is not None]
    return all(side <= set(COLUMNS[str(kind)]) and side == sides[0] for side in sides)


# The range of the row's number ends at or after it; overlapping ranges violate a rule of their own.
_IN_NO_RANGE = (
    "x.pk < coalesce((SELECT first FROM creations WHERE kind = '{}' AND last >= x.pk ORDER BY last LIMIT 1), x.pk + 1)"
)

# Ordered by end, each range must begin after the previous one ends.
_OVERLAP = (
    "(SELECT o.first FROM creations AS o WHERE o.kind = x.kind AND o.last > x.last ORDER BY o.last LIMIT 1) <= x.last"
    " OR EXISTS (SELECT 1 FROM creations AS o WHERE o.kind = x.kind AND o.last = x.last AND o.pk <> x.pk)"
)

# Numbers have no gaps, except for changes that an erasure removed: of earlier operations, which it notes, and its own.
_CHANGE_MISSING = """
    x.pk <> 1 + coalesce((SELECT max(pk) FROM changes AS p WHERE p.pk < x.pk), 0) AND NOT EXISTS (
        SELECT 1 FROM (SELECT operation FROM erased_changes UNION ALL SELECT operation FROM erasures) AS e
        WHERE e.operation <= x.operation AND e.operation >= coalesce((
            SELECT operation FROM changes AS p WHERE p.pk < x.pk ORDER BY p.pk DESC LIMIT 1
        ), 0)
    )
"""

CREATED = {
    kind: Invariant(
        name=f"{kind}-created",
        says=f"every {kind} was created by an operation",
        table=table,
        broken=_IN_NO_RANGE.format(kind),
        is_gap=True,
    )
    for kind, table in RECORDED.items()
}
"""The rules that every record's origin is in the history, by kind of record."""

OF_HISTORY = (
    Invariant(
        name="open-operation",
        says="no operation is left open",
        table="operations",
        broken="x.is_open IS NOT NULL",
    ),
    Invariant(
        name="operation-options",
        says="the options of every operation are a JSON array of names",
        table="operations",
        columns=("arguments",),
        judge=_are_option_names,
    ),
    Invariant(
        name="change",
        says="every change is of a known kind, with the same known columns before and after, as JSON",
        table="changes",
        columns=("kind", "before", "after"),
        judge=_is_change,
        id="x.pk",
    ),
    Invariant(
        name="change-missing",
        says="no change is missing, except after an erasure",
        table="changes",
        broken=_CHANGE_MISSING,
        id="x.pk",
        is_gap=True,
    ),
    Invariant(
        name="operation-missing",
        says="no operation is missing",
        table="operations",
        broken="x.pk <> 1 + coalesce((SELECT max(pk) FROM operations AS p WHERE p.pk < x.pk), 0)",
        is_gap=True,
    ),
    Invariant(
        name="operation-empty",
        says="every operation changed or created something, unless that was erased",
        table="operations",
        # if it erased, its receipt is the record
        broken="x.is_open IS NULL AND x.command NOT IN ('erase', 'contacts erase')"
        + "".join(
            f" AND NOT EXISTS (SELECT 1 FROM {table} AS h WHERE h.operation = x.pk)"
            for table in ("changes", "creations", "erasures", "erased_changes")
        ),
        is_gap=True,
    ),
    Invariant(
        name="undo",
        says="every undo has the operations that it undid",
        table="operations",
        broken="x.is_open IS NULL AND x.command = 'undo'"
        " AND NOT EXISTS (SELECT 1 FROM undone AS u WHERE u.operation = x.pk)",
        is_gap=True,
    ),
    Invariant(
        name="creation-kind",
        says="every created record is of a known kind",
        table="creations",
        broken=f"x.kind NOT IN ({', '.join(repr(kind) for kind in RECORDED)})",
        kind="range",
        id="x.pk",
    ),
    Invariant(
        name="creation-overlap",
        says="no record was created by two operations",
        table="creations",
        broken=_OVERLAP,
        kind="range",
        id="x.pk",
    ),
    *CREATED.values(),
)
"""The rules about the history."""
