"""Take many rows into the store, in batches, all in one operation.

Most rows of a large file are plain: a visitor that is new, of nobody, of somebody new, or of somebody of
whom the row says nothing new. Those are gathered and written many at a time; every other row is taken
alone, by the rules that `import_.take` has for it, once all before it are written. Either way the store
becomes what taking row after row would have made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any

from visitors.domain.contact import Identity
from visitors.domain.decision import Rule
from visitors.domain.fields import PERSON
from visitors.domain.metadata import decode_value, encode, metadata_hash
from visitors.domain.row import VisitorRow
from visitors.errors import VisitorsError
from visitors.input.rows import Read, ReadRow
from visitors.operations.blocks_told import Left, block_as_told
from visitors.operations.import_ import Policy, Taken, as_inserted, take
from visitors.store.load.bulk import bulk_load
from visitors.store.records import contacts, visitors
from visitors.store.records.contacts import Trace
from visitors.store.store import OpenOperation, Store

Reject = Callable[[Read[Any], VisitorsError], None]
"""Takes a row that was not taken, and its error."""

BATCH = 1_000
"""How many rows are written at once; the next ones are asked for when they are."""


def take_all(
    store: Store,
    operation: OpenOperation,
    rows: Iterable[ReadRow],
    policy: Policy,
    reject: Reject | None = None,
    left: Counter[Left] | None = None,
    incomplete: Callable[[ReadRow], None] | None = None,
) -> Counter[Taken]:
    """Take every row; returns how many were created, updated, unchanged, skipped.

    A bad row goes to `reject`, with nothing of it in the store; without `reject` it raises its error,
    with its place before the message. Blocks that rows could not change are counted in `left`. A row that was taken
    without some of its values goes to `incomplete`.
    """
    taken: Counter[Taken] = Counter()
    # a merge moves the visitors of a contact, and has to find them
    keep = {"visitors_contact"} if policy.on_conflict == "merge" else set[str]()
    rows = iter(rows)
    batch = list(islice(rows, BATCH))
    if any(read.row is not None and read.row.id is None for read in batch):
        keep.add("visitors_fingerprint")  # rows without ids have to find theirs
    with bulk_load(store, keep=keep) as made:
        while batch:
            _Batch(store, operation, policy, batch, taken, reject, left, incomplete).take()
            made(taken["created"])
            batch = list(islice(rows, BATCH))
    return taken


def placed(read: Read[Any], error: VisitorsError) -> VisitorsError:
    """The error of a row, with its place before the message."""
    column = read.column or getattr(error, "field", None)
    error.message = read.place.reason(column, error.message)
    error.where = read.place.at(column)
    return error


class _Batch:
    """Some rows on their way into the store."""

    def __init__(
        self,
        store: Store,
        operation: OpenOperation,
        policy: Policy,
        rows: list[ReadRow],
        taken: Counter[Taken],
        reject: Reject | None,
        left: Counter[Left] | None,
        incomplete: Callable[[ReadRow], None] | None,
    ) -> None:
        self._store = store
        self._incomplete = incomplete
        self._operation = operation
        self._policy = policy
        self._rows = rows
        self._taken = taken
        self._reject = reject
        self._left = left
        self._lifts = policy.on_existing == "update"
        good = [read.row for read in rows if read.row is not None]
        self._ids = visitors.existing(store, [row.id for row in good if row.id is not None])
        told = [row.fingerprint for row in good if row.id is None and row.fingerprint is not None]
        self._fingerprints = visitors.known_fingerprints(store, told) if told and not policy.new else set[str]()
        self._people = People(store, [row.identity for row in good if row.identity is not None])
        self._new: list[tuple[Any, ...]] = []
        self._new_contacts: list[tuple[Any, ...]] = []
        self._causes: list[tuple[str, Rule]] = []
        self._to_block: list[tuple[VisitorRow, str, str | None]] = []

    def take(self) -> None:
        """Take the rows in their order. Raises what taking one raises, unless there is a `reject`."""
        for read in self._rows:
            is_taken = (read.row is not None and self._gather(read.row)) or self._try_alone(read)
            if is_taken and read.left_out and self._incomplete is not None:
                self._incomplete(read)
        self._write()

    def _gather(self, row: VisitorRow) -> bool:
        """Whether the row is plain; then it waits to be written with others."""
        if row.id is not None:
            if row.id in self._ids:
                return False
        elif not self._is_new(row):
            return False
        contact_id, rule = None, None
        if row.identity is not None:
            found = self._people.settle(row.identity)
            if found is None:
                return False
            contact_id, rule = found
            if rule == "created":
                contact_id = contact_id or self._operation.new_id()
                self._make_contact(contact_id, row, row.identity)
        visitor_id = row.id or self._operation.new_id()
        self._ids.add(visitor_id)
        if row.fingerprint is not None:
            self._fingerprints.add(row.fingerprint)
        self._new.append(as_inserted(row, visitor_id, contact_id, self._operation.at))
        if rule is not None:
            self._causes.append((visitor_id, rule))
        if row.is_blocked or row.contact_is_blocked or (self._lifts and contact_id and rule != "created"):
            self._to_block.append((row, visitor_id, contact_id))
        return True

    def _is_new(self, row: VisitorRow) -> bool:
        """Whether a row without an id makes a visitor."""
        if self._policy.new:
            return not row.says_nothing
        return row.fingerprint is not None and row.fingerprint not in self._fingerprints

    def _make_contact(self, contact_id: str, row: VisitorRow, said: Identity) -> None:
        metadata = encode(said.metadata or {})
        texts = texts_of(said)
        self._people.add(Trace(contact_id, texts, metadata, row.contact_deleted_at))
        times = (row.contact_created_at or self._operation.at, row.contact_updated_at or self._operation.at)
        self._new_contacts.append((contact_id, *texts, metadata, hash_of(metadata), *times, row.contact_deleted_at))

    def _try_alone(self, read: ReadRow) -> bool:
        """Whether a row that is not plain could be taken; else it was rejected. Raises as `take`."""
        self._write()
        try:
            self._take_alone(read)
        except VisitorsError as error:
            if self._reject is None:
                raise placed(read, error) from None
            self._reject(read, error)
            return False
        return True

    def _take_alone(self, read: ReadRow) -> None:
        if read.problem is not None:
            raise read.problem.error()
        assert read.row is not None
        if read.row.id is not None:
            self._ids.add(read.row.id)
        if read.row.fingerprint is not None:
            self._fingerprints.add(read.row.fingerprint)
        if read.row.identity is not None:
            self._people.doubt(read.row.identity)
        if self._reject is None:
            self._taken[take(self._store, self._operation, read.row, self._policy, self._left)] += 1
        else:
            with self._store.savepoint():
                self._taken[take(self._store, self._operation, read.row, self._policy, self._left)] += 1

    def _write(self) -> None:
        """Write what was gathered."""
        if not self._new:
            return
        store, operation = self._store, self._operation
        contacts.insert_many(store, self._new_contacts)
        visitors.insert_many(store, self._new)
        operation.because_many(store, self._causes)
        block_as_told(store, operation, self._to_block, lifts=self._lifts, left=self._left)
        self._taken["created"] += len(self._new)
        for written in (self._new, self._new_contacts, self._causes, self._to_block):
            written.clear()


class People:
    """The contacts that the rows of a batch may mean, found at once instead of row by row."""

    def __init__(self, store: Store, said: list[Identity]) -> None:
        self._by_key: dict[tuple[str, str], list[Trace]] = {}
        self._doubtful: set[tuple[str, str]] = set()
        if said:
            ids = [one.contact_id for one in said if one.contact_id is not None]
            external_ids = [one.external_id for one in said if one.external_id is not None]
            emails = [one.email for one in said if one.email is not None]
            for trace in contacts.traces(store, ids, external_ids, emails):
                self.add(trace)

    def add(self, trace: Trace) -> None:
        """Know a contact."""
        for key in _keys_of(trace):
            self._by_key.setdefault(key, []).append(trace)

    def doubt(self, said: Identity) -> None:
        """What is said is about to change contacts: from now on they are to be looked up."""
        for key in _keys(said.contact_id, said.external_id, said.email):
            self._doubtful.add(key)
            for trace in self._by_key.get(key, ()):
                self._doubtful.update(_keys_of(trace))

    def settle(self, said: Identity) -> tuple[str | None, Rule] | None:
        """The contact's id, and the rule that chose it, where `decide` would choose it and change nothing; the id
        that is said, if any, where it would make one. None where it has to be asked.
        """
        keys = list(_keys(said.contact_id, said.external_id, said.email))
        if not self._doubtful.isdisjoint(keys):
            return None
        found = {trace.id: trace for key in keys for trace in self._by_key.get(key, ())}
        if not found:
            return said.contact_id, "created"
        if len(found) > 1:
            return None
        contact = next(iter(found.values()))
        if contact.merged_into is not None or (contact.deleted_at is not None and not said.is_deleted):
            return None
        return (contact.id, _RULES[keys[0][0]]) if _says_nothing_new(said, contact) else None


@lru_cache(maxsize=4_096)
def hash_of(metadata: str) -> str:
    """The hash of metadata as the store keeps them; many people have the same."""
    return metadata_hash(decode_value(metadata, "metadata"))


texts_of = attrgetter(*(field.column for field in PERSON.values()))
_EXTERNAL_ID, _EMAIL = (list(PERSON).index(name) for name in ("externalId", "email"))

_RULES: dict[str, Rule] = {"id": "contact-id", "external id": "external-id", "email": "email"}


def _keys(contact_id: str | None, external_id: str | None, email: str | None) -> Iterator[tuple[str, str]]:
    """By what a person is known, the strongest first."""
    if contact_id is not None:
        yield "id", contact_id
    if external_id is not None:
        yield "external id", external_id
    if email is not None:
        yield "email", email


def _keys_of(trace: Trace) -> Iterator[tuple[str, str]]:
    return _keys(trace.id, trace.texts[_EXTERNAL_ID], trace.texts[_EMAIL])


def _says_nothing_new(said: Identity, contact: Trace) -> bool:
    return (
        said.contact_id in (None, contact.id)
        and all(one in (None, other) for one, other in zip(texts_of(said), contact.texts, strict=True))
        and (not said.metadata or encode(said.metadata) == contact.metadata)
    )
