"""The visitors that a command changes: named one by one, or chosen by a selection."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.store.records import visitors
from visitors.store.store import Store


class Targets:
    """Visitors to be changed. Naming none never means all."""

    def __init__(
        self,
        named: Sequence[str],
        selection: Selection,
        *,
        everything: bool = False,
        deleted: bool | None = False,
        selects: bool = True,
        takes_all: bool = True,
    ) -> None:
        """`deleted` is whether a selection chooses only deleted visitors (True), only live ones (False), or either
        (None); unless it is False, deleted ones may be named. Hints do not mention a selection or `--all` if the caller
        has no such options. Raises UsageProblem if no visitors are given, or in two ways.
        """
        if selection.deleted and deleted is False:
            raise UsageProblem("deleted visitors cannot be changed", hint="to restore them first: visitors restore")
        if named and (everything or not selection.is_everything):
            raise UsageProblem("ids and a selection cannot be combined")
        if everything and not selection.is_everything:
            raise UsageProblem("--all and a selection cannot be combined")
        if not named and not everything and selection.is_everything:
            raise UsageProblem(
                "no visitors given: pass ids, "
                + ("- for standard input, or a selection" if selects else "or - for standard input"),
                hint="to act on every visitor, use --all" if takes_all else None,
            )
        self._selection = msgspec.structs.replace(selection, deleted=True) if deleted else selection
        self._may_be_deleted = deleted is not False
        self.named: Sequence[str] | None = named or None
        """References as given; None if a selection chooses."""

    def resolve(self, store: Store, current: Instant, missing: references.Missing = references.refuse) -> list[str]:
        """Resolve to distinct ids. Raises what `missing` raises for unknown ones, and Conflict for ambiguous ones, or
        for deleted ones where they are not allowed.
        """
        if self.named is None:
            chosen = references.selection(store, self._selection, current)
            return visitors.chosen_ids(store, chosen, current)
        return references.visitor_ids(store, self.named, missing, live=not self._may_be_deleted)
