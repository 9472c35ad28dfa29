"""The output of the command; its effect is tested in tests/people/test_merge_rules.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.fixture(autouse=True)
def people(visitors: Visitors) -> None:
    """Ada, twice."""
    visitors("contacts", "create", "--id", "A", "--name", "Ada")
    visitors("contacts", "create", "--id", "B", "--name", "[bold]Bea", "--email", "b@example.com")


def test_the_preview_is_a_table_that_fits_80_columns(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = visitors("contacts", "merge", "A", "B", "--dry-run", "--format", "table").stdout
    assert max(map(len, table.splitlines())) <= 80
    for part in ("kept", "filled", "discarded", "[bold]Bea", "b@example.com"):
        assert part in table


def test_the_preview_is_rows_in_every_machine_format(visitors: Visitors) -> None:
    words = ("contacts", "merge", "A", "B", "--dry-run")
    assert visitors(*words, "--format", "count").stdout == "3\n"
    assert visitors(*words, "--format", "ids").stdout == "A\n"
    header = "outcome,action,reason,what,otherId,survivorValue,otherValue,count"
    assert visitors(*words, "--format", "csv").lines[0] == header


def test_it_is_one_operation(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "C")
    visitors("contacts", "merge", "A", "B", "C", "--yes", "--force")
    (operation,) = visitors("history", "--command", "contacts merge", "--format", "json").json
    assert sorted(operation["arguments"]) == ["--force", "--yes"]
