"""A selection: the filters that choose visitors, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import msgspec

from visitors.domain import email_rules, ip_rules, normalise
from visitors.domain.fields import FILTERS
from visitors.domain.times import Instant, Time, parse_time
from visitors.errors import InvalidData, UsageProblem

AnyOf: TypeAlias = str | tuple[str, ...]
"""What a filter looks for: a value, or several, of which any will do."""

MOST_VALUES = 100
"""How many values the filters of a selection may have together; SQLite nests no deeper than a thousand."""


class MetadataFilter(msgspec.Struct, frozen=True):
    """`K` (present), `K=V` or `K!=V`; the value is compared as text, as it would print."""

    key: str
    value: str | None = None
    negated: bool = False


class Filters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of a listing, None or false where they are not set."""

    @property
    def given(self) -> list[str]:
        """The names of the filters that are set."""
        everything = type(self)()
        return [name for name in self.__struct_fields__ if getattr(self, name) != getattr(everything, name)]

    @property
    def is_everything(self) -> bool:
        """Whether no filter is set."""
        return not self.given


class Selection(Filters, frozen=True, kw_only=True, omit_defaults=True):
    """Every filter that is set must hold, and one of several values holds if any of them does. Without any filter it
    chooses all that are not deleted.
    """

    identified: bool | None = None
    blocked: bool | None = None
    language: AnyOf | None = None
    timezone: AnyOf | None = None
    fingerprint: AnyOf | None = None
    country_code: AnyOf | None = None
    device_type: AnyOf | None = None
    browser: AnyOf | None = None
    os: AnyOf | None = None
    ip: AnyOf | None = None
    """Addresses, and networks in CIDR notation."""
    contact: AnyOf | None = None
    email_domain: AnyOf | None = None
    blocked_since: Instant | None = None
    """Of blocks that hold now, on the visitor or on its contact: there is one of which all filters of blocks hold."""
    blocked_until: Instant | None = None
    blocked_by: AnyOf | None = None
    block_reason: AnyOf | None = None
    """A part of it, whatever the case of the letters A to Z."""
    created_since: Instant | None = None
    created_until: Instant | None = None
    updated_since: Instant | None = None
    updated_until: Instant | None = None
    seen_since: Instant | None = None
    seen_until: Instant | None = None
    never_seen: bool = False
    metadata: tuple[MetadataFilter, ...] = ()
    """Of one key any of those that are not negated must hold; of each key one of them, and all that are negated."""
    search: AnyOf | None = None
    deleted: bool = False
    idle_since: Instant | None = None
    """Neither seen nor made at or after this time; no option says so, `prune` does."""
    without_conversations: bool = False
    """Who neither began one nor wrote in one; as above."""


DeviceType: TypeAlias = Literal["desktop", "mobile", "tablet", "unknown"]


class Chosen(TypedDict, total=False):
    """The filters that choose visitors, as arguments of the Python API; all that are given must hold. Of several
    values any will do; for metadata, any of those of one key. Times may be ages.
    """

    identified: bool
    blocked: bool
    language: str | Sequence[str]
    timezone: str | Sequence[str]
    fingerprint: str | Sequence[str]
    country_code: str | Sequence[str]
    device_type: DeviceType | Sequence[DeviceType]
    browser: str | Sequence[str]
    os: str | Sequence[str]
    ip: str | Sequence[str]
    contact: str | Sequence[str]
    email_domain: str | Sequence[str]
    blocked_since: Time
    blocked_until: Time
    blocked_by: str | Sequence[str]
    block_reason: str | Sequence[str]
    created_since: Time
    created_until: Time
    updated_since: Time
    updated_until: Time
    seen_since: Time
    seen_until: Time
    never_seen: bool
    metadata: str | Sequence[str]
    search: str | Sequence[str]
    deleted: bool


_NORMALISE: dict[str, Callable[[Any, str], Any]] = {
    **{name: field.rule for name, field in FILTERS.items() if field.rule is not None},
    "ip": ip_rules.ip_or_network,
    "country_code": normalise.country_code_sought,
    "contact": normalise.text,
    "email_domain": email_rules.email_domain,
    "blocked_by": normalise.text,
    "block_reason": normalise.text,
    "search": normalise.text,
}
_COMPARING = ("<", ">", "~")
_METADATA_FORMS = "K (present), K=V or K!=V"
_RANGES = {f"{what}_since": f"{what}_until" for what in ("created", "updated", "seen", "blocked")}
OF_BLOCKS = ("blocked_since", "blocked_until", "blocked_by", "block_reason")
"""The filters of the blocks that hold now."""


