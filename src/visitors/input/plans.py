"""How the rules of a layout are applied to rows with certain columns, compiled once for all of these.

The rows of a file mostly have the same columns, so a plan is made once, and then only reads and converts values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from visitors.errors import InvalidData
from visitors.input.conversions import as_text, as_word, changes_of, for_metadata, is_blank, validity
from visitors.input.kinds import METADATA
from visitors.input.paths import Place, Value, find, is_above, read_at, spread
from visitors.input.rules import Conditions, Layout, Rule


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
        found = [place for path in rule.sources if (place := find(path, columns)) is not None]
        looked_at = [column for path in rule.paths if (place := find(path, columns)) for column in place[:1]]
        for column in looked_at:
            self.fates.setdefault(column, [])
        if rule.is_plain and len(found) == 1 and not found[0][1]:
            self.fields.append(rule.field)
            self.columns.append(found[0][0])
            self.fates[found[0][0]].append(rule.field)
            return
        value = _value(rule, found, columns)
        agent = find(rule.agent, columns) if rule.agent is not None else None
        if agent is not None:
            value = _or_of_agent(value, read_at(agent), rule.field)
            found.append(agent)
        if value is None:
            return
        sources = [column for column, _ in found]
        sources += [place[0] for _, path in rule.members if (place := find(path, columns))]
        sources += [place[0] for path, _ in rule.parts if (place := find(path, columns))]
        for column in dict.fromkeys(sources):
            self.fates[column].append(rule.field)
        if rule.invalid is None:
            self.made.append((rule.field, value))
            return
        valid = validity(rule.field)
        self.made.append((rule.field, lambda flat: told if valid(told := value(flat)) else None))
        if rule.invalid == "metadata":
            field = f"{METADATA}{rule.sources[0]}"
            self.made.append((field, lambda flat: None if valid(told := value(flat)) else for_metadata(told)))
            self.fates[sources[0]].append(field)

    def add_metadata(self, column: str, key: str) -> None:
        """Add a column as metadata."""
        field = f"{METADATA}{key}"
        self.fates[column] = [field]
        self.made.append((field, lambda flat: for_metadata(flat[column])))

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


def plan_for(layout: Layout, columns: Sequence[str]) -> Plan:
    """Return the plan for rows with these columns; more fields may be added until it is sealed."""
    plan = Plan()
    for rule in layout.rules:
        plan.add(rule, columns)
    known = [path for rule in layout.rules for path in rule.paths]
    known += [path for path, _ in layout.skip]
    for path in known:
        found = find(path, columns)
        if found is not None:
            plan.fates.setdefault(found.column, [])
    for column in columns:
        if column in plan.fates:
            continue
        key = next((key for pattern in layout.metadata if (key := _matched(pattern, column)) is not None), None)
        if key is not None:
            plan.add_metadata(column, key)
        elif _is_left_out(layout, column, known):
            plan.fates[column] = []
        else:
            plan.unknown.append(column)
    plan.skips = _condition(layout.skip, columns) if layout.skip else None
    return plan


def _is_left_out(layout: Layout, column: str, known: Sequence[str]) -> bool:
    if any(_matched(pattern, column) is not None for pattern in layout.drop):
        return True
    return layout.is_spread and is_above(column, (*known, *layout.metadata, *layout.drop))


def _matched(pattern: str, column: str) -> str | None:
    """Return the metadata key for a column that matches the pattern; None if it does not."""
    if pattern.endswith("*"):
        start = pattern[:-1]
        if column.startswith(start):
            return column[start.rfind(".") + 1 :]
        return None
    return column if column == pattern or column.startswith(f"{pattern}.") else None


def _value(rule: Rule, found: Sequence[Place], columns: Sequence[str]) -> Value | None:
    """Return the function that computes the field; None if none of its sources exists."""
    value = _source(rule, found, columns)
    if value is None:
        return None
    changes = changes_of(rule)
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
        members = [(key, read_at(place)) for key, path in rule.members if (place := find(path, columns))]
        return (lambda flat: _object(members, flat)) if members else None
    return _told([read_at(place) for place in found], rule.join) if found else None


def _told(readers: Sequence[Value], joint: str | None) -> Value:
    """Return the first value that is not blank, or with a `joint` all of them."""
    if joint is not None:
        return lambda flat: joint.join(as_text(told) for read in readers if not is_blank(told := read(flat)))
    if len(readers) == 1:
        return readers[0]
    return lambda flat: next((told for read in readers if not is_blank(told := read(flat))), None)


def _object(members: Iterable[tuple[str, Value]], flat: Mapping[str, Any]) -> dict[str, Any] | None:
    told = {key: value for key, read in members if not is_blank(value := read(flat))}
    return told or None


def _items(rule: Rule, columns: Sequence[str]) -> Value | None:
    readers = [(path, read_at(place), Reader(layout)) for path, layout in rule.parts if (place := find(path, columns))]
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
            plan = plan_for(self._layout, columns)
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
    tests = [(read_at(place) if (place := find(path, columns)) else None, words) for path, words in conditions]

    def holds(flat: Mapping[str, Any]) -> bool:
        return all(as_word(read(flat) if read else None) in words for read, words in tests)

    return holds
