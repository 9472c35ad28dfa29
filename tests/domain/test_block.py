"""Blocks: live until they are lifted or expire."""

from __future__ import annotations

import msgspec
import pytest

from visitors.domain.block import Block

BLOCK = Block(
    id="b1",
    visitor_id="v1",
    contact_id=None,
    reason="spam",
    blocked_at="2026-03-01T00:00:00.000Z",
    blocked_by="ada",
    expires_at=None,
    lifted_at=None,
    lifted_by=None,
)


def test_a_block_without_expiry_is_live_for_good() -> None:
    assert BLOCK.state("9999-12-31T23:59:59.999Z") == "live"


@pytest.mark.parametrize(
    ("current", "state"),
    [
        ("2026-03-07T23:59:59.999Z", "live"),
        ("2026-03-08T00:00:00.000Z", "expired"),
        ("2026-03-08T00:00:00.001Z", "expired"),
    ],
)
def test_a_block_expires_at_the_very_instant(current: str, state: str) -> None:
    block = msgspec.structs.replace(BLOCK, expires_at="2026-03-08T00:00:00.000Z")

    assert block.state(current) == state


def test_a_lifted_block_is_lifted_even_after_it_would_have_expired() -> None:
    block = msgspec.structs.replace(
        BLOCK, expires_at="2026-03-08T00:00:00.000Z", lifted_at="2026-03-02T00:00:00.000Z", lifted_by="bob"
    )

    assert block.state("2026-03-03T00:00:00.000Z") == "lifted"
    assert block.state("2026-03-09T00:00:00.000Z") == "lifted"
