"""Import contacts by the identity rules, all in one operation.

A row is one of `import_`, of which only the person is used. They are imported in batches, like those of `bulk_import`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Known, decide, filling
from visitors.domain.row import VisitorRow
from visitors.errors import Conflict, InvalidData
from visitors.input.rows import ReadRow
from visitors.operations.bulk_import import BATCH
from visitors.operations.identify import settle_contact
from visitors.operations.import_ import Policy, Taken, contact_times
from visitors.operations.import_people import People
from visitors.operations.imported_blocks import BlocksOfRows, Left
from visitors.operations.one_row import Reject, take_one
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
    before the message. Blocks that rows could not change are counted in `left`.
    """
    taken: Counter[Taken] = Counter()
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        together = _Batch(store, operation, policy, [read.row for read in batch if read.row is not None], taken, left)
        for read in batch:
            together.take(read, reject)
        together.write()
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
        *,
        is_alone: bool = False,
    ) -> None:
        """Look up what the rows refer to. Only one that `is_alone` may merge contacts."""
        self._store = store
        self._operation = operation
        self._policy = policy
        self._taken = taken
        self._left = left
        self._is_alone = is_alone
        self._people = People(store, operation, [row.identity for row in rows if row.identity is not None])
        self._blocks = BlocksOfRows(taken, left, lifts=policy.on_existing == "update")

    def take(self, read: ReadRow, reject: Reject | None) -> None:
        """Import a row. Raises its error, unless there is a `reject`."""
        if take_one(None, read, self._queue, reject) is False:
            self.write()
            take_one(self._store, read, self._take_alone, reject)

    def _take_alone(self, row: VisitorRow) -> None:
        """Import a row after all rows before it are written."""
        self._people.doubt(row.identity)
        alone = _Batch(self._store, self._operation, self._policy, [row], self._taken, self._left, is_alone=True)
        alone._queue(row)
        alone.write()

    def _queue(self, row: VisitorRow) -> bool:
        """Queue what the row changes; return false if it has to be imported alone.

        A row is about the contact that the identity rules choose. If that contact does not have the row's id, and no
        other has, the id becomes an alias, as after a merge: it resolves to the contact, and the values of rows with
        that id only fill blanks.

        Raises InvalidData for a row that identifies nobody, Conflict for a contact that exists (depending on the
        policy), and what `decide` raises.
        """
        said = row.identity
        if said is None:
            if not row.says_nothing:
                raise InvalidData("the row has no id, externalId or email", code="nobody")
            self._taken["blank"] += 1
            return True
        times = contact_times(row)
        plain = self._people.plain(said, times)
        if plain is not None and plain[1] == "created":
            self._done(row, "created", self._people.make(said, times))
            return True
        knows = self._people.known(said)
        if knows is None:
            return False
        existing = knows.by_contact_id or knows.by_external_id or next(iter(knows.by_email), None)
        if existing is not None and self._policy.on_existing == "skip":
            self._taken["skipped"] += 1
            return True
        if existing is not None and self._policy.on_existing == "error":
            raise _exists(existing)
        if plain is not None and plain[0] is not None:
            self._done(row, "unchanged", plain[0])
            return True
        return self._settle(row, said, knows)

    def _settle(self, row: VisitorRow, said: Identity, knows: Known) -> bool:
        """Change or make the contact; return false if the row has to be imported alone. Raises what `decide` raises."""
        on_conflict, times = self._policy.on_conflict, contact_times(row)
        chosen = decide(said, knows, on_conflict=on_conflict)
        leads = chosen.contact if said.contact_id is not None and not chosen.merges else None
        told = filling(said, leads) if leads is not None and leads.id != said.contact_id else said
        settled = self._people.settle(None, told, on_conflict=on_conflict, times=times)
        if settled is None:
            if not self._is_alone:
                return False
            settled = settle_contact(self._store, self._operation, None, told, on_conflict=on_conflict, times=times)
        if settled.leaves_out and self._left is not None:
            self._left["outdated"] += 1
        is_changed = settled.is_changed
        if said.contact_id is not None and knows.by_contact_id is None and settled.contact_id != said.contact_id:
            self._people.lead(said.contact_id, settled.contact_id, times)
            is_changed = True
        outcome: Taken = "updated" if is_changed else "unchanged"
        self._done(row, "created" if settled.decision.contact is None else outcome, settled.contact_id)
        return True

    def _done(self, row: VisitorRow, outcome: Taken, contact_id: str) -> None:
        if row.contact_is_blocked is None and not row.is_blocked:
            self._taken[outcome] += 1
        else:
            self._blocks.add(row, "", contact_id, outcome)

    def write(self) -> None:
        """Write what is queued."""
        self._people.write()
        self._blocks.write(self._store, self._operation)


def _exists(contact: Contact) -> Conflict:
    return Conflict(
        f"contact {contact.id} ({contact.label}) already exists",
        code="contact_exists",
        hint="use --on-existing skip or --on-existing update",
    )
