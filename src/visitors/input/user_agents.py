"""Parse User-Agent headers with ua-parser, an optional package."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from visitors.input.kinds import TOLD_BY_AGENT
from visitors.input.optional import needed

BOT = "Spider"
"""The device family of bots."""
_DESKTOPS = ("Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD", "OpenBSD")
_REMEMBERED = 16_384


def part_of_agent(field: str) -> Callable[[Any], str | None]:
    """Return the function that extracts a field from a header. Raises UsageProblem without the package."""
    parse = _parser()
    place = TOLD_BY_AGENT.index(field)
    return lambda header: parse(header if isinstance(header, str) else str(header))[place]


@lru_cache(maxsize=1)
def _parser() -> Callable[[str], tuple[str | None, ...]]:
    told = needed("ua_parser", "ua-parser ua-parser-builtins", "reading user agents").parse

    @lru_cache(maxsize=_REMEMBERED)
    def parse(header: str) -> tuple[str | None, ...]:
        found = told(header)
        browser, system, device = found.user_agent, found.os, found.device
        name = device.family if device else None
        return (
            browser.family if browser else None,
            _version(browser),
            system.family if system else None,
            _version(system),
            name,
            _type(header, system.family if system else None, name),
        )

    return parse


def _version(of: Any) -> str | None:
    if of is None:
        return None
    return ".".join(part for part in (of.major, of.minor) if part) or None


def _type(header: str, system: str | None, device: str | None) -> str:
    if device == BOT:
        return "unknown"
    if device == "iPad" or "Tablet" in header or (system == "Android" and "Mobile" not in header):
        return "tablet"
    if system in ("iOS", "Android", "Windows Phone") or "Mobile" in header:
        return "mobile"
    return "desktop" if system in _DESKTOPS else "unknown"
