"""`store.fixtures`: the store that a test needs, as files or as what stands in them."""

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
"""The path of a YAML or JSON file, or what would stand in it."""


class Fixtures:
    """Files are read together, and may name each other's records."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def apply(self, *file: File, prune: bool = False) -> list[Difference]:
        """Make the store what the files say; gives what was not so, nothing the second time.

        With `prune` what they do not name goes. Raises NotFound, InvalidData and Conflict.
        """
        fixture = _load(file)
        with self._session.operation("fixtures apply") as operation:
            return fixtures.apply(self._session.store, operation, fixture, prune=prune)

    def diff(self, *file: File, prune: bool = False) -> list[Difference]:
        """Where the store is not what the files say: what `apply` would change."""
        fixture = _load(file)
        with self._session.reading() as store:
            return fixtures.differences(store, fixture, self._session.clock(), prune=prune)

    def dump(self, **chosen: Unpack[Chosen]) -> dict[str, Any]:
        """The store, or the visitors that are chosen and what they refer to, as what stands in a file."""
        current = self._session.clock()
        with self._session.reading() as store:
            wanted = references.selection(store, selection(chosen, current), current)
            ids = None if wanted.is_everything else visitors.chosen_ids(store, wanted, current)
            return document(fixture_files.dump(store, ids))


def _load(files: tuple[File, ...]) -> Fixture:
    if not files:
        raise UsageProblem("which? give fixture files")
    return fixture_files.load([one if isinstance(one, Mapping) else str(one) for one in files], os.environ)
