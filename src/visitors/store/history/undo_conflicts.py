"""Find what prevents undoing an operation: later operations that changed the same records.

This is one query, composed of parts named after what they find. Its parameter is the `target`: the number of the
operation.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from visitors.store.database import Question
from visitors.store.schema.recorded import RECORDED, REFERENCES


class Overlap(msgspec.Struct, frozen=True):
    """An operation's overlap with another: it changed `count` of the other's records, of which one is `record`."""

    operation: int
    count: int
    kind: str
    record: str


def overlaps_since(target: int) -> Question[list[Overlap]]:
    """Return the operations after `target`, and those before it that were undone or redone after it, that changed what
    undoing it would change, newest first.

    That is: records that it changed or created, references to records that would be removed, contacts with an email or
    external id that would be restored, and records to which a reference would be restored though they are removed or
    merged.
    """
    # sorted here: for groups of a UNION, SQLite 3.53 ignores ORDER BY ... DESC
    return Question(OVERLAPS, (target,), lambda found: [Overlap(*row) for row in sorted(found, reverse=True)])


def _made() -> Iterator[str]:
    for kind, table in RECORDED.items():
        yield (
            f"SELECT '{kind}', r.id FROM target AS t"
            f" JOIN creations AS n ON n.operation = t.pk AND n.kind = '{kind}'"
            f" JOIN {table} AS r ON r.pk BETWEEN n.first AND n.last"
        )
    yield "SELECT kind, record FROM own WHERE before IS NULL AND after IS NULL"


def _created_and_removed() -> Iterator[str]:
    for kind in RECORDED:
        yield (
            f"SELECT '{kind}', h.record FROM target AS t"
            f" CROSS JOIN creations AS n ON n.operation = t.pk AND n.kind = '{kind}'"
            f" CROSS JOIN changes AS h INDEXED BY changes_removed ON h.kind = '{kind}'"
            " AND h.before IS NOT NULL AND h.after IS NULL AND json_extract(h.before, '$.pk') >= +n.first"
            " AND json_extract(h.before, '$.pk') <= +n.last"
        )


def _references_to_removed() -> Iterator[str]:
    for kind, column, parent in REFERENCES:
        yield (
            f"SELECT '{kind}', r.id FROM leaving AS p CROSS JOIN {RECORDED[kind]} AS r ON r.{column} = p.record"
            f" WHERE p.kind = '{parent}'"
        )


def _rivals() -> Iterator[str]:
    """Build the SQL for contacts with an email or external id that another one would get back."""
    for column, is_live in (
        ("external_id", "r.merged_into IS NULL"),
        ("email", "r.merged_into IS NULL AND r.deleted_at IS NULL"),
    ):
        yield (
            "SELECT 'contact', r.id FROM own AS h LEFT JOIN contacts AS c ON c.id = h.record"
            f" CROSS JOIN contacts AS r ON r.{column} IN (json_extract(h.before, '$.{column}'), c.{column})"
            f" AND r.id <> h.record AND {is_live} WHERE h.kind = 'contact'"
        )


def _lost_parents() -> Iterator[str]:
    for kind, column, parent in REFERENCES:
        reference = f"json_extract(h.before, '$.{column}')"
        is_there = f"p.id = {reference}" + (" AND p.merged_into IS NULL" if parent == "contact" else "")
        yield (
            f"SELECT '{parent}', {reference} FROM own AS h WHERE h.kind = '{kind}' AND {reference} IS NOT NULL"
            f" AND NOT EXISTS (SELECT 1 FROM {RECORDED[parent]} AS p WHERE {is_there})"
        )


def _overlapping() -> Iterator[str]:
    """Build the SQL for operations with the records that they changed, created, or created and later removed."""
    of_changes = "CROSS JOIN changes AS h INDEXED BY changes_record ON h.record = m.record AND h.kind = m.kind"
    yield _members("h.operation", of_changes)
    # only removals have a number in their change; asking just these takes a tenth of the time
    number = "json_extract(h.before, '$.pk')"
    yield _members("n.operation", f"{of_changes} AND h.after IS NULL {_maker(number)}")
    for kind, table in RECORDED.items():
        of_rows = f"CROSS JOIN {table} AS r ON r.id = m.record AND m.kind = '{kind}'"
        yield _members("n.operation", f"{of_rows} {_maker('r.pk')}")


def _members(operation: str, joined: str) -> str:
    """Build the SQL for the members with operations joined to them: later than the target, and the earlier ones."""
    return (
        f"SELECT {operation}, m.kind, m.record FROM members AS m {joined} WHERE {operation} > (SELECT pk FROM target)"
        f" OR {operation} IN (SELECT pk FROM earlier)"
    )


def _maker(number: str) -> str:
    """Build the join with the creation range that has a record's number; each number is in one."""
    return (
        "CROSS JOIN creations AS n ON n.pk = (SELECT pk FROM creations"
        f" WHERE kind = m.kind AND last >= {number} ORDER BY last LIMIT 1)"
    )


_PARTS = {
    "target (pk)": ["SELECT ?"],
    "earlier (pk)": ["SELECT u.target FROM target AS t JOIN undone AS u ON u.operation > t.pk AND u.target < t.pk"],
    "own (kind, record, before, after)": [
        "SELECT h.kind, h.record, h.before, h.after FROM target AS t JOIN changes AS h ON h.operation = t.pk"
    ],
    "leaving (kind, record)": [
        *_made(),
        # a contact that becomes a tombstone again
        "SELECT kind, record FROM own WHERE kind = 'contact' AND json_extract(before, '$.merged_into') IS NOT NULL",
    ],
    "members (kind, record)": [
        "SELECT kind, record FROM own",
        "SELECT kind, record FROM leaving",
        *_created_and_removed(),
        *_references_to_removed(),
        *_rivals(),
        *_lost_parents(),
    ],
}
OVERLAPS = (
    "WITH "
    + ", ".join(f"{name} AS ({' UNION ALL '.join(selects)})" for name, selects in _PARTS.items())
    + f", overlapping (operation, kind, record) AS ({' UNION '.join(_overlapping())})"
    " SELECT operation, count(*), min(kind), min(record) FROM overlapping GROUP BY operation"
)
"""The query; its parameter is the number of the operation."""
