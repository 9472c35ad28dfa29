"""Map columns of a file to fields: by name, by alias, or by `--map`."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.row import OF_CONTACT
from visitors.domain.visitor import leniently
from visitors.errors import InvalidData, UsageProblem
from visitors.input.delimiter import hint_of, shown_delimiter
from visitors.input.kinds import TOLD_BY_AGENT, USER_AGENT, VISITORS, Kind, squeezed
from visitors.input.readers import Header
from visitors.input.rules import Layout, Plan, Rule, is_blank, spread

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

_SEPARATORS = (";", "\t", "|", ",")
_OF_ERRORS = {"error", "errors", "detail", "message", "statusCode", "status_code"}
"""The keys of the message in an API's error response."""
_SHOWN = 10
"""The maximum number of columns named in an error."""
REJECT = "reject."
"""The prefix of the additional columns in a file of rejected rows."""
_RAW = f"{REJECT}raw"


_MISSING = object()
_PLANS = 4_096
"""The maximum number of cached plans: rows with unique keys each need their own."""
_TEXTS = frozenset(
    (
        *(field.name for field in BROWSER_DATA.values() if field.type == "text"),
        *(f"{OF_CONTACT}{field.name}" for field in PERSON.values() if field.type == "text"),
        "title",
    )
)
_NAMING = ("contact.id", "contact.externalId", "contact.email")


