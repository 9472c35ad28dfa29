"""The tables: of records whose every change is recorded, how these refer to one another, and of the history."""

from __future__ import annotations

from visitors.domain.fields import CONTACT, VISITOR, columns

RECORDED = {
    "contact": "contacts",
    "visitor": "visitors",
    "block": "blocks",
    "conversation": "conversations",
    "message": "messages",
}
"""Kind of record -> its table; what is referred to comes first."""

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
"""Kind of record -> the columns of its table, in their order."""

SEARCHED = {"contact": ("external_id", "name", "email"), "conversation": ("title",), "message": ("body",)}
"""Kind of record -> its columns that are searched, in the order in which `DERIVED` has them."""

DERIVED = "search_text"
"""The column of these kinds that follows from those: neither recorded nor dumped. `search_text` of
`visitors.domain.folding` makes it; SQL cannot.
"""

UNDUMPED = {DERIVED, "is_unfinished"}
"""The columns that no dump has: what follows from others, and what is so of one file."""

REALS = {field.column for field in VISITOR if field.type == "number"}
"""The columns of numbers that are not whole."""

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
"""Type of a line in a dump -> its table, in an order in which what is referred to mostly comes first: all tables but
those that are filled from others.
"""

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
"""Kind of record, the column by which it refers to another, and of what kind that is."""


def claimed(kind: str) -> str:
    """The SQL of the highest number that a closed operation gave to a record of the kind."""
    return f"coalesce((SELECT max(last) FROM creations WHERE kind = '{kind}'), 0)"


def given(kind: str) -> str:
    """The SQL of the highest number that any record of the kind ever had: one that is there, that a closed operation
    created, or that was removed.
    """
    return (
        f"max({claimed(kind)}, coalesce((SELECT max(pk) FROM {RECORDED[kind]}), 0),"
        " coalesce((SELECT json_extract(before, '$.pk') FROM changes INDEXED BY changes_removed"
        f" WHERE kind = '{kind}' AND before IS NOT NULL AND after IS NULL"
        " ORDER BY json_extract(before, '$.pk') DESC LIMIT 1), 0))"
    )
