"""The stores at the beginning of every trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.writes import NOW, Furnished, Write, furnish

_KEPT: dict[str, Furnished] = {}


@pytest.fixture
def furnished(visitors: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """The stores and files, made once for all tests of this process; never written."""
    if not _KEPT:
        folder: Path = tmp_path_factory.mktemp("furnished")
        _KEPT["furnished"] = furnish(visitors, folder)
    return _KEPT["furnished"]


Tried = Callable[[Write, Path], Any]


@pytest.fixture
def tried(visitors: Callable[..., Any], visitors_process: Callable[..., Any], furnished: Furnished) -> Tried:
    """Run a write on a store, by the version it is for; any outcome is allowed."""

    def run(write: Write, store: Path) -> Any:
        words = [*furnished.command(write), "--db", str(store)]
        content = furnished.input(write)
        newer = furnished.program(write)
        if newer:
            return visitors_process(*words, input=content, code=None, env={**newer, "VISITORS_NOW": NOW})
        return visitors(*words, input=content, now=NOW, code=None)

    return run
