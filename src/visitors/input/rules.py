"""How fields are computed from columns: the rules of `--map` and of mapping files, compiled for rows.

A path names a column, or leads into objects and lists: `location.city`, `emails.0.address`. Nested values are first
flattened into one column for each scalar, so a path is a column, or leads into a list in one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.row import OF_CONTACT
from visitors.domain.times import from_milliseconds, parse_instant
from visitors.errors import InvalidData
from visitors.input.kinds import METADATA

Unit = Literal["seconds", "milliseconds", "microseconds"]
_MILLISECONDS: dict[str, float] = {"seconds": 1_000, "milliseconds": 1, "microseconds": 0.001}
Value = Callable[[Mapping[str, Any]], Any]
"""Computes a value from the columns of a row."""
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

    def plan(self, columns: Sequence[str]) -> Plan:
        """Return the plan for rows with these columns."""
        plan = Plan()
        for rule in self.rules:
            plan.add(rule, columns)
        known = [path for rule in self.rules for path in rule.paths]
        known += [path for path, _ in self.skip]
        for path in known:
            found = _find(path, columns)
            if found is not None:
                plan.fates.setdefault(found[0], [])
        for column in columns:
            if column in plan.fates:
                continue
            key = next((key for pattern in self.metadata if (key := _matched(pattern, column)) is not None), None)
            if key is not None:
                plan.add_metadata(column, key)
            elif self._is_left_out(column, known):
                plan.fates[column] = []
            else:
                plan.unknown.append(column)
        plan.skips = _condition(self.skip, columns) if self.skip else None
        return plan

    def _is_left_out(self, column: str, known: Sequence[str]) -> bool:
        if any(_matched(pattern, column) is not None for pattern in self.drop):
            return True
        return self.is_spread and _is_above(column, (*known, *self.metadata, *self.drop))


class Plan:
    """How to map rows with certain columns."""

    def __init__(self) -> None:
        self.fields: list[str] = []
        self.columns: list[str] = []
        """The columns that directly are the first of the fields."""
        self.made: list[tuple[str, Value]] = []
        """The other fields, and how to compute them."""
        self.fates: dict[str, list[str]] = {}
        """Column -> the fields that it sets."""
        self.unknown: list[str] = []
        self.skips: Value | None = None

    @property
    def all_fields(self) -> list[str]:
        """All fields, including computed ones."""
        return [*self.fields, *(field for field, _ in self.made)]

    def add(self, rule: Rule, columns: Sequence[str]) -> None:
        """Add a field by its rule, if any of its sources exists."""
        found = [place for path in rule.sources if (place := _find(path, columns)) is not None]
        looked_at = [column for path in rule.paths if (place := _find(path, columns)) for column in place[:1]]
        for column in looked_at:
            self.fates.setdefault(column, [])
        if rule.is_plain and len(found) == 1 and not found[0][1]:
            self.fields.append(rule.field)
            self.columns.append(found[0][0])
            self.fates[found[0][0]].append(rule.field)
            return
        value = _value(rule, found, columns)
        agent = _find(rule.agent, columns) if rule.agent is not None else None
        if agent is not None:
            value = _or_of_agent(value, _reader(agent), rule.field)
            found.append(agent)
        if value is None:
            return
        sources = [column for column, _ in found]
        sources += [place[0] for _, path in rule.members if (place := _find(path, columns))]
        sources += [place[0] for path, _ in rule.parts if (place := _find(path, columns))]
        for column in dict.fromkeys(sources):
            self.fates[column].append(rule.field)
        if rule.invalid is None:
            self.made.append((rule.field, value))
            return
        valid = _validity(rule.field)
        self.made.append((rule.field, lambda flat: told if valid(told := value(flat)) else None))
        if rule.invalid == "metadata":
            field = f"{METADATA}{rule.sources[0]}"
            self.made.append((field, lambda flat: None if valid(told := value(flat)) else _scalar(told)))
            self.fates[sources[0]].append(field)

    def add_metadata(self, column: str, key: str) -> None:
        """Add a column as metadata."""
        field = f"{METADATA}{key}"
        self.fates[column] = [field]
        self.made.append((field, lambda flat: _scalar(flat[column])))

    def seal(self) -> None:
        """Finish: put computed fields after the direct ones."""
        self.fields += [field for field, _ in self.made]
        self._makers = [value for _, value in self.made]

    def values(self, flat: Mapping[str, Any]) -> list[Any]:
        """Return the field values."""
        values = [flat[column] for column in self.columns]
        values.extend([make(flat) for make in self._makers])
        return values

    def source_of(self, field: str) -> str | None:
        """Return the column that a field came from."""
        return next((column for column, fields in self.fates.items() if field in fields), None)


class Place(NamedTuple):
    """A column, and a path in the list or object in it."""

    column: str
    rest: tuple[str, ...]


def spread(row: Mapping[str, Any], whole: Collection[str]) -> dict[str, Any]:
    """Flatten nested values into dotted names, except the `whole` ones; an empty object is dropped."""
    flat: dict[str, Any] = {}
    _spread(row, "", whole, flat)
    return flat


def _spread(row: Mapping[str, Any], prefix: str, whole: Collection[str], flat: dict[str, Any]) -> None:
    for key, value in row.items():
        if value.__class__ is dict and prefix + key not in whole:
            _spread(value, f"{prefix}{key}.", whole, flat)
        else:
            flat[prefix + key] = value


def at(row: Any, path: Sequence[str]) -> Any:
    """Return the value at a path in nested objects and lists; None if there is none."""
    for key in path:
        if isinstance(row, dict):
            row = row.get(key)
        elif isinstance(row, list) and key.isdecimal() and int(key) < len(row):
            row = row[int(key)]
        else:
            return None
    return row


def _is_above(column: str, paths: Iterable[str]) -> bool:
    return any(path.startswith(f"{column}.") for path in paths)


def _find(path: str, columns: Collection[str]) -> Place | None:
    if path in columns:
        return Place(path, ())
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        column = ".".join(parts[:length])
        if column in columns:
            return Place(column, tuple(parts[length:]))
    return None


def _reader(place: Place) -> Value:
    column, rest = place
    if not rest:
        return lambda flat: flat[column]
    return lambda flat: at(flat[column], rest)


def is_blank(value: object) -> bool:
    """Return whether a value is blank."""
    return value is None or (value.__class__ is str and (not value or value.isspace()))


def _value(rule: Rule, found: Sequence[Place], columns: Sequence[str]) -> Value | None:
    """Return the function that computes the field; None if none of its sources exists."""
    value = _source(rule, found, columns)
    if value is None:
        return None
    changes = _changes(rule)
    if changes:
        source = value

        def value(flat: Mapping[str, Any]) -> Any:
            told = source(flat)
            for change in changes:
                if is_blank(told):
                    return None
                told = change(told)
            return told

    if not rule.when:
        return value
    holds, always = _condition(rule.when, columns), value
    return lambda flat: always(flat) if holds(flat) else None


def _or_of_agent(value: Value | None, header: Value, field: str) -> Value:
    """Wrap `value`: if that is blank, use the field's value in the user agent."""
    from visitors.input.user_agents import part_of_agent

    part = part_of_agent(field)

    def told(flat: Mapping[str, Any]) -> Any:
        found = value(flat) if value is not None else None
        if not is_blank(found):
            return found
        agent = header(flat)
        return None if is_blank(agent) else part(agent)

    return told


