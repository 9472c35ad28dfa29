"""`store.fixtures`: the state that a test needs, from files or dicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, Unpack

from visitors.api.arguments import selection
from visitors.api.session import Session
from visitors.domain.fixture import Difference, Fixture, document
from visitors.domain.selection import Chosen
from visitors.errors import UsageProblem
from visitors.operations import fixture_files, fixtures, references
from visitors.store.records import visitors

FixtureFile: TypeAlias = str | Path | Mapping[str, Any]
"""The path of a YAML or JSON file, or its content."""


class Fixtures:
    """Fixtures of a store, as `store.fixtures`.

    Pass paths of YAML or JSON files, or dicts with the same content. They are read together, and may refer to each
    other's records.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def apply(self, *file: FixtureFile, prune: bool = False) -> list[Difference]:
        """Bring the store to the state that the files describe. Returns what differed: nothing the second time.

        With `prune`, records that the files do not mention are deleted.

        Raises UsageProblem without files, NotFound if a file is missing, InvalidData for a bad file, and Conflict
        if the store refuses a record.
        """
        fixture = _load(file)
        with self._session.operation("fixtures apply") as operation:
            return fixtures.apply(self._session.store, operation, fixture, prune=prune)

    def diff(self, *file: FixtureFile, prune: bool = False) -> list[Difference]:
        """Return where the store differs from the files: what `apply` would change.

        Raises UsageProblem without files, NotFound if a file is missing, and InvalidData for a bad file.
        """
        fixture = _load(file)
        with self._session.reading() as store:
            return fixtures.differences(store, fixture, self._session.clock(), prune=prune)

    def dump(self, **chosen: Unpack[Chosen]) -> dict[str, Any]:
        """Return the store, or the visitors that a selection chooses with everything they refer to, as a fixture
        file has it.

        Raises UsageProblem, InvalidData, NotFound and Conflict for the selection, as `VisitorStore.list` does.
        """
        current = self._session.clock()
        with self._session.reading() as store:
            wanted = references.selection(store, selection(chosen, current), current)
            ids = None if wanted.is_everything else visitors.chosen_ids(store, wanted, current)
            return document(fixture_files.dump(store, ids))


def _load(files: tuple[FixtureFile, ...]) -> Fixture:
    if not files:
        raise UsageProblem("no fixture files given")
    return fixture_files.load([one if isinstance(one, Mapping) else str(one) for one in files], os.environ)
