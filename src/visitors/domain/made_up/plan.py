"""The parameters of generated data: how many visitors, and of what kind."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from visitors.domain.made_up.locales import LOCALES
from visitors.domain.times import Instant, to_milliseconds
from visitors.errors import InvalidData, UsageProblem

DAYS = 180
"""How many days before `now` the first visitor is created."""
LARGEST_SEED = 2**64 - 1
MOST = 100
"""The maximum number of devices of one person, and of conversations of one visitor."""

_NUMBER = r"(?a)\d+(?:\.\d+)?|\.\d+"
_RANGE = r"(?a)(\d{1,9})(?:-(\d{1,9}))?"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a run: equal plans produce equal people.

    `identified` and `blocked` are shares of the visitors, from 0 to 1; `devices` (per person) and `conversations` (per
    visitor) are the minimum and maximum; `locales` are tags, all if empty.
    """

    count: int = 100
    seed: int = 0
    now: Instant
    identified: float = 0.3
    blocked: float = 0.02
    devices: tuple[int, int] = (1, 3)
    conversations: tuple[int, int] = (0, 2)
    locales: tuple[str, ...] = ()


def parse_plan(
    *,
    now: Instant,
    count: int,
    seed: int,
    identified: str,
    devices: str,
    blocked: str,
    conversations: str,
    locales: Sequence[str],
) -> Plan:
    """Parse a plan from option values: `30%`, `1-3`, `de`. Raises UsageProblem; InvalidData if `now` is too early."""
    if count < 0 or not 0 <= seed <= LARGEST_SEED:
        raise UsageProblem("--count must be 0 or more, and --seed between 0 and 2**64 - 1")
    return Plan(
        count=count,
        seed=seed,
        now=check_now(now),
        identified=parse_share(identified, "--identified"),
        blocked=parse_share(blocked, "--blocked"),
        devices=parse_range(devices, "--devices", smallest=1),
        conversations=parse_range(conversations, "--conversations"),
        locales=parse_locales(locales),
    )


def check_now(now: Instant) -> Instant:
    """Return `now`. Raises InvalidData if visitors would be created before 1970, for which there are no ULIDs."""
    if to_milliseconds(now) < DAYS * 86_400_000:
        raise InvalidData(
            f"now {now} is too early: the first visitors would date from before 1970",
            field="now",
            code="invalid_time",
            hint="use a later time, such as 2026-01-01",
        )
    return now


def parse_share(text: str, option: str) -> float:
    """Parse a share from 0 to 1, given as `30%` or `0.3`. Raises UsageProblem."""
    number = text.strip().removesuffix("%").rstrip()
    if re.fullmatch(_NUMBER, number):
        share = float(number) / (100 if text.strip().endswith("%") else 1)
        if share <= 1:
            return share
    raise UsageProblem(
        f"{option} {text[:40]!r} is not a valid share", hint=f"use 0% to 100%, such as {option} 30% or {option} 0.3"
    )


def parse_range(text: str, option: str, *, smallest: int = 0) -> tuple[int, int]:
    """Parse a range, `1-3`, or a single number, `2`, as minimum and maximum. Raises UsageProblem."""
    match = re.fullmatch(_RANGE, text.strip())
    if match:
        low, high = int(match[1]), int(match[2] or match[1])
        if smallest <= low <= high <= MOST:
            return low, high
    raise UsageProblem(
        f"{option} {text[:40]!r} is not a valid range",
        hint=f"use whole numbers from {smallest} to {MOST}, such as {option} 1-3 or {option} 2",
    )


def parse_locales(given: Sequence[str]) -> tuple[str, ...]:
    """Resolve `given` to tags, in table order: `de-DE`, or `en` for all that begin with it.

    Raises UsageProblem for a tag without people.
    """
    chosen: list[str] = []
    tags = [locale.tag for locale in LOCALES]
    for text in given:
        wanted = text.strip().lower()
        found = [tag for tag in tags if f"{tag.lower()}-".startswith(f"{wanted}-")]
        if not found:
            raise UsageProblem(
                f"unknown locale {text[:40]!r}", code="unknown_locale", hint="use one of " + ", ".join(tags)
            )
        chosen += found
    return tuple(tag for tag in tags if tag in chosen)
