"""The filters of a conversation listing, normalised and ready to become SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from visitors.domain import normalise
from visitors.domain.conversation import PRIORITIES, STATUSES, Priority, Status
from visitors.domain.selection import AnyOf, Filters, each, parse_filters
from visitors.domain.times import Instant, Time
from visitors.errors import InvalidData, UsageProblem


class ConversationSelection(Filters, frozen=True, kw_only=True, omit_defaults=True):
    """Filters on conversations. All must match; one with several values matches any of them.

    An empty selection matches all conversations.
    """

    visitor: AnyOf | None = None
    """The visitor that started the conversation."""
    contact: AnyOf | None = None
    status: AnyOf | None = None
    priority: AnyOf | None = None
    search: AnyOf | None = None
    """A substring of the title or of a message."""
    since: Instant | None = None
    """The earliest start time; `until` is the latest."""
    until: Instant | None = None
    unanswered: bool = False
    """Open, and the last message is from a visitor."""


class ChosenConversations(TypedDict, total=False):
    """Filters on conversations, as arguments of the Python API. All must match; several values of one filter match if
    any of them does. Times may be ages.
    """

    visitor: str | Sequence[str] | None
    contact: str | Sequence[str] | None
    status: Status | Sequence[Status] | None
    priority: Priority | Sequence[Priority] | None
    search: str | Sequence[str] | None
    since: Time | None
    until: Time | None
    unanswered: bool


def parse_conversation_selection(values: Mapping[str, object], current: Instant) -> ConversationSelection:
    """Build a ConversationSelection from raw option values; None means not given. See `parse_selection`."""
    selection = ConversationSelection(**parse_filters(values, current, _RULES, {"since": "until"}))  # type: ignore[arg-type]
    if selection.unanswered and selection.status is not None and "open" not in each(selection.status):
        raise UsageProblem("--unanswered only matches open conversations", hint="leave out --status")
    return selection


def _one_of(choices: Sequence[str]) -> Callable[[Any, str], Any]:
    def rule(value: str, option: str) -> str:
        word = normalise.text(value, option).lower()
        if word not in choices:
            raise InvalidData(
                f"{option} {word[:60]!r} is not valid",
                field=option,
                code=f"invalid_{option}",
                hint=f"use one of {', '.join(choices)}",
            )
        return word

    return rule


_RULES: dict[str, Callable[[Any, str], Any]] = {
    "visitor": normalise.text,
    "contact": normalise.text,
    "status": _one_of(STATUSES),
    "priority": _one_of(PRIORITIES),
    "search": normalise.text,
}
