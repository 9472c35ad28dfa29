"""`store.fixtures`: test data as files, or as their content."""

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

File: TypeAlias = str | Path | Mapping[str, Any]
"""The path of a YAML or JSON file, or its content."""


class Fixtures:
    """Fixture files. Files read together may refer to each other's records."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def apply(self, *file: File, prune: bool = False) -> list[Difference]:
        """Make the store match the files; return the differences, none the second time.

        With `prune`, records that they do not name are removed. Raises NotFound, InvalidData and Conflict.
        """
        fixture = _load(file)
        with self._session.operation("fixtures apply") as operation:
            return fixtures.apply(self._session.store, operation, fixture, prune=prune)

    def diff(self, *file: File, prune: bool = False) -> list[Difference]:
        """Return where the store differs from the files: what `apply` would change."""
        fixture = _load(file)
        with self._session.reading() as store:
            return fixtures.differences(store, fixture, self._session.clock(), prune=prune)

    def dump(self, **chosen: Unpack[Chosen]) -> dict[str, Any]:
        """Return the store, or the chosen visitors and what they refer to, as the content of a file."""
        current = self._session.clock()
        with self._session.reading() as store:
            wanted = references.selection(store, selection(chosen, current), current)
            ids = None if wanted.is_everything else visitors.chosen_ids(store, wanted, current)
            return document(fixture_files.dump(store, ids))


def _load(files: tuple[File, ...]) -> Fixture:
    if not files:
        raise UsageProblem("which? give fixture files")
    return fixture_files.load([one if isinstance(one, Mapping) else str(one) for one in files], os.environ)
