"""Read fixture files as one fixture, and the store as a fixture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from visitors.domain.fixture import Fixture, Kind, Record
from visitors.domain.fixture_reader import InvalidFixture, read_fixture
from visitors.domain.node import BadPlace
from visitors.input.documents import as_document, read_document
from visitors.store.records import contacts, fixtures
from visitors.store.store import Store


def load(files: Sequence[str | Mapping[str, Any]], environment: Mapping[str, str]) -> Fixture:
    """Read the combined fixture of the files, each given as a path or as its content.

    Raises NotFound, and InvalidData with the position of every problem.
    """
    documents, problems = [], []
    for file in files:
        try:
            documents.append(read_document(file) if isinstance(file, str) else as_document(file))
        except BadPlace as problem:
            problems.append(problem)
    if problems:
        raise InvalidFixture(problems)
    return read_fixture(documents, environment)


def dump(store: Store, chosen: Sequence[str] | None = None) -> Fixture:
    """Return the whole store as a fixture; or the visitors with the `chosen` ids and everything that they refer to:
    their contacts with tombstones, blocks, conversations, and other authors in these.
    """
    talks = fixtures.conversations(store, None if chosen is None else fixtures.started_by(store, chosen))
    authors = {message["visitor"] for values in talks.values() for message in values["messages"]} - {None}
    devices = fixtures.read(store, "visitor", None if chosen is None else [*chosen, *authors])
    people: list[str] | None = None
    if chosen is not None:
        owners = {values["contact"] for values in (*devices.values(), *talks.values())} - {None}
        people = [*owners, *store.ask(contacts.tombstone_ids(owners))]
    persons = fixtures.read(store, "contact", people)
    return Fixture(
        contacts=tuple(_records("contact", persons)),
        visitors=tuple(_records("visitor", devices)),
        conversations=tuple(_records("conversation", talks)),
        blocks=tuple(fixtures.blocks(store, devices, persons).values()),
    )


def _records(kind: Kind, found: fixtures.Found) -> Iterator[Record]:
    return (Record(kind, record_id, record_id, values) for record_id, values in found.items())