def parse_selection(values: dict[str, object], metadata: list[str], current: Instant) -> Selection:
    """A Selection from the options' raw values; None means 'not given'.

    `current` is what ages count back from. Raises InvalidData for a value that breaks its rule, and
    UsageProblem for filters that exclude each other.
    """
    filters = parse_filters(values, metadata, current, _NORMALISE, _RANGES)
    selection = Selection(**filters)  # type: ignore[arg-type]
    _refuse_contradictions(selection)
    return selection


def parse_filters(
    values: Mapping[str, object],
    metadata: Sequence[str],
    current: Instant,
    rules: Mapping[str, Callable[[Any, str], Any]],
    ranges: Mapping[str, str],
) -> dict[str, object]:
    """Name of a filter -> its value, of those that are given.

    `rules` are those of filters that take several values, and `ranges` the names of times where a range begins, with
    those of where it ends. Raises InvalidData for a value that breaks its rule, and UsageProblem for too many values,
    several of what has one, and a range that ends before it begins.
    """
    refuse_too_many(sum(len(_several(value)) for value in values.values()) + len(metadata))
    filters: dict[str, object] = {}
    times = {*ranges, *ranges.values()}
    for name, value in values.items():
        option = name.replace("_", "-")
        if value is None:
            continue
        if name in rules:
            filters[name] = _any_of(name, _several(value), rules[name])
        elif not isinstance(value, str) and isinstance(value, Sequence):
            raise UsageProblem(f"{option} takes one value")
        elif name in times:
            filters[name] = parse_time(str(value), option, current)
        else:
            filters[name] = value
    for since, until in ranges.items():
        _refuse_backwards(since, filters.get(since), until, filters.get(until))
    if metadata:
        filters["metadata"] = tuple(map(_metadata_filter, metadata))
    return filters


def each(value: AnyOf | None) -> tuple[str, ...]:
    """The values that a filter looks for."""
    return () if value is None else (value,) if isinstance(value, str) else value


def refuse_too_many(count: int) -> None:
    """Raises UsageProblem where the filters have more values than the store can be asked for at once."""
    if count > MOST_VALUES:
        raise UsageProblem(
            f"{count:,} values of filters are too many",
            hint=f"at most {MOST_VALUES} at once; where ids are taken, - reads any number of them from standard input",
        )


def _refuse_contradictions(selection: Selection) -> None:
    """Raises UsageProblem for filters that cannot hold of one visitor, whoever there is."""
    if selection.never_seen and (selection.seen_since or selection.seen_until):
        raise UsageProblem("--never-seen excludes --seen-since and --seen-until")
    if selection.identified is False and selection.contact:
        raise UsageProblem("--anonymous excludes --contact")
    if selection.identified is False and any(not wanted.negated for wanted in selection.metadata):
        raise UsageProblem("--anonymous excludes --metadata, which is of contacts")
    if selection.identified is False and selection.email_domain:
        raise UsageProblem("--anonymous excludes --email-domain, which is of contacts")
    of_blocks = [name for name in OF_BLOCKS if name in selection.given]
    if selection.blocked is False and of_blocks:
        raise UsageProblem(
            f"--not-blocked excludes --{of_blocks[0].replace('_', '-')}, which is of blocks that hold now"
        )


def _refuse_backwards(since: str, begin: Any, until: str, end: Any) -> None:
    if begin and end and begin > end:
        raise UsageProblem(
            f"--{since.replace('_', '-')} {begin} is after --{until.replace('_', '-')} {end}",
            hint="the one is where the time begins, the other where it ends; 30d is before 7d",
        )


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _any_of(name: str, values: Sequence[object], rule: Callable[[Any, str], Any]) -> AnyOf:
    """The values of a filter, normalised, each once; the only one as it is."""
    option = name.replace("_", "-")
    if not values:
        raise UsageProblem(f"{option} has no value")
    found = tuple(dict.fromkeys(rule(str(value), option) for value in values))
    return found if len(found) > 1 else found[0]


def _metadata_filter(text: str) -> MetadataFilter:
    key, equals, value = text.partition("=")
    negated = bool(equals) and key.endswith("!")
    key = key.removesuffix("!") if negated else key
    if key.rstrip().endswith(_COMPARING) or (not equals and any(sign in key for sign in _COMPARING)):
        raise UsageProblem(f"metadata filter {text[:60]!r} compares, which is not offered", hint=_METADATA_FORMS)
    if equals and (key.endswith(":") or value.startswith("=")):  # K:=V sets a number, and others write K==V
        sign = ":=" if key.endswith(":") else "=="
        raise UsageProblem(f"metadata filter {text[:60]!r} has {sign} where = is meant", hint=_METADATA_FORMS)
    if not key.strip():
        raise InvalidData(
            f"metadata filter {text[:60]!r} has no key",
            field="metadata",
            code="invalid_metadata",
            hint=_METADATA_FORMS,
        )
    return MetadataFilter(normalise.trimmed(key, "metadata", normalise.TEXT_LIMIT), value if equals else None, negated)