class ColumnMapping:
    """Maps rows of a file to rows of a kind.

    The rules are those of `--map`, then those of a mapping file (`part`); without one, columns are also matched by
    name.
    """

    def __init__(
        self,
        maps: Sequence[str],
        header: Header,
        *,
        ignore_unknown: bool,
        nulls: Collection[str] = (),
        kind: Kind = VISITORS,
        part: Part | None = None,
    ) -> None:
        """Texts in `nulls` count as blank. Raises UsageProblem for an invalid map, and InvalidData for columns that it
        needs.
        """
        self._kind = kind
        self._explicit, self._left_out = _parse_maps(maps, kind)
        self._nulls = frozenset(nulls)
        self._part = part
        rules = [Rule(field=field, sources=(column,)) for field, column in self._explicit.items()]
        settled = {*self._explicit, *self._left_out}
        if part is not None:
            rules += [rule for rule in part.layout.rules if rule.field not in settled]
        self._agent = next((rule.sources[0] for rule in rules if rule.field == USER_AGENT), None)
        if self._agent is not None:
            rules = [rule for rule in rules if rule.field != USER_AGENT]
            rules = [self._with_agent(rule) for rule in rules]
        if part is None:
            self._layout = Layout(rules=tuple(rules), is_spread=False)
        else:
            dropped = [path for rule in part.layout.rules if rule.field in settled for path in rule.paths]
            drop = (*part.layout.drop, *dropped)
            self._layout = msgspec.structs.replace(part.layout, rules=tuple(rules), drop=drop)
        self._whole = self._layout.whole
        self._ignore_unknown = ignore_unknown
        self._unseen = set(self._explicit.values())
        self._unknown: list[str] = []
        self._knows_a_column = False
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._is_flat = header.columns is not None
        if header.columns:
            missing = [column for column in self._explicit.values() if column not in header.columns]
            if missing:
                raise InvalidData(
                    f"column {missing[0]!r} not found",
                    code="missing_column",
                    hint="the columns are " + _listed(header.columns),
                )
            self._plan(header.columns)
            self.refuse_unknown()

    @property
    def command(self) -> str:
        """The command that imports such rows."""
        return self._kind.command

    def _with_agent(self, rule: Rule) -> Rule:
        """Extend the rule: the user agent sets the field if nothing else does."""
        return msgspec.structs.replace(rule, agent=self._agent) if rule.field in TOLD_BY_AGENT else rule

    def row(self, cells: Mapping[str, Any]) -> Any:
        """Map and parse the cells of a row, given by column. Raises InvalidData, also for unknown columns."""
        plan, values = self._taken(cells)
        return plan.parser.parse(values)

    def row_leniently(self, cells: Mapping[str, Any]) -> tuple[Any, list[InvalidData]]:
        """Like `row`, with the errors of values that were left out; see `leniently`."""
        plan, values = self._taken(cells)

        def leave_out(field: str) -> None:
            values[plan.fields.index(field)] = None

        return leniently(lambda: plan.parser.parse(values), leave_out)

    def _taken(self, cells: Mapping[str, Any]) -> tuple[_Plan, list[Any]]:
        """Return the values to use, and the plan that assigns them to fields."""
        flat = self.flat(cells)
        if self._unseen:
            self._unseen.difference_update(flat)
        plan = self._plan(tuple(flat))
        values = plan.values(self._told(flat))
        if _RAW in cells and not any(map(_is_told, values)) and _is_told(cells[_RAW]):
            raise InvalidData("the row could not be read and was not corrected", code="not_mended")
        return plan, values

    def flat(self, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """Flatten nested values of a file's row into columns."""
        if self._part is None:
            return _flat(cells, self._explicit.values())
        return cells if self._is_flat else spread(cells, self._whole)

    def fates(self, flat: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, Any]]:
        """Return the fields set by each column, none if it is dropped; and the field values of a row."""
        plan = self._plan(tuple(flat))
        return plan.plan.fates, dict(zip(plan.fields, plan.values(self._told(flat)), strict=True))

    def _told(self, flat: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace texts that count as blank."""
        if not self._nulls:
            return flat
        return {
            column: None if isinstance(one, str) and one.strip() in self._nulls else one for column, one in flat.items()
        }

    def refuse_unseen(self) -> None:
        """Raise InvalidData, after the last row, if a column of `--map` was in none of them."""
        for column in sorted(self._unseen):
            raise InvalidData(f"no row has the column {column!r}", code="missing_column", hint="check --map")

    def refuse_unknown(self) -> None:
        """Raise InvalidData, after the header or last row, if there were columns and none is known."""
        if self._unknown and not self._knows_a_column:
            raise _no_column_known(self._unknown, self._kind)

    def saw_known(self) -> None:
        """Record that rows read elsewhere have only known columns."""
        self._knows_a_column = True

    def column_of(self, field: str | None, row: Mapping[str, Any]) -> str | None:
        """Return the column that `field` came from in `row`."""
        if field is None or not row:
            return None
        return self._plan(tuple(self.flat(row))).plan.source_of(field)

    def _plan(self, columns: tuple[str, ...]) -> _Plan:
        plan = self._plans.get(columns)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[columns] = _Plan(self._make_plan(columns), self._kind, self._part, is_flat=self._is_flat)
        return plan

    def _make_plan(self, columns: tuple[str, ...]) -> Plan:
        if self._part is None:
            self._kind.refuse_others(columns, {*self._explicit, *self._left_out})
        plan = self._layout.plan([column for column in columns if not column.startswith(REJECT)])
        if self._part is None:
            alike = [one for one in plan.unknown if self._kind.field_of(one) not in self._left_out]
            _refuse_alike(alike, self._kind)
        unknown = [column for column in plan.unknown if not self._add_named(plan, column, columns)]
        if self._agent is not None:
            self._add_told_by_agent(plan, columns)
        plan.seal()
        self._knows_a_column = self._knows_a_column or bool(plan.fields)
        if unknown and not plan.fields:
            self._unknown = self._unknown or unknown
            if not self._ignore_unknown:
                raise _no_column_known(unknown, self._kind)
        if unknown and not self._ignore_unknown:
            raise InvalidData(
                f"{len(unknown):,} columns match no field: {_listed(unknown)}"
                if len(unknown) > 1
                else f"column {unknown[0]!r} matches no field",
                code="unmapped_column",
                hint=_meant(unknown, self._kind) or "use --map FIELD=COLUMN, or --ignore-unknown",
            )
        return plan

    def _add_named(self, plan: Plan, column: str, columns: tuple[str, ...]) -> bool:
        """Add a column to the plan if its name determines its use; return whether it does."""
        if column == self._agent:
            plan.fates[column] = []
            return True
        if self._part is not None:
            return False
        field = self._kind.field_of(column)
        if column in self._kind.ignored or field in self._left_out:
            plan.fates[column] = []
        elif field is None or field in (*plan.all_fields, *self._explicit, *self._kind.more):
            return False
        else:
            plan.add(self._with_agent(Rule(field=field, sources=(column,))), columns)
        return True

    def _add_told_by_agent(self, plan: Plan, columns: tuple[str, ...]) -> None:
        for field in TOLD_BY_AGENT:
            if field not in (*plan.all_fields, *self._left_out):
                plan.add(Rule(field=field, agent=self._agent), columns)


class _Plan:
    """Which columns are used, and for which fields."""

    def __init__(self, plan: Plan, kind: Kind, part: Part | None, *, is_flat: bool) -> None:
        self.plan = plan
        self.fields = plan.fields
        self.parser = kind.parser(plan.fields)
        self._of_person = []
        self._naming = []
        self._texts = []
        if part is not None:
            # cells of a table are text already
            self._texts = [] if is_flat else [at for at, field in enumerate(plan.fields) if field in _TEXTS]
        if part is not None and kind is VISITORS:
            self._naming = [at for at, field in enumerate(plan.fields) if field in _NAMING]
            self._of_person = [at for at, field in enumerate(plan.fields) if field.startswith(OF_CONTACT)]

    def values(self, flat: Mapping[str, Any]) -> list[Any]:
        """Return the field values, all None for a skipped row. If a mapping leaves the person unidentified, other
        values of the person are dropped.
        """
        if self.plan.skips is not None and self.plan.skips(flat):
            return [None] * len(self.fields)
        values = self.plan.values(flat)
        for at in self._texts:
            kind = values[at].__class__
            if kind is int or kind is float:  # a number in the other system may be text in ours
                values[at] = str(values[at])
        for at in self._naming:
            if not is_blank(values[at]):
                return values
        for at in self._of_person:
            values[at] = None
        return values


def _no_column_known(columns: Sequence[str], kind: Kind) -> InvalidData:
    """Make the error for a file without any known column, with a guess at what it is."""
    shown = _listed(columns)
    message = f"no column matches a field: {shown}"
    if len(columns) == 1:
        for separator in _SEPARATORS:
            if separator in columns[0]:
                return InvalidData(
                    f"no column matches a field: the cells of {shown!r} are separated by {shown_delimiter(separator)}",
                    code="no_known_column",
                    hint=f"use {hint_of(separator)}",
                )
    if any(column in _OF_ERRORS for column in columns):
        return InvalidData(
            f"no column matches a field; the file looks like an error response: {shown}",
            code="no_known_column",
            hint="check the program that wrote the file: it may have failed",
        )
    hint = _meant(columns, kind) or (
        f"use --map id=COLUMN to name the column with the id; for details: visitors {kind.command} --help"
    )
    return InvalidData(message, code="no_known_column", hint=hint)


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else ""
    return ", ".join(columns[:_SHOWN]) + more


def _meant(columns: Iterable[str], kind: Kind) -> str | None:
    """Suggest the field that one of `columns` probably is, in another spelling."""
    from visitors.domain.spelling import bare

    known = {bare(name): name for name in (*kind.names, *kind.aliases)}
    for column in columns:
        field = known.get(bare(column))
        if field is not None:
            return f"did you mean {field}? --map {kind.aliases.get(field, field)}={shlex.quote(column)}"
    return None


def _parse_maps(maps: Iterable[str], kind: Kind) -> tuple[dict[str, str], set[str]]:
    """Parse which field is in which column, and which fields are left out because nothing follows their sign."""
    left_out: set[str] = set()
    parsed: dict[str, str] = {}
    for text in maps:
        field, equals, column = text.partition("=")
        name = kind.field_named(field.strip())
        if not equals or not field.strip():
            raise UsageProblem(
                f"--map {text!r} is not FIELD=COLUMN", hint="use FIELD=COLUMN, such as --map language=br_lang"
            )
        if name is None:
            raise UsageProblem(
                f"--map: unknown field {field.strip()!r}",
                code="unknown_field",
                hint="the fields are " + ", ".join(kind.names),
            )
        if name in left_out or (name in parsed and not column.strip()):
            raise UsageProblem(f"--map both sets and leaves out {name}", hint="remove one of the two")
        if name in parsed:
            raise UsageProblem(f"--map assigns two columns to {name}: {parsed[name]} and {column.strip()}")
        if column.strip():
            parsed[name] = column.strip()
        else:
            left_out.add(name)
    return parsed, left_out


def is_known(column: str, maps: Sequence[str], kind: Kind) -> bool:
    """Return whether a column is a field, by its name or by one of `maps`. Raises UsageProblem for an invalid map."""
    return (
        column.startswith(REJECT) or kind.field_of(column) is not None or column in _parse_maps(maps, kind)[0].values()
    )


def _refuse_alike(columns: Iterable[str], kind: Kind) -> None:
    """Raise InvalidData for two columns of the same field, whose names differ only in case or white space."""
    seen: dict[str, str] = {}
    for column in columns:
        field = kind.field_of(column)
        if field is None:
            continue
        other = seen.setdefault(squeezed(column), column)
        if other != column:
            raise InvalidData(
                f"columns {other!r} and {column!r} both match {field}",
                code="duplicate_column",
                hint=f"use --map {field}=COLUMN to choose one, and --ignore-unknown to ignore the other",
            )


def _flat(row: Mapping[str, Any], mapped: Collection[str]) -> dict[str, Any]:
    """Flatten the contact's fields, as dotted names, and other nested values that are mapped; an object that is thereby
    used up is not a column of its own.
    """
    flat = dict(row)
    contact = flat.get("contact")
    if isinstance(contact, dict):
        del flat["contact"]
        for key, value in contact.items():
            flat[f"contact.{key}"] = value
    elif "contact" in flat and contact is None:
        del flat["contact"]
    taken: set[str] = set()
    for column in mapped:
        if column not in flat and "." in column:
            value = _nested(row, column)
            if value is not _MISSING:
                flat[column] = value
                taken.add(column)
    if taken:
        for column, value in list(flat.items()):
            if column not in mapped and isinstance(value, dict) and value and _is_taken(value, column, taken):
                del flat[column]
    return flat


def _is_taken(value: Any, path: str, taken: set[str]) -> bool:
    """Return whether everything in `value`, located at `path`, is in `taken`."""
    if path in taken:
        return True
    return isinstance(value, dict) and all(_is_taken(inner, f"{path}.{key}", taken) for key, inner in value.items())


def _nested(row: Mapping[str, Any], path: str) -> Any:
    """Return the value at the dotted path in nested objects, whose keys may contain dots; _MISSING if there is none."""
    if path in row:
        return row[path]
    for at, sign in enumerate(path):
        inner = row.get(path[:at]) if sign == "." else None
        found = _nested(inner, path[at + 1 :]) if isinstance(inner, dict) else _MISSING
        if found is not _MISSING:
            return found
    return _MISSING


def _is_told(value: object) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())
