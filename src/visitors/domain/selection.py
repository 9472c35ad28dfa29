"""A selection: the filters that choose visitors, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

import msgspec

from visitors.domain import normalise
from visitors.domain.fields import FILTERS
from visitors.domain.times import Instant, Time, parse_time
from visitors.errors import InvalidData, UsageProblem


class MetadataFilter(msgspec.Struct, frozen=True):
    """`K` (present), `K=V` or `K!=V`; the value is compared as text, as it would print."""

    key: str
    value: str | None = None
    negated: bool = False


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every filter that is set must hold. Without any filter it chooses all that are not deleted."""

    identified: bool | None = None
    blocked: bool | None = None
    language: str | None = None
    timezone: str | None = None
    country_code: str | None = None
    device_type: str | None = None
    browser: str | None = None
    os: str | None = None
    ip: str | None = None
    contact: str | None = None
    created_since: Instant | None = None
    created_until: Instant | None = None
    seen_since: Instant | None = None
    seen_until: Instant | None = None
    never_seen: bool = False
    metadata: tuple[MetadataFilter, ...] = ()
    search: str | None = None
    deleted: bool = False
    idle_since: Instant | None = None
    """Neither seen nor made at or after this time; no option says so, `prune` does."""
    without_conversations: bool = False
    """Who neither began one nor wrote in one; as above."""

    @property
    def given(self) -> list[str]:
        """The names of the filters that are set."""
        everything = type(self)()
        return [name for name in self.__struct_fields__ if getattr(self, name) != getattr(everything, name)]

    @property
    def is_everything(self) -> bool:
        """Whether no filter is set."""
        return not self.given


class Chosen(TypedDict, total=False):
    """The filters that choose visitors, as arguments of the Python API; all that are given must hold. Times may be
    ages.
    """

    identified: bool
    blocked: bool
    language: str
    timezone: str
    country_code: str
    device_type: Literal["desktop", "mobile", "tablet", "unknown"]
    browser: str
    os: str
    ip: str
    contact: str
    created_since: Time
    created_until: Time
    seen_since: Time
    seen_until: Time
    never_seen: bool
    metadata: str | Sequence[str]
    search: str
    deleted: bool


_NORMALISE: dict[str, Callable[[Any, str], Any]] = {
    **{name: field.rule for name, field in FILTERS.items() if field.rule is not None},
    "contact": normalise.text,
    "search": normalise.text,
}
_TIMES = ("created_since", "created_until", "seen_since", "seen_until")


def parse_selection(values: dict[str, object], metadata: list[str], current: Instant) -> Selection:
    """A Selection from the options' raw values; None means 'not given'.

    `current` is what ages count back from. Raises InvalidData for a value that breaks its rule, and
    UsageProblem for filters that exclude each other.
    """
    filters: dict[str, object] = {}
    for name, value in values.items():
        option = name.replace("_", "-")
        if value is None:
            continue
        if name in _TIMES:
            filters[name] = parse_time(str(value), option, current)
        elif name in _NORMALISE:
            filters[name] = _NORMALISE[name](str(value), option)
        else:
            filters[name] = value
    if filters.get("never_seen") and ("seen_since" in filters or "seen_until" in filters):
        raise UsageProblem("--never-seen excludes --seen-since and --seen-until")
    return Selection(metadata=tuple(map(_metadata_filter, metadata)), **filters)  # type: ignore[arg-type]


def _metadata_filter(text: str) -> MetadataFilter:
    key, equals, value = text.partition("=")
    negated = bool(equals) and key.endswith("!")
    key = key.removesuffix("!") if negated else key
    if not key.strip():
        raise InvalidData(
            f"metadata filter {text[:60]!r} has no key",
            field="metadata",
            code="invalid_metadata",
            hint="K (present), K=V or K!=V",
        )
    return MetadataFilter(normalise.trimmed(key, "metadata", normalise.TEXT_LIMIT), value if equals else None, negated)
