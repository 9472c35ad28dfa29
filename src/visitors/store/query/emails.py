"""Filter emails by domain, as SQL."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.store.query.listing import Condition


def at_domain(alias: str, domains: Sequence[str]) -> Condition:
    """Build the condition that the email of contact `alias` is at one of the domains. An email has one @."""
    ends = [f"@{domain}" for domain in domains]
    email = f"{alias}.email"
    tests = " OR ".join(f"substr({email}, -{len(end)}) = ?" for end in ends)
    return Condition(f"({email} > '' AND ({tests}))", tuple(ends))
