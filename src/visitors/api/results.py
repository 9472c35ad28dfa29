"""What methods return, besides the records themselves."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, NamedTuple, Self, get_args

from visitors.domain.decision import Outcome, Rule
from visitors.domain.operation import Operation
from visitors.domain.receipt import Left, Receipt
from visitors.domain.visitor import Visitor
from visitors.operations.import_ import Taken


class Tracked(NamedTuple):
    """What `track` returns: the visitor, and how it was recognised."""

    visitor: Visitor
    resolved_by: Literal["id", "fingerprint", "created"]


class Identified(NamedTuple):
    """What `identify` returns: the visitor, what changed, and the rule that chose the contact."""

    visitor: Visitor
    outcome: Outcome
    rule: Rule


class Erased(NamedTuple):
    """What `erase` returns: the receipt, whether all traces are gone from the store's files (they are not while
    another process reads the store), and which records were left, with the reason.
    """

    receipt: Receipt
    is_wiped: bool
    left: list[Left]


class Imported(NamedTuple):
    """What `import_` returns: how many rows had which outcome, how many blocks were left standing (because the
    store has a newer one) or not taken (because they were lifted since), how many invalid values were not stored, and
    how many rows had values that were updated in the store since, and kept.
    """

    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    blank: int
    blocks_left_standing: int
    blocks_not_taken: int
    values_left_out: int = 0
    rows_outdated: int = 0

    @classmethod
    def of(cls, taken: Counter[Any], rejected: int, left: Counter[Any], values_left_out: int = 0) -> Self:
        """Build the result from the counts of an import."""
        counts = {what: taken[what] for what in get_args(Taken)}
        return cls(
            **counts,
            rejected=rejected,
            blocks_left_standing=left["standing"],
            blocks_not_taken=left["lifted"],
            values_left_out=values_left_out,
            rows_outdated=left["outdated"],
        )


class ImportedConversations(NamedTuple):
    """What `conversations.import_` returns: how many rows had which outcome, and how many new messages."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    blank: int
    messages: int


class Undone(NamedTuple):
    """What `undo` returns: the id of the undo, which can be undone in turn, and the operations undone, newest
    first.
    """

    id: str
    operations: list[Operation]
