"""The filters that choose contacts in a listing, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from visitors.domain import email_rules, normalise
from visitors.domain.selection import AnyOf, Filters, MetadataFilter, parse_filters
from visitors.domain.times import Instant, Time


class ContactSelection(Filters, frozen=True, kw_only=True, omit_defaults=True):
    """Every filter that is set must hold, and one of several values holds if any of them does. Without any filter it
    chooses all that are not deleted.
    """

    search: AnyOf | None = None
    blocked: bool | None = None
    email_domain: AnyOf | None = None
    metadata: tuple[MetadataFilter, ...] = ()
    """As in a selection of visitors."""
    created_since: Instant | None = None
    created_until: Instant | None = None
    has_visitors: bool | None = None
    """Whether there are any that are not deleted, as `visitorCount` has it."""
    deleted: bool = False


class ChosenContacts(TypedDict, total=False):
    """The filters that choose contacts, as arguments of the Python API; all that are given must hold. Of several
    values any will do; for metadata, any of those of one key. Times may be ages.
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


def parse_contact_selection(values: dict[str, object], metadata: list[str], current: Instant) -> ContactSelection:
    """A ContactSelection from the options' raw values; None means 'not given'. As `parse_selection`."""
    filters = parse_filters(values, metadata, current, _RULES, {"created_since": "created_until"})
    return ContactSelection(**filters)  # type: ignore[arg-type]
