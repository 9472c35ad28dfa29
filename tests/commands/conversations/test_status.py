"""`visitors conversations resolve`, `reopen` and `spam`, which all set the status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

BEFORE, NOW = "2026-03-01T09:00:00.000Z", "2026-03-02T09:00:00.000Z"


@pytest.fixture
def ids(visitors: Visitors, anonymous: str, verb: str) -> list[str]:
    """Two open conversations, or resolved ones to be reopened."""
    ids = [visitors("conversations", "start", anonymous, now=BEFORE).stdout.strip() for _ in range(2)]
    if verb == "reopen":
        visitors("conversations", "resolve", *ids, now=BEFORE)
    return ids


@pytest.mark.parametrize(
    ("verb", "outcome", "status", "resolved_at"),
    [
        ("resolve", "resolved", "resolved", NOW),
        ("reopen", "reopened", "open", None),
        ("spam", "marked as spam", "spam", None),
    ],
)
def test_it_changes_the_status_once(
    visitors: Visitors, ids: list[str], verb: str, outcome: str, status: str, resolved_at: str | None
) -> None:
    answers = [visitors("conversations", verb, ids[0], "--format", "json", now=NOW).json for _ in range(2)]
    assert [answer["outcome"] for answer in answers] == [outcome, "unchanged"]
    assert [answers[1][key] for key in ("status", "resolvedAt", "updatedAt")] == [status, resolved_at, NOW]
    assert visitors("conversations", "list", "--status", status, "--format", "ids").lines == [ids[0]]
    assert visitors("history", "--command", f"conversations {verb}", "--format", "count").stdout == "1\n"


@pytest.mark.parametrize(("verb", "status"), [("resolve", "resolved"), ("reopen", "open"), ("spam", "spam")])
def test_all_or_none(visitors: Visitors, ids: list[str], everything: Everything, verb: str, status: str) -> None:
    before = everything()
    visitors("conversations", verb, *ids, "nothing", code=3)
    assert everything() == before
    assert visitors("conversations", verb, "-", input="\n".join(ids)).lines == ids
    assert visitors("conversations", "list", "--status", status, "--format", "count").stdout == "2\n"
