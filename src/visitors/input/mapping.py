"""Map columns of a file to fields: by name, by alias, or by `--map`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.row import OF_CONTACT
from visitors.domain.visitor import leniently
from visitors.errors import InvalidData, UsageProblem
from visitors.input.conversions import is_blank
from visitors.input.kinds import TOLD_BY_AGENT, USER_AGENT, VISITORS, Kind
from visitors.input.paths import flatten, spread
from visitors.input.plans import Plan, plan_for
from visitors.input.readers import Header
from visitors.input.rules import Layout, Rule
from visitors.input.unknown_columns import listed, no_column_known, refuse_alike, unmapped

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part

REJECT = "reject."
"""The prefix of the additional columns in a file of rejected rows."""
_RAW = f"{REJECT}raw"
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
                    hint="the columns are " + listed(header.columns),
                )
            self._plan(header.columns)
            self.refuse_unknown()

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
        if _RAW in cells and all(map(is_blank, values)) and not is_blank(cells[_RAW]):
            raise InvalidData("the row could not be read and was not corrected", code="not_mended")
        return plan, values

    def flat(self, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """Flatten nested values of a file's row into columns."""
        if self._part is None:
            return flatten(cells, self._explicit.values())
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
            raise no_column_known(self._unknown, self._kind)

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
        plan = plan_for(self._layout, [column for column in columns if not column.startswith(REJECT)])
        if self._part is None:
            alike = [one for one in plan.unknown if self._kind.field_of(one) not in self._left_out]
            refuse_alike(alike, self._kind)
        unknown = [column for column in plan.unknown if not self._add_named(plan, column, columns)]
        if self._agent is not None:
            self._add_told_by_agent(plan, columns)
        plan.seal()
        self._knows_a_column = self._knows_a_column or bool(plan.fields)
        if unknown and not plan.fields:
            self._unknown = self._unknown or unknown
            if not self._ignore_unknown:
                raise no_column_known(unknown, self._kind)
        if unknown and not self._ignore_unknown:
            raise unmapped(unknown, self._kind)
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
