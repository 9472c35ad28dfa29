"""The records that operations changed: the first few visitors, contacts and conversations of each, and their number.

They are derived from what was created and changed, so erasing somebody removes their ids here too. A block counts as
its target. An import changes a million records, so only a limited number is read for each operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from visitors.domain.operation import Operation, Target
from visitors.store.database import Question, decoded, rows
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store

FIRST = 3
"""The number of targets listed for an operation."""
COUNTED = 1_000
"""The limit for counting the targets of an operation."""

_KINDS = ("visitor", "contact", "conversation")
_SHOWN_FIRST = {"contacts": "contact", "conversations": "conversation"}
"""Command group -> the kind of its targets; for all other commands these are visitors."""


def with_targets(store: Store, found: Mapping[int, Operation]) -> list[Operation]:
    """Return the operations with these numbers, with their targets and the terms of the blocks that `block` made."""
    if not found:
        return []
    targets, terms = store.ask_all(_targets(list(found)), _terms([pk for pk in found if found[pk].command == "block"]))
    many = [pk for pk in found if len(targets[pk]) > FIRST]
    counts = store.ask(_counts(many)) if many else {}
    told = []
    for pk, operation in found.items():
        first = _SHOWN_FIRST.get(operation.command.split()[0], "visitor")
        some = sorted(targets[pk], key=lambda target: (target.kind != first, _KINDS.index(target.kind)))
        count = counts.get(pk, len(some))
        reason, expires_at = terms.get(pk, (None, None))
        told.append(
            msgspec.structs.replace(
                operation,
                targets=some[:FIRST],
                target_count=count if count <= COUNTED else None,
                reason=reason,
                expires_at=expires_at,
            )
        )
    return told


def _targets(numbers: Sequence[int]) -> Question[dict[int, list[Target]]]:
    """Return some targets of each operation: all, unless there are more than `FIRST`."""
    sql = (
        f"SELECT o.value, (SELECT json_group_array(json_array(kind, id)) FROM ({_targets_sql(FIRST + 1)}))"
        " FROM json_each(?) AS o"
    )
    return Question(
        sql,
        (rows(numbers),),
        lambda found: {pk: [Target(*one) for one in decoded(document)] for pk, document in found},
    )


def _counts(numbers: Sequence[int]) -> Question[dict[int, int]]:
    """Return the number of targets of each operation; more than `COUNTED` if there are more."""
    sql = f"SELECT o.value, (SELECT count(*) FROM ({_targets_sql(COUNTED + 1)})) FROM json_each(?) AS o"
    return Question(sql, (rows(numbers),), dict[int, int])


def _terms(numbers: Sequence[int]) -> Question[dict[int, tuple[str | None, str | None]]]:
    """Return reason and expiry of the first block that each operation made, if it still exists."""
    sql = (
        "SELECT o.value, b.reason, b.expires_at FROM json_each(?) AS o CROSS JOIN creations AS n"
        " CROSS JOIN blocks AS b ON b.pk = n.first WHERE n.operation = o.value AND n.kind = 'block'"
    )
    return Question(sql, (rows(numbers),), lambda found: {pk: (reason, ends) for pk, reason, ends in found})


def _targets_sql(limit: int) -> str:
    """Build the SQL for the distinct kinds and ids that operation `o.value` changed. Of each kind it reads at most
    `limit` created, removed and changed records.
    """
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    created = "FROM creations AS n CROSS JOIN {} WHERE n.operation = o.value AND n.kind "
    there = "{} AS r ON r.pk BETWEEN n.first AND n.last"
    removed = (
        "changes AS h INDEXED BY changes_removed ON h.kind = n.kind AND h.before IS NOT NULL AND h.after IS NULL"
        " AND json_extract(h.before, '$.pk') BETWEEN n.first AND n.last"
    )
    changed = "FROM changes AS h {} WHERE h.operation = o.value AND h.kind "
    block = "LEFT JOIN blocks AS r ON r.id = h.record"
    parts = [
        *(f"'{kind}' AS kind, r.id {created.format(there.format(RECORDED[kind]))} = '{kind}'" for kind in _KINDS),
        f"h.kind, h.record {created.format(removed)} IN ({kinds})",
        f"h.kind, h.record {changed.format('')} IN ({kinds})",
        f"{_blocked('r.{}')} {created.format(there.format('blocks'))} = 'block'",
        f"{_blocked(_BEFORE)} {created.format(removed)} = 'block'",
        f"{_blocked(f'coalesce(r.{{0}}, {_BEFORE})')} {changed.format(block)} = 'block'",
    ]
    union = " UNION ".join(f"SELECT * FROM (SELECT {part} LIMIT {limit})" for part in parts)
    return f"SELECT * FROM ({union}) WHERE id IS NOT NULL"


_BEFORE = "json_extract(h.before, '$.{0}')"


def _blocked(column: str) -> str:
    """Build the SQL for the kind and id of a block's target; `column` gives the SQL of a column of the block."""
    visitor, contact = column.format("visitor_id"), column.format("contact_id")
    return (
        f"CASE WHEN {visitor} IS NULL THEN 'contact' ELSE 'visitor' END AS kind, coalesce({visitor}, {contact}) AS id"
    )
