"""Emails by their domains, as SQL."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.store.query.listing import Condition


def at_domain(alias: str, domains: Sequence[str]) -> Condition:
    """What holds for the contacts `alias` whose emails are at one of the domains. There is one @ in an email."""
    ends = [f"@{domain}" for domain in domains]
    email = f"{alias}.email"
    tests = " OR ".join(f"substr({email}, -{len(end)}) = ?" for end in ends)
    return Condition(f"({email} > '' AND ({tests}))", tuple(ends))