def _source(rule: Rule, found: Sequence[Place], columns: Sequence[str]) -> Value | None:
    if rule.constant is not None:
        return lambda _: rule.constant
    if rule.parts:
        return _items(rule, columns)
    if rule.members:
        members = [(key, _reader(place)) for key, path in rule.members if (place := _find(path, columns))]
        return (lambda flat: _object(members, flat)) if members else None
    return _told([_reader(place) for place in found], rule.join) if found else None


def _told(readers: Sequence[Value], joint: str | None) -> Value:
    """Return the first value that is not blank, or with a `joint` all of them."""
    if joint is not None:
        return lambda flat: joint.join(_text(told) for read in readers if not is_blank(told := read(flat)))
    if len(readers) == 1:
        return readers[0]
    return lambda flat: next((told for read in readers if not is_blank(told := read(flat))), None)


def _object(members: Iterable[tuple[str, Value]], flat: Mapping[str, Any]) -> dict[str, Any] | None:
    told = {key: value for key, read in members if not is_blank(value := read(flat))}
    return told or None


def _items(rule: Rule, columns: Sequence[str]) -> Value | None:
    readers = [(path, _reader(place), Reader(layout)) for path, layout in rule.parts if (place := _find(path, columns))]
    if not readers:
        return None

    def items(flat: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = []
        for path, read, reader in readers:
            told = read(flat)
            for number, item in enumerate(told if isinstance(told, list) else [told]):
                if not isinstance(item, dict):
                    continue
                try:
                    values = reader.read(item)
                except InvalidData as error:
                    error.message = f"{path}.{number}: {error.message}"
                    error.field = rule.field
                    raise
                if values is not None and not is_blank(values.get("body")):
                    found.append(values)
        return found

    return items


class Reader:
    """Reads records that are items of another one, such as messages."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._whole = layout.whole
        self._plans: dict[tuple[str, ...], Plan] = {}

    def read(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the fields of an item; None if it is skipped. Raises InvalidData for unknown keys."""
        flat = spread(item, self._whole)
        columns = tuple(flat)
        plan = self._plans.get(columns)
        if plan is None:
            plan = self._layout.plan(columns)
            plan.seal()
            if plan.unknown:
                raise InvalidData(f"column {plan.unknown[0]!r} matches no field", code="unmapped_column")
            self._plans[columns] = plan
        if plan.skips is not None and plan.skips(flat):
            return None
        values = zip(plan.fields, plan.values(flat), strict=True)
        return {field: value for field, value in values if not is_blank(value)}


def _condition(conditions: Conditions, columns: Sequence[str]) -> Value:
    """Return the function that tests whether a row meets all conditions; missing values are blank."""
    tests = [(_reader(place) if (place := _find(path, columns)) else None, words) for path, words in conditions]

    def holds(flat: Mapping[str, Any]) -> bool:
        return all(_word(read(flat) if read else None) in words for read, words in tests)

    return holds


def _word(value: object) -> str:
    return "" if value is None else _text(value).strip().lower()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _changes(rule: Rule) -> list[Callable[[Any], Any]]:
    changes: list[Callable[[Any], Any]] = []
    if rule.values is not None:
        words = rule.values

        def translated(value: Any) -> Any:
            word = value if value.__class__ is str and value in words else _word(value)
            if word in words:
                return words[word]
            if rule.otherwise is msgspec.UNSET:
                message = f"the mapping has no {rule.field} for {_text(value)[:60]!r}"
                raise InvalidData(message, field=rule.field, code="unmapped_value")
            return rule.otherwise

        changes.append(translated)
    if rule.unit is not None:
        factor = _MILLISECONDS[rule.unit]
        changes.append(lambda value: _since_1970(value, factor, rule.field))
    if rule.zone is not None:
        changes.append(_in_zone(rule.zone, rule.field))
    if rule.prefix:
        changes.append(lambda value: f"{rule.prefix}{_text(value).strip()}")
    return changes


def _since_1970(value: Any, factor: float, field: str) -> str | None:
    try:
        number = float(value if not isinstance(value, bool) else "")
        return None if number == 0 else from_milliseconds(round(number * factor))
    except (TypeError, ValueError, OverflowError):
        raise InvalidData(f"{field} {_text(value)[:40]!r} is not a time", field=field, code="invalid_time") from None


def _in_zone(zone: str, field: str) -> Callable[[Any], str]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from visitors.domain.times import from_datetime

    there = ZoneInfo(zone)

    def moved(value: Any) -> str:
        text = _text(value).strip()
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                return from_datetime(moment.replace(tzinfo=there))
        except (ValueError, OverflowError):
            pass
        return parse_instant(text, field)

    return moved


def _validity(field: str) -> Callable[[Any], bool]:
    """Return the function that tests whether a field accepts a value."""
    name = field.removeprefix(OF_CONTACT)
    known = PERSON[name] if field.startswith(OF_CONTACT) else BROWSER_DATA[name]
    rule = known.rule
    assert rule is not None

    def valid(value: Any) -> bool:
        if is_blank(value):
            return True
        try:
            rule(value, name)
        except (InvalidData, AttributeError, TypeError):
            return False
        return True

    return valid


def _scalar(value: Any) -> Any:
    """Convert a value for metadata: lists and objects become JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def _matched(pattern: str, column: str) -> str | None:
    """Return the metadata key for a column that matches the pattern; None if it does not."""
    if pattern.endswith("*"):
        start = pattern[:-1]
        if column.startswith(start):
            return column[start.rfind(".") + 1 :]
        return None
    return column if column == pattern or column.startswith(f"{pattern}.") else None
