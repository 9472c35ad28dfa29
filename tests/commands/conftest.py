"""Fixtures of the command tests: a store filled from records, and its whole content for comparison."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.fixture
def fill(visitors: Visitors) -> Callable[..., None]:
    """Import records, each a visitor as JSON has it: `fill({"id": "a", "language": "de"}, ...)`."""

    def import_records(*records: dict[str, Any], now: str | None = None) -> None:
        text = "\n".join(json.dumps(record) for record in records)
        visitors("import", "-", "--input-format", "ndjson", input=text, now=now)

    return import_records


@pytest.fixture
def everything(visitors: Visitors) -> Callable[[], Any]:
    """Return everything that listings show of the store, to compare before and after."""

    def snapshot() -> Any:
        listings = (
            ("list",), ("list", "--deleted"), ("contacts", "list"), ("contacts", "list", "--deleted"),
            ("conversations", "list"), ("history",),
        )  # fmt: skip
        return [visitors(*listing, "--format", "json").json for listing in listings]

    return snapshot
