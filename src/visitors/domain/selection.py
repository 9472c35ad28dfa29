"""A selection: the filters that choose visitors, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import msgspec

from visitors.domain import email_rules, ip_rules, normalise
from visitors.domain.fields import FILTERS
from visitors.domain.times import Instant, Time, parse_time
from visitors.errors import InvalidData, UsageProblem

AnyOf: TypeAlias = str | tuple[str, ...]
"""The value of a filter, or several, any of which matches."""

MOST_VALUES = 100
"""The maximum number of values in one selection; SQLite limits expression depth to 1,000."""


class MetadataFilter(msgspec.Struct, frozen=True):
    """`K` (present), `K=V` or `K!=V`; values are compared as printed text."""

    key: str
    value: str | None = None
    negated: bool = False


class Filters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of a listing; None or false if not set."""

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
    """Filters on visitors. All must match; one with several values matches any of them.

    An empty selection matches all visitors that are not deleted.
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
    """Filters on live blocks of the visitor or its contact: a single block must match all of them."""
    blocked_until: Instant | None = None
    blocked_by: AnyOf | None = None
    block_reason: AnyOf | None = None
    """A substring, ignoring the case of ASCII letters."""
    created_since: Instant | None = None
    created_until: Instant | None = None
    updated_since: Instant | None = None
    updated_until: Instant | None = None
    seen_since: Instant | None = None
    seen_until: Instant | None = None
    never_seen: bool = False
    metadata: tuple[MetadataFilter, ...] = ()
    """For each key, one of the positive conditions and all of the negated ones must match."""
    search: AnyOf | None = None
    deleted: bool = False
    idle_since: Instant | None = None
    """Neither seen nor created at or after this time; set by `prune`, not by an option."""
    without_conversations: bool = False
    """Neither started nor took part in a conversation; also set by `prune` only."""


DeviceType: TypeAlias = Literal["desktop", "mobile", "tablet", "unknown"]


class Chosen(TypedDict, total=False):
    """Filters on visitors, as arguments of the Python API. All must match; several values of one filter, or several
    conditions on one metadata key, match if any of them does. Times may be ages.
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
    "country_code": normalise.country_code_filter,
    "contact": normalise.text,
    "email_domain": email_rules.email_domain,
    "blocked_by": normalise.text,
    "block_reason": normalise.text,
    "search": normalise.text,
}
_COMPARING = ("<", ">", "~")
_METADATA_FORMS = "use K (present), K=V or K!=V"
_RANGES = {f"{what}_since": f"{what}_until" for what in ("created", "updated", "seen", "blocked")}
OF_BLOCKS = ("blocked_since", "blocked_until", "blocked_by", "block_reason")
"""The filters on live blocks."""


def parse_selection(values: Mapping[str, object], current: Instant) -> Selection:
    """Build a Selection from raw option values; None means not given.

    Ages count back from `current`. Raises InvalidData for an invalid value and UsageProblem for contradictory filters.
    """
    filters = parse_filters(values, current, _NORMALISE, _RANGES)
    selection = Selection(**filters)  # type: ignore[arg-type]
    _refuse_contradictions(selection)
    return selection


def parse_filters(
    values: Mapping[str, object],
    current: Instant,
    rules: Mapping[str, Callable[[Any, str], Any]],
    ranges: Mapping[str, str],
) -> dict[str, object]:
    """Return the given filters with their normalised values, by name.

    `rules` are the normalisers of filters that take several values; `ranges` maps the start of each time range to its
    end. Raises InvalidData for an invalid value, and UsageProblem for too many values, none, values that are not texts,
    repeated single values, and a range that ends before it begins.
    """
    given = {name: _several(value, name) for name, value in values.items() if value is not None}
    refuse_too_many(sum(map(len, given.values())))
    filters: dict[str, object] = {}
    times = {*ranges, *ranges.values()}
    for name, several in given.items():
        option = name.replace("_", "-")
        if name == "metadata":
            filters[name] = tuple(_metadata_filter(str(value)) for value in several)
        elif name in rules:
            filters[name] = _any_of(option, several, rules[name])
        elif _holds_values(values[name]):
            raise UsageProblem(f"{option} takes one value")
        elif name in times:
            filters[name] = parse_time(str(several[0]), option, current)
        else:
            filters[name] = several[0]
    for since, until in ranges.items():
        refuse_backwards(since, filters.get(since), until, filters.get(until))
    return filters


