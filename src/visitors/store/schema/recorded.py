"""The tables of records and of the history, and the SQL with which an operation begins and ends.

Triggers record every change of a table of records, so that no write can bypass it. New rows have ascending numbers, so
everything that an operation creates of one kind is recorded as one range (`creations`), written by `Store.operation` at
its end: the cost is the same for one row and for a million. The initial state of a row is its current one with all
changes reverted.

Each changed row becomes one row of `changes`, tied to the open operation: the changed columns, before and after; for a
removed row all columns before, including its number. A row restored under its former number is a change without either.
Writes outside of an operation, by hand in a SQLite shell for example, are rejected, since they would be missing from
the history.
"""

from __future__ import annotations

from visitors.domain.fields import CONTACT, VISITOR, columns

RECORDED = {
    "contact": "contacts",
    "visitor": "visitors",
    "block": "blocks",
    "conversation": "conversations",
    "message": "messages",
}
"""Kind of record -> its table; referenced kinds come first."""

_OF_VISITOR = columns(VISITOR, "visitors").values()
COLUMNS = {
    "contact": ("pk", *columns(CONTACT, "contacts").values(), "merged_into"),
    "visitor": ("pk", "id", "contact_id", *(one for one in _OF_VISITOR if one not in ("id", "contact_id"))),
    "block": (
        "pk", "id", "visitor_id", "contact_id", "reason", "blocked_at", "blocked_by", "expires_at", "lifted_at",
        "lifted_by",
    ),
    "conversation": (
        "pk", "id", "title", "status", "priority", "visitor_id", "contact_id", "created_at", "updated_at",
        "resolved_at",
    ),
    "message": ("pk", "id", "conversation_id", "visitor_id", "agent", "body", "created_at"),
}  # fmt: skip
"""Kind of record -> the columns of its table, in order."""


def public_name(column: str) -> str:
    """Convert `external_id` to `externalId`, the name of a column in the history."""
    first, *rest = column.split("_")
    return first + "".join(word.title() for word in rest)


SEARCHED = {"contact": ("external_id", "name", "email"), "conversation": ("title",), "message": ("body",)}
"""Kind of record -> its searched columns, in the order of `DERIVED`."""

DERIVED = "search_text"
"""The column of these kinds derived from them: neither recorded nor dumped. `visitors.domain.folding.search_text`
computes it; SQL cannot.
"""

UNDUMPED = {DERIVED, "is_unfinished"}
"""The columns that no dump has: derived ones, and those specific to one file."""

REALS = {field.column for field in VISITOR if field.type == "number"}
"""The columns of floating-point numbers."""

EXACT = "iif(typeof({0}) = 'real', json(printf('%!.17g', {0})), {0})"
"""The SQL of a value in JSON. Some SQLite versions print a REAL in JSON with 15 digits; 17 are needed to round-trip."""

TABLES = {
    **RECORDED,
    "operation": "operations",
    "creation": "creations",
    "change": "changes",
    "cause": "causes",
    "undone": "undone",
    "erasure": "erasures",
    "erasedChange": "erased_changes",
    "key": "keys",
}
"""Type of a line in a dump -> its table, mostly with referenced ones first: all tables except derived ones."""

REFERENCES = (
    ("contact", "merged_into", "contact"),
    ("visitor", "contact_id", "contact"),
    ("block", "visitor_id", "visitor"),
    ("block", "contact_id", "contact"),
    ("conversation", "visitor_id", "visitor"),
    ("conversation", "contact_id", "contact"),
    ("message", "conversation_id", "conversation"),
    ("message", "visitor_id", "visitor"),
)
"""Kind of record, a column that refers to another record, and the kind of that."""


def claimed(kind: str) -> str:
    """Build the SQL of the highest number that a closed operation assigned to a record of the kind."""
    return f"coalesce((SELECT max(last) FROM creations WHERE kind = '{kind}'), 0)"


def given(kind: str) -> str:
    """Build the SQL of the highest number that any record of the kind ever had: existing, created by a closed
    operation, or removed.
    """
    return (
        f"max({claimed(kind)}, coalesce((SELECT max(pk) FROM {RECORDED[kind]}), 0),"
        " coalesce((SELECT json_extract(before, '$.pk') FROM changes INDEXED BY changes_removed"
        f" WHERE kind = '{kind}' AND before IS NOT NULL AND after IS NULL"
        " ORDER BY json_extract(before, '$.pk') DESC LIMIT 1), 0))"
    )


OPEN = "(SELECT pk FROM operations WHERE is_open = 1)"
"""The SQL of the number of the open operation."""

LEFT_OPEN = "UNIQUE constraint failed: operations.is_open"
"""SQLite's message for beginning an operation if another program left one open: the store is damaged."""

BEGIN_OPERATION = "INSERT INTO operations (id, at, actor, command, arguments, is_open) VALUES (?, ?, ?, ?, ?, 1)"

CLAIM_CREATIONS = [
    (
        f"INSERT INTO creations (operation, kind, first, last) SELECT {OPEN}, kind, claimed + 1, newest FROM ("
        + " UNION ALL ".join(
            f"SELECT '{kind}' AS kind, {given(kind)} AS newest, {claimed(kind)} AS claimed" for kind in RECORDED
        )
        + ") WHERE newest > claimed",
        (),
    )
]
"""The statement that records what the open operation created: everything since the last one, even if removed again."""

HAS_CHANGED = (
    " UNION ALL ".join(
        f"SELECT 1 FROM {table} WHERE operation = {OPEN}" for table in ("creations", "changes", "erasures")
    )
    + " LIMIT 1",
    (),
)
"""The query for whether the open operation changed anything, after CLAIM_CREATIONS."""

END_OPERATION = [("UPDATE operations SET is_open = NULL WHERE is_open = 1", ())]
