"""The stores that every trial begins with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.writes import Furnished, furnish

_KEPT: dict[str, Furnished] = {}


@pytest.fixture
def furnished(visitors: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """The stores and files, made once for all tests of this process; nobody writes to them."""
    if not _KEPT:
        folder: Path = tmp_path_factory.mktemp("furnished")
        _KEPT["furnished"] = furnish(visitors, folder)
    return _KEPT["furnished"]
