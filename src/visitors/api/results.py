"""What calls give back beside the domain's own values."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, NamedTuple, Self, get_args

from visitors.domain.decision import Outcome, Rule
from visitors.domain.operation import Operation
from visitors.domain.receipt import Left, Receipt
from visitors.domain.visitor import Visitor
from visitors.operations.import_ import Taken


class Tracked(NamedTuple):
    """Who came, and how it was recognised."""

    visitor: Visitor
    resolved_by: Literal["id", "fingerprint", "created"]


class Identified(NamedTuple):
    """Who it is now, what that changed, and the rule that chose the contact."""

    visitor: Visitor
    outcome: Outcome
    rule: Rule


class Erased(NamedTuple):
    """The proof; whether the store's files are wiped: if not, another process reads the store; and what was left, with
    why, since it may not be the person's.
    """

    receipt: Receipt
    is_wiped: bool
    left: list[Left]


class Imported(NamedTuple):
    """What became of the rows, and of blocks that they tell of and that are newer in the store: how many were left
    standing, and how many, lifted since, were not taken; and how many bad values nothing was stored for.
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
        """The counts of an import."""
        counts = {what: taken[what] for what in get_args(Taken)}
        return cls(
            **counts,
            rejected=rejected,
            blocks_left_standing=left["standing"],
            blocks_not_taken=left["lifted"],
            values_left_out=values_left_out,
        )


class ImportedConversations(NamedTuple):
    """What became of the rows, and how many messages are new."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    blank: int
    messages: int


class Undone(NamedTuple):
    """The id of the undo, with which it is taken back in turn, and what it took back, newest first."""

    id: str
    operations: list[Operation]
