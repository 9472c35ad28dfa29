"""The filters of a contact listing, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from visitors.domain import email_rules, normalise
from visitors.domain.selection import AnyOf, Filters, MetadataFilter, parse_filters
from visitors.domain.times import Instant, Time


class ContactSelection(Filters, frozen=True, kw_only=True, omit_defaults=True):
    """Filters on contacts. All must match; one with several values matches any of them.

    An empty selection matches all contacts that are not deleted.
    """

    search: AnyOf | None = None
    blocked: bool | None = None
    email_domain: AnyOf | None = None
    metadata: tuple[MetadataFilter, ...] = ()
    """See `Selection`."""
    created_since: Instant | None = None
    created_until: Instant | None = None
    has_visitors: bool | None = None
    """Whether the contact has live visitors, as counted by `visitorCount`."""
    deleted: bool = False


class ChosenContacts(TypedDict, total=False):
    """Filters on contacts, as arguments of the Python API. All must match; several values of one filter, or several
    conditions on one metadata key, match if any of them does. Times may be ages.
    """

    search: str | Sequence[str] | None
    blocked: bool | None
    email_domain: str | Sequence[str] | None
    metadata: str | Sequence[str]
    created_since: Time | None
    created_until: Time | None
    has_visitors: bool | None
    deleted: bool


_RULES: dict[str, Callable[[Any, str], Any]] = {"search": normalise.text, "email_domain": email_rules.email_domain}


def parse_contact_selection(values: Mapping[str, object], current: Instant) -> ContactSelection:
    """Build a ContactSelection from raw option values; None means not given. See `parse_selection`."""
    filters = parse_filters(values, current, _RULES, {"created_since": "created_until"})
    return ContactSelection(**filters)  # type: ignore[arg-type]
