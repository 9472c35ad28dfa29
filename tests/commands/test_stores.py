"""`visitors stores`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors.location import settings_file

Visitors = Callable[..., Any]


@pytest.fixture
def two_stores() -> None:
    path = Path(settings_file())
    path.parent.mkdir(parents=True)
    path.write_text(
        '[stores.prod]\ndb = "libsql://shop.example.com"\nconfirm = true\ntoken_file = "~/.shop-token"\n'
        '[stores.staging]\ndb = "~/staging.db"\n'
    )


@pytest.mark.usefixtures("two_stores")
def test_stores_are_listed_in_the_order_of_the_file_without_what_lets_one_in(visitors: Visitors) -> None:
    prod = {"name": "prod", "db": "libsql://shop.example.com", "confirm": True, "isCurrent": False}
    staging = {"name": "staging", "db": "~/staging.db", "confirm": False, "isCurrent": False}
    assert visitors("stores", "--format", "json").json == [prod, staging]
    assert visitors("stores").lines == [
        "name\tdb\tconfirm\tisCurrent",
        "prod\tlibsql://shop.example.com\ttrue\tfalse",
        "staging\t~/staging.db\tfalse\tfalse",
    ]
    assert visitors("stores", "--format", "ids").lines == ["prod", "staging"]
    assert visitors("stores", "--format", "count").lines == ["2"]
    assert visitors("stores", "--fields", "db", "--format", "csv").lines[1:] == [prod["db"], staging["db"]]
    table = visitors("stores", "--format", "table").stdout
    assert "before every change" in table
    assert "token" not in table


@pytest.mark.usefixtures("two_stores")
def test_the_current_one_is_marked(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    def current(*words: str) -> list[str]:
        return [one["name"] for one in visitors("stores", *words, "--format", "json").json if one["isCurrent"]]

    assert current("--store", "staging") == ["staging"]
    monkeypatch.setenv("VISITORS_STORE", "prod")
    assert current() == []  # VISITORS_DB counts
    monkeypatch.delenv("VISITORS_DB")
    assert current() == ["prod"]
    monkeypatch.setenv("VISITORS_STORE", "unknown")
    assert current() == []  # and the list is still to be had


def test_without_a_file_there_are_none_and_it_is_said_where_they_would_be(visitors: Visitors) -> None:
    listed = visitors("stores", "--format", "json")
    assert listed.json == []
    assert settings_file() in listed.stderr
    assert visitors("stores", "--quiet").stderr == ""
