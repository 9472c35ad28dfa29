"""The shapes of operations, and of what they changed."""

from __future__ import annotations

from visitors.domain.operation import Change, FieldChange, Link, Operation
from visitors.output import cells
from visitors.output.shape import Column, Shape

OPERATION = Shape(
    fields=tuple(cells.field_names(Operation)),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("WHEN", cells.age("at"), style="dim"),
        Column("BY", cells.field("actor")),
        Column("WHAT", cells.deed, wraps=True),
        Column("OPTIONS", cells.words("arguments"), extra=True),
        Column("CHANGES", cells.field("changeCount"), right=True, extra=True),
        Column("", lambda record, _: "undone" if record["undoneBy"] else "", style="red"),
    ),
)
CHANGE = Shape(
    fields=tuple(cells.field_names(Change)),
    id_field="operationId",
    open_objects=("before", "after"),
    columns=(
        Column("WHEN", cells.age("at"), style="dim"),
        Column("BY", cells.field("actor")),
        Column("COMMAND", cells.field("command"), shrinks_to=8),
        Column("KIND", cells.field("kind"), shrinks_to=7),
        Column("RECORD", cells.field("recordId"), style="cyan"),
        Column("", cells.field("action")),
        Column("WHAT", cells.difference, wraps=True),
    ),
)
FIELD_CHANGE = Shape(
    fields=tuple(cells.field_names(FieldChange)),
    id_field="operationId",
    columns=(
        Column("WHEN", cells.age("at"), style="dim"),
        Column("BY", cells.field("actor"), extra=True),
        Column("KIND", cells.field("kind"), extra=True),
        Column("RECORD", cells.field("recordId"), style="cyan"),
        Column("FIELD", cells.field("field"), shrinks_to=10),
        Column("BEFORE", cells.field("before"), wraps=True),
        Column("AFTER", cells.field("after"), wraps=True),
    ),
)
LINK = Shape(
    fields=tuple(cells.field_names(Link)),
    id_field="operationId",
    columns=(
        Column("WHEN", cells.age("at"), style="dim"),
        Column("BY", cells.field("actor")),
        Column("COMMAND", cells.field("command"), shrinks_to=8),
        Column("FROM", cells.field("fromContactId"), wraps=True),
        Column("TO", cells.field("toContactId"), wraps=True),
        Column("WHY", cells.field("cause"), shrinks_to=8),
    ),
)
