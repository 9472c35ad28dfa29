from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-02T09:00:00.000Z"


@pytest.fixture
def ids(visitors: Visitors, anonymous: str) -> list[str]:
    """Two conversations that are open."""
    return [visitors("conversations", "start", anonymous).stdout.strip() for _ in range(2)]


def test_it_changes_the_status_once(visitors: Visitors, ids: list[str]) -> None:
    answers = [visitors("conversations", "resolve", ids[0], "--format", "json", now=NOW).json for _ in range(2)]
    assert [answer["outcome"] for answer in answers] == ["resolved", "unchanged"]
    assert [answers[1][key] for key in ("status", "resolvedAt", "updatedAt")] == ["resolved", NOW, NOW]
    assert visitors("conversations", "list", "--status", "resolved", "--format", "ids").lines == [ids[0]]
    assert visitors("history", "--command", "conversations resolve", "--format", "count").stdout == "1\n"


def test_all_or_none(visitors: Visitors, ids: list[str], everything: Everything) -> None:
    before = everything()
    visitors("conversations", "resolve", *ids, "nothing", code=3)
    assert everything() == before
    assert visitors("conversations", "resolve", "-", input="\n".join(ids)).lines == ids
    assert visitors("conversations", "list", "--status", "resolved", "--format", "count").stdout == "2\n"
