"""Servers of a trial's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqld import PROGRAM, Sqld

AVAILABLE = bool(os.environ.get(PROGRAM))  # read before the isolation of tests takes it away

needs_server = pytest.mark.skipif(not AVAILABLE, reason=f"{PROGRAM} does not say where a server is: see .ci/sqld")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    """A server that may be killed."""
    with Sqld(tmp_path / "server") as started:
        yield started
