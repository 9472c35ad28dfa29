"""Words for people."""

from __future__ import annotations


def number(count: int, noun: str) -> str:
    """Format a count: `1 visitor`, `1,200 visitors`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