def each(value: AnyOf | None) -> tuple[str, ...]:
    """Return the values of a filter as a tuple."""
    return () if value is None else (value,) if isinstance(value, str) else value


def refuse_too_many(count: int) -> None:
    """Raise UsageProblem if the filters have more values than a query can take."""
    if count > MOST_VALUES:
        raise UsageProblem(
            f"{count:,} filter values are too many",
            hint=f"use at most {MOST_VALUES}; commands that take ids read any number of them from standard "
            "input with -",
        )


def _refuse_contradictions(selection: Selection) -> None:
    """Raise UsageProblem for filters that no visitor can match together."""
    if selection.never_seen and (selection.seen_since or selection.seen_until):
        raise UsageProblem("--never-seen cannot be combined with --seen-since or --seen-until")
    if selection.identified is False and selection.contact:
        raise UsageProblem("--anonymous cannot be combined with --contact")
    if selection.identified is False and any(not wanted.negated for wanted in selection.metadata):
        raise UsageProblem("--anonymous cannot be combined with --metadata, which belongs to contacts")
    if selection.identified is False and selection.email_domain:
        raise UsageProblem("--anonymous cannot be combined with --email-domain, which belongs to contacts")
    of_blocks = [name for name in OF_BLOCKS if name in selection.given]
    if selection.blocked is False and of_blocks:
        raise UsageProblem(
            f"--not-blocked cannot be combined with --{of_blocks[0].replace('_', '-')}, which needs a current block"
        )


def refuse_backwards(since: str, begin: Any, until: str, end: Any) -> None:
    """Raise UsageProblem if the time of the option `since` is after that of the option `until`."""
    if begin and end and begin > end:
        raise UsageProblem(
            f"--{since.replace('_', '-')} {begin} is after --{until.replace('_', '-')} {end}",
            hint="swap the two times; an age of 30d is earlier than 7d",
        )


def _holds_values(value: object) -> bool:
    # a network is iterable, too, but one value
    return isinstance(value, (Collection, Iterator)) and not isinstance(value, str)


def _several(value: object, name: str) -> list[object]:
    """Return the values of a filter, which may be a single one."""
    option, hint = name.replace("_", "-"), _METADATA_FORMS if name == "metadata" else None
    if not _holds_values(value):
        return [value]
    # a dict and bytes hold values, too, but other ones than meant
    found = [value] if isinstance(value, (Mapping, bytes)) else list(value)  # type: ignore[call-overload]
    if not found:
        raise UsageProblem(f"{option} has no value")
    for one in found:
        if one is None or _holds_values(one):
            raise UsageProblem(f"{option} takes texts, not {type(one).__name__}", hint=hint)
    return found


def _any_of(option: str, values: Sequence[object], rule: Callable[[Any, str], Any]) -> AnyOf:
    """Return the normalised values of a filter without duplicates; a single value is not wrapped."""
    found = tuple(dict.fromkeys(rule(str(value), option) for value in values))
    return found if len(found) > 1 else found[0]


def _metadata_filter(text: str) -> MetadataFilter:
    key, equals, value = text.partition("=")
    negated = bool(equals) and key.endswith("!")
    key = key.removesuffix("!") if negated else key
    if key.rstrip().endswith(_COMPARING) or (not equals and any(sign in key for sign in _COMPARING)):
        raise UsageProblem(
            f"metadata filter {text[:60]!r} uses a comparison, which is not supported", hint=_METADATA_FORMS
        )
    # K:=V sets a number elsewhere, and some people write K==V
    if equals and (key.endswith(":") or value.startswith("=")):
        sign = ":=" if key.endswith(":") else "=="
        raise UsageProblem(f"metadata filter {text[:60]!r} has {sign} instead of =", hint=_METADATA_FORMS)
    if not key.strip():
        raise InvalidData(
            f"metadata filter {text[:60]!r} has no key",
            field="metadata",
            code="invalid_metadata",
            hint=_METADATA_FORMS,
        )
    return MetadataFilter(normalise.trimmed(key, "metadata", normalise.TEXT_LIMIT), value if equals else None, negated)
