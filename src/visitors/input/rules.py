"""The rules by which fields come from columns: what `--map` and mapping files say.

A path names a column, or leads into objects and lists: `location.city`, `emails.0.address`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

Unit = Literal["seconds", "milliseconds", "microseconds"]
Conditions = tuple[tuple[str, frozenset[str]], ...]
"""Path -> accepted values, in lower case."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The source of a field.

    Args:
        field: The field, by its parser's name.
        sources: Its paths: the first that is not blank, or with `join` all that are not.
        join: The separator for joining the values of `sources`.
        constant: A fixed value instead.
        prefix: A prefix of values.
        values: The other system's words, in lower case -> ours.
        otherwise: The value for unlisted words; without it they are an error.
        unit: The unit of a time since 1970; 0 is no time.
        zone: The time zone of times without one.
        when: Conditions, all of which a row must meet to have the field.
        members: Key -> path, for a field that is an object.
        invalid: What to do with an invalid value; without it, that is an error.
        agent: The path of a User-Agent header that sets it, if nothing else does.
        parts: Paths of list items, such as messages, and how each is mapped.
    """

    field: str
    sources: tuple[str, ...] = ()
    join: str | None = None
    constant: Any = None
    prefix: str = ""
    values: Mapping[str, Any] | None = None
    otherwise: Any = msgspec.UNSET
    unit: Unit | None = None
    zone: str | None = None
    when: Conditions = ()
    members: tuple[tuple[str, str], ...] = ()
    invalid: Literal["metadata", "drop"] | None = None
    agent: str | None = None
    parts: tuple[tuple[str, Layout], ...] = ()

    @property
    def paths(self) -> Iterable[str]:
        """Every path that it reads."""
        yield from self.sources
        yield from () if self.agent is None else (self.agent,)
        yield from (path for path, _ in self.when)
        yield from (path for _, path in self.members)
        yield from (path for path, _ in self.parts)

    @property
    def is_plain(self) -> bool:
        """Whether the field is the unchanged value of a column."""
        return self == Rule(field=self.field, sources=self.sources)


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The use of each column of a record: a field by a rule, metadata, or none (`drop`, and records that match `skip`).

    Metadata and dropped columns are given by path, which includes everything below; a `*` at the end matches any
    suffix.
    """

    rules: tuple[Rule, ...]
    metadata: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    skip: Conditions = ()
    is_spread: bool = True
    """Whether nested values are flattened: a column above a known path is then null instead of an object."""

    @property
    def whole(self) -> frozenset[str]:
        """The paths that are not flattened, since their items are mapped one by one."""
        return frozenset(path for rule in self.rules for path, _ in rule.parts)
