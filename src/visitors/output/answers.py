"""Shapes of results that are not records of the store: what commands did, found or would do, and the store's file."""

from __future__ import annotations

from collections.abc import Sequence

from visitors.domain.contact import Duplicate
from visitors.domain.explanation import Event
from visitors.domain.merging import Step
from visitors.domain.receipt import Counts
from visitors.output import cells
from visitors.output.sanitise import visible
from visitors.output.shape import Column, Shape

TAKEN_BACK = Shape(
    fields=("outcome", "id", "at", "actor", "command", "undoneBy", "removed", "changed", "restored"),
    open_objects=("removed", "changed", "restored"),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("WHEN", cells.age("at"), style="dim"),
        Column("BY", cells.field("actor")),
        Column("COMMAND", cells.field("command")),
        Column("REMOVED", cells.counts("removed"), shrinks_to=10),
        Column("REVERTED", cells.counts("changed"), shrinks_to=10),
        Column("RESTORED", cells.counts("restored"), shrinks_to=10),
    ),
)
DIFFERENCE = Shape(
    fields=("action", "kind", "id", "name", "before", "after"),
    open_objects=("before", "after"),
    columns=(
        Column("ACTION", cells.field("action")),
        Column("KIND", cells.field("kind")),
        Column("NAME", lambda record, _: record["name"] or record["id"], style="cyan"),
        Column("WHAT", cells.difference, wraps=True),
    ),
)
FIXTURE_RECORD = Shape(
    fields=("outcome", "kind", "id", "name"),
    columns=(
        Column("OUTCOME", cells.field("outcome")),
        Column("KIND", cells.field("kind")),
        Column("ID", cells.field("id"), style="cyan"),
        Column("NAME", cells.field("name"), shrinks_to=12),
    ),
)
PROBLEM = Shape(
    fields=("file", "line", "column", "code", "reason", "hint"),
    id_field="file",
    columns=(
        Column("WHERE", lambda record, _: f"{record['file']}:{record['line']}:{record['column']}", style="cyan"),
        Column("WHAT", cells.field("reason"), wraps=True),
        Column("HINT", cells.field("hint"), wraps=True, style="dim"),
    ),
)
STORE_PATH = Shape(fields=("path",), columns=(Column("PATH", cells.field("path")),), id_field="path")
NAMED_STORE = Shape(
    fields=("name", "db", "confirm", "isCurrent"),
    id_field="name",
    columns=(
        Column("NAME", cells.field("name"), style="cyan"),
        Column("DB", cells.field("db"), wraps=True),
        Column("ASKS", lambda record, _: "before every change" if record["confirm"] else ""),
        Column("CURRENT", lambda record, _: "yes" if record["isCurrent"] else ""),
    ),
)
STORE_INFO = Shape(
    fields=(
        "store", "path", "bytes", "schemaVersion", "newestSchemaVersion", "journalMode", "sqliteVersion", "visitors",
        "identified", "blocked", "contacts", "conversations", "operations",
    ),
    columns=(),
    id_field="path",
)  # fmt: skip
_ROWS = ("visitors", "contacts", "conversations", "operations")
BACKUP = Shape(
    fields=("path", "bytes", "schemaVersion", *_ROWS),
    id_field="path",
    columns=(
        Column("PATH", cells.field("path"), style="cyan", wraps=True),
        Column("BYTES", cells.field("bytes"), right=True),
        Column("VISITORS", cells.field("visitors"), right=True),
    ),
)
RESTORED = Shape(
    fields=("outcome", "path", "from", "kept", "schemaVersion", *_ROWS),
    id_field="path",
    columns=(
        Column("PATH", cells.field("path"), style="cyan", wraps=True),
        Column("FROM", cells.field("from"), wraps=True),
        Column("KEPT", cells.field("kept"), wraps=True),
        Column("VISITORS", cells.field("visitors"), right=True),
    ),
)
COMPACTED = Shape(
    fields=("path", "bytesBefore", "bytesAfter"),
    id_field="path",
    columns=(
        Column("PATH", cells.field("path"), style="cyan", wraps=True),
        Column("BEFORE", cells.field("bytesBefore"), right=True),
        Column("AFTER", cells.field("bytesAfter"), right=True),
    ),
)
COMPLETION = Shape(
    fields=("outcome", "shell", "path"),
    id_field="path",
    columns=(
        Column("OUTCOME", cells.field("outcome")),
        Column("SHELL", cells.field("shell")),
        Column("PATH", cells.field("path"), style="cyan", wraps=True),
    ),
)
CHECK = Shape(
    fields=("check", "result", "detail", "help"),
    id_field="check",
    columns=(
        Column("CHECK", cells.field("check"), style="cyan"),
        Column("RESULT", cells.field("result")),
        Column("DETAIL", cells.field("detail"), wraps=True),
        Column("FIX", cells.field("help"), wraps=True, style="dim"),
    ),
)
MERGE_STEP = Shape(
    fields=tuple(cells.field_names(Step)),
    id_field="otherId",
    columns=(
        Column("ACTION", cells.field("action")),
        Column("WHAT", cells.field("what"), shrinks_to=10),
        Column("SURVIVOR", cells.field("survivorValue"), shrinks_to=8),
        Column("OTHER", cells.field("otherValue"), shrinks_to=8),
        Column("COUNT", lambda record, _: str(record["count"]) if record["action"] == "moved" else "", right=True),
        Column("WHY", cells.field("reason"), shrinks_to=12),
    ),
)
DUPLICATE = Shape(
    fields=(*cells.field_names(Duplicate), "command"),
    id_field="contactIds",
    columns=(
        Column("EMAIL", cells.field("email"), shrinks_to=12),
        Column("WHY", cells.field("reason"), shrinks_to=10),
        Column("COMMAND", cells.field("command"), wraps=True),
    ),
)
EVENT = Shape(
    fields=tuple(cells.field_names(Event)),
    id_field="operationId",
    columns=(
        Column("WHEN (UTC)", cells.moment, style="dim"),
        Column("WHAT", cells.field("sentence"), wraps=True),
        Column("BY", cells.field("actor"), shrinks_to=8),
        Column("COMMAND", cells.field("command"), style="dim", shrinks_to=8),
    ),
)
RECEIPT = Shape(
    fields=(
        "type", "version", "operationId", "at", "by", "command", *cells.field_names(Counts, "counts."), "subjects",
        "signature", "mayRemainIn",
    ),
    id_field="operationId",
    columns=(),
)  # fmt: skip
ERASURE_PREVIEW = Shape(
    fields=("outcome", "command", *cells.field_names(Counts, "counts.")),
    id_field="operationId",  # as in a receipt; a dry run has none
    columns=(),
)
VIEW_COLUMN = Shape(
    fields=("view", "column", "type", "meaning"),
    id_field="column",
    columns=(
        Column("VIEW", cells.field("view")),
        Column("COLUMN", cells.field("column"), style="cyan"),
        Column("TYPE", cells.field("type"), style="dim"),
        Column("MEANING", cells.field("meaning"), shrinks_to=20),
    ),
)


def of_columns(names: Sequence[str]) -> Shape:
    """Return the shape of a query result: values by column name, which may be anything."""
    columns = (Column(visible(name), cells.value((name,)), shrinks_to=8, always=True) for name in names)
    return Shape(fields=tuple(names), columns=tuple(columns), flat=True)
