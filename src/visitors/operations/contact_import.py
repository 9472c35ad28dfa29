"""Import contacts by the identity rules, all in one operation.

A row is one of `import_`, of which only the person is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from visitors.domain.contact import Identity
from visitors.domain.decision import Known, decide, filling
from visitors.domain.row import VisitorRow
from visitors.errors import Conflict, InvalidData
from visitors.input.rows import ReadRow
from visitors.operations.batches import taken_in_batches
from visitors.operations.identify import known_by
from visitors.operations.import_ import Policy, Taken, contact_times
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import BlocksOfRows, Left
from visitors.operations.one_row import Reject
from visitors.store.store import OpenOperation, Store


def take_contacts(
    store: Store,
    operation: OpenOperation,
    rows: Iterable[ReadRow],
    policy: Policy,
    reject: Reject | None = None,
    left: Counter[Left] | None = None,
) -> Counter[Taken]:
    """Import every row; return how many were created, updated, unchanged and skipped.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message. What rows could not change is counted in `left`.
    """
    taken: Counter[Taken] = Counter()
    for _ in taken_in_batches(store, rows, lambda some: _Batch(store, operation, policy, some, taken, left), reject):
        pass
    return taken


class _Batch:
    """Rows being imported."""

    def __init__(
        self,
        store: Store,
        operation: OpenOperation,
        policy: Policy,
        rows: list[VisitorRow],
        taken: Counter[Taken],
        left: Counter[Left] | None,
    ) -> None:
        """Look up what the rows refer to."""
        self._store = store
        self._operation = operation
        self._policy = policy
        self._taken = taken
        self._left = left
        self._people = People(store, operation, rows, policy)
        self._blocks = BlocksOfRows(taken, left, lifts=policy.on_existing == "update")

    def take(self, row: VisitorRow) -> None:
        """Queue what the row changes.

        A row is about the contact that the identity rules choose. If that contact does not have the row's id, and no
        other has, the id becomes an alias, as after a merge: it resolves to the contact, and the values of rows with
        that id only fill blanks.

        Raises InvalidData for a row that identifies nobody, Conflict for a contact that exists (depending on the
        policy), NeedsOwnBatch, and what `decide` raises.
        """
        said = row.identity
        if said is None:
            if not row.says_nothing:
                raise InvalidData("the row has no id, externalId or email", code="nobody")
            self._taken["blank"] += 1
            return
        knows = known_by(None, said, self._people)
        existing = knows.by_contact_id or knows.by_external_id or next(iter(knows.by_email), None)
        if existing is None:
            self._done(row, "created", self._people.settle(None, said, contact_times(row)).contact_id)
        elif self._policy.on_existing == "skip":
            self._taken["skipped"] += 1
        elif self._policy.on_existing == "error":
            raise Conflict(
                f"contact {existing.id} ({existing.label}) already exists",
                code="contact_exists",
                hint="use --on-existing skip or --on-existing update",
            )
        else:
            self._update(row, said, knows)

    def _update(self, row: VisitorRow, said: Identity, knows: Known) -> None:
        chosen = decide(said, knows, on_conflict=self._policy.on_conflict)
        leads = chosen.contact if said.contact_id is not None and not chosen.merges else None
        told = filling(said, leads) if leads is not None and leads.id != said.contact_id else said
        settled = self._people.settle(None, told, contact_times(row))
        if settled.leaves_out and self._left is not None:
            self._left["outdated"] += 1
        is_changed = settled.is_changed
        if said.contact_id is not None and knows.by_contact_id is None and settled.contact_id != said.contact_id:
            self._people.lead(said.contact_id, settled.contact_id, contact_times(row))
            is_changed = True
        outcome: Taken = "updated" if is_changed else "unchanged"
        self._done(row, "created" if settled.decision.contact is None else outcome, settled.contact_id)

    def _done(self, row: VisitorRow, outcome: Taken, contact_id: str) -> None:
        if row.contact_is_blocked is None and not row.is_blocked:
            self._taken[outcome] += 1
        else:
            self._blocks.add(row, "", contact_id, outcome)

    def write(self) -> None:
        """Write what is queued."""
        self._people.write()
        self._blocks.write(self._store, self._operation)
