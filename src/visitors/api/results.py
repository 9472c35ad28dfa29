"""Results of calls, besides the domain's own values."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, NamedTuple, Self, get_args

from visitors.domain.decision import Outcome, Rule
from visitors.domain.operation import Operation
from visitors.domain.receipt import Left, Receipt
from visitors.domain.visitor import Visitor
from visitors.operations.import_ import Taken


class Tracked(NamedTuple):
    """The visitor, and how it was recognised."""

    visitor: Visitor
    resolved_by: Literal["id", "fingerprint", "created"]


class Identified(NamedTuple):
    """The visitor with its contact, what changed, and the rule that chose the contact."""

    visitor: Visitor
    outcome: Outcome
    rule: Rule


class Erased(NamedTuple):
    """The receipt; whether the store's files are wiped (if not, another process is reading the store); and the records
    that were kept, with reasons, since they may not be the person's.
    """

    receipt: Receipt
    is_wiped: bool
    left: list[Left]


class Imported(NamedTuple):
    """The number of rows by outcome; of newer blocks that rows left standing; of blocks in rows that had since been
    lifted; and of invalid values that were not stored.
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
        )


class ImportedConversations(NamedTuple):
    """The number of rows by outcome, and of new messages."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    blank: int
    messages: int


class Undone(NamedTuple):
    """The id of the undo, which can itself be undone, and the operations that it undid, newest first."""

    id: str
    operations: list[Operation]
