"""How each kind of record is shown: its fields come from the domain, its columns are chosen here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from visitors.domain.block import Block
from visitors.domain.contact import Contact, Duplicate, ListedContact
from visitors.domain.conversation import Conversation, Message
from visitors.domain.explanation import Event
from visitors.domain.merging import Step
from visitors.domain.operation import Change, Link, Operation
from visitors.domain.page import Device
from visitors.domain.receipt import Counts
from visitors.domain.times import Instant, relative
from visitors.domain.visitor import Visitor
from visitors.output.machine import as_text
from visitors.output.shape import Column, Record, Shape, value_at


def field_names(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """The public names of the fields of `struct`; a contact inside is spelled out with dots."""
    for name, field in zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True):
        if struct is Visitor and field == "contact":
            yield from field_names(Contact, "contact.")
        else:
            yield prefix + name


def of_fields(shape: Shape, fields: list[str]) -> Shape:
    """The shape with exactly the columns that `--fields` asks for, as they are. Raises UsageProblem."""
    return msgspec.structs.replace(
        shape, columns=tuple(Column(".".join(path), _value(path), always=True) for path in shape.paths(fields))
    )


def _value(path: tuple[str, ...]) -> Callable[[Record, Instant], str]:
    return lambda record, _: as_text(value_at(record, path))


def _field(name: str) -> Callable[[Record, Instant], str]:
    return _value(tuple(name.split(".")))


def _age(name: str) -> Callable[[Record, Instant], str]:
    def show(record: Record, current: Instant) -> str:
        instant = value_at(record, tuple(name.split(".")))
        return relative(instant, current) if instant else ""

    return show


def _moment(record: Record, _: Instant) -> str:
    """An instant to the minute, as a timeline has it."""
    return str(record["at"])[:16].replace("T", " ")


def _who(record: Record, _: Instant) -> str:
    contact = record["contact"]
    return contact["name"] or contact["email"] or contact["externalId"] or contact["id"] if contact else "anonymous"


def _device(record: Record, _: Instant) -> str:
    parts = [record["browser"], record["os"] or record["deviceType"]]
    return " · ".join(part for part in parts if part)


def _place(record: Record, _: Instant) -> str:
    return record["countryCode"] or record["country"] or record["timezone"] or ""


def _state(record: Record, _: Instant) -> str:
    states = [word for word, holds in (("blocked", record["isBlocked"]), ("deleted", record["deletedAt"])) if holds]
    return ", ".join(states)


def _block_state(record: Record, current: Instant) -> str:
    return msgspec.convert(record, Block).state(current)


def _list(name: str) -> Callable[[Record, Instant], str]:
    return lambda record, _: " ".join(record[name])


VISITOR = Shape(
    noun="visitor",
    fields=tuple(field_names(Visitor)),
    open_objects=("contact.metadata", "attribution", "currentPage"),
    columns=(
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("WHO", _who, shrinks_to=9),
        Column("LANGUAGE", _field("language")),
        Column("FROM", _place),
        Column("DEVICE", _device, shrinks_to=6),
        Column("SEEN", _age("lastSeenAt"), style="dim"),
        Column("", _state, style="red"),
    ),
)
CONTACT = Shape(
    noun="contact",
    fields=tuple(field_names(Contact)),
    open_objects=("metadata",),
    columns=(
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("EXTERNAL ID", _field("externalId"), shrinks_to=8),
        Column("NAME", _field("name"), shrinks_to=8),
        Column("EMAIL", _field("email"), shrinks_to=10),
        Column("", _state, style="red"),
    ),
)
LISTED_CONTACT = msgspec.structs.replace(
    CONTACT,
    fields=tuple(field_names(ListedContact)),
    columns=(
        *CONTACT.columns[:-1],
        Column("VISITORS", _field("visitorCount"), right=True),
        Column("SEEN", _age("lastSeenAt"), style="dim"),
        CONTACT.columns[-1],
    ),
)
_DEVICE_COLUMNS = (
    Column("ID", _field("id"), style="cyan", shrinks_to=12),
    Column("DEVICE", _device, shrinks_to=6),
    Column("FROM", _field("countryCode")),
    Column("CREATED", _age("createdAt")),
    Column("SEEN", _age("lastSeenAt"), style="dim"),
)
DEVICE = Shape(noun="device", fields=tuple(field_names(Device)), columns=_DEVICE_COLUMNS)
STORE_PATH = Shape(noun="store", fields=("path",), columns=(Column("PATH", _field("path")),), id_field="path")
STORE_INFO = Shape(
    noun="store",
    fields=(
        "path", "bytes", "schemaVersion", "newestSchemaVersion", "journalMode", "sqliteVersion", "visitors",
        "identified", "blocked", "contacts", "conversations", "operations",
    ),
    columns=(),
    id_field="path",
)  # fmt: skip
BLOCK = Shape(
    noun="block",
    fields=tuple(field_names(Block)),
    columns=(
        Column("STATE", _block_state),
        Column("WHOM", lambda record, _: "contact" if record["contactId"] else "visitor"),
        Column("SINCE", _age("blockedAt")),
        Column("BY", _field("blockedBy")),
        Column("REASON", _field("reason"), shrinks_to=8),
        Column("ENDS", _age("expiresAt")),
        Column("LIFTED", _age("liftedAt")),
    ),
)
CONVERSATION = Shape(
    noun="conversation",
    fields=tuple(field_names(Conversation)),
    columns=(
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("TITLE", _field("title"), shrinks_to=8),
        Column("STATUS", _field("status")),
        Column("PRIORITY", _field("priority")),
        Column("MESSAGES", _field("messageCount"), right=True),
        Column("VISITOR", _field("visitorId"), shrinks_to=8),
        Column("UPDATED", _age("updatedAt"), style="dim"),
    ),
)
MESSAGE = Shape(
    noun="message",
    fields=tuple(field_names(Message)),
    columns=(
        Column("WHEN", _age("createdAt"), style="dim"),
        Column("FROM", lambda record, _: record["agent"] or "visitor"),
        Column("MESSAGE", _field("body"), wraps=True),
    ),
)
OPERATION = Shape(
    noun="operation",
    fields=tuple(field_names(Operation)),
    columns=(
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("WHEN", _age("at"), style="dim"),
        Column("BY", _field("actor")),
        Column("COMMAND", _field("command")),
        Column("OPTIONS", _list("arguments"), shrinks_to=10),
        Column("CHANGES", _field("changeCount"), right=True),
        Column("", lambda record, _: "undone" if record["undoneBy"] else "", style="red"),
    ),
)


def _counts(name: str) -> Callable[[Record, Instant], str]:
    return lambda record, _: ", ".join(f"{count:,} {what}" for what, count in record[name].items())


TAKEN_BACK = Shape(
    noun="operation",
    fields=("outcome", "id", "at", "actor", "command", "undoneBy", "removed", "changed", "restored"),
    open_objects=("removed", "changed", "restored"),
    columns=(
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("WHEN", _age("at"), style="dim"),
        Column("BY", _field("actor")),
        Column("COMMAND", _field("command")),
        Column("REMOVED", _counts("removed"), shrinks_to=10),
        Column("CHANGED BACK", _counts("changed"), shrinks_to=10),
        Column("PUT BACK", _counts("restored"), shrinks_to=10),
    ),
)


def _difference(record: Record, _: Instant) -> str:
    before, after = record["before"] or {}, record["after"] or {}
    if not before or not after:
        return ""
    return ", ".join(
        f"{key}: {as_text(before.get(key)) or '∅'} → {as_text(after.get(key)) or '∅'}"
        for key in after
        if key != "updatedAt"
    )


CHANGE = Shape(
    noun="change",
    fields=tuple(field_names(Change)),
    id_field="operationId",
    open_objects=("before", "after"),
    columns=(
        Column("WHEN", _age("at"), style="dim"),
        Column("BY", _field("actor")),
        Column("COMMAND", _field("command")),
        Column("KIND", _field("kind")),
        Column("RECORD", _field("recordId"), style="cyan", shrinks_to=12),
        Column("", _field("action")),
        Column("WHAT", _difference, shrinks_to=10),
    ),
)

DIFFERENCE = Shape(
    noun="difference",
    fields=("action", "kind", "id", "name", "before", "after"),
    open_objects=("before", "after"),
    columns=(
        Column("ACTION", _field("action")),
        Column("KIND", _field("kind")),
        Column("NAME", lambda record, _: record["name"] or record["id"], style="cyan", shrinks_to=12),
        Column("WHAT", _difference, wraps=True),
    ),
)
FIXTURE_RECORD = Shape(
    noun="record",
    fields=("outcome", "kind", "id", "name"),
    columns=(
        Column("OUTCOME", _field("outcome")),
        Column("KIND", _field("kind")),
        Column("ID", _field("id"), style="cyan", shrinks_to=12),
        Column("NAME", _field("name"), shrinks_to=12),
    ),
)
PROBLEM = Shape(
    noun="problem",
    fields=("file", "line", "column", "code", "reason", "hint"),
    id_field="file",
    columns=(
        Column("WHERE", lambda record, _: f"{record['file']}:{record['line']}:{record['column']}", style="cyan"),
        Column("WHAT", _field("reason"), wraps=True),
        Column("HINT", _field("hint"), wraps=True, style="dim"),
    ),
)
_ROWS = ("visitors", "contacts", "conversations", "operations")
BACKUP = Shape(
    noun="backup",
    fields=("path", "bytes", "schemaVersion", *_ROWS),
    id_field="path",
    columns=(
        Column("PATH", _field("path"), style="cyan", wraps=True),
        Column("BYTES", _field("bytes"), right=True),
        Column("VISITORS", _field("visitors"), right=True),
    ),
)
RESTORED = Shape(
    noun="store",
    fields=("path", "from", "kept", "schemaVersion", *_ROWS),
    id_field="path",
    columns=(
        Column("PATH", _field("path"), style="cyan", wraps=True),
        Column("FROM", _field("from"), wraps=True),
        Column("KEPT", _field("kept"), wraps=True),
        Column("VISITORS", _field("visitors"), right=True),
    ),
)
COMPACTED = Shape(
    noun="store",
    fields=("path", "bytesBefore", "bytesAfter"),
    id_field="path",
    columns=(
        Column("PATH", _field("path"), style="cyan", wraps=True),
        Column("BEFORE", _field("bytesBefore"), right=True),
        Column("AFTER", _field("bytesAfter"), right=True),
    ),
)
CHECK = Shape(
    noun="check",
    fields=("check", "result", "detail", "help"),
    id_field="check",
    columns=(
        Column("CHECK", _field("check"), style="cyan"),
        Column("RESULT", _field("result")),
        Column("DETAIL", _field("detail"), wraps=True),
        Column("WHAT HELPS", _field("help"), wraps=True, style="dim"),
    ),
)
LINK = Shape(
    noun="link",
    fields=tuple(field_names(Link)),
    id_field="operationId",
    columns=(
        Column("WHEN", _age("at"), style="dim"),
        Column("BY", _field("actor")),
        Column("COMMAND", _field("command")),
        Column("FROM", _field("fromContactId"), shrinks_to=8),
        Column("TO", _field("toContactId"), shrinks_to=8),
        Column("WHY", _field("cause"), shrinks_to=8),
    ),
)
MERGE_STEP = Shape(
    noun="step",
    fields=tuple(field_names(Step)),
    id_field="otherId",
    columns=(
        Column("ACTION", _field("action")),
        Column("WHAT", _field("what"), shrinks_to=10),
        Column("SURVIVOR", _field("survivorValue"), shrinks_to=8),
        Column("OTHER", _field("otherValue"), shrinks_to=8),
        Column("COUNT", lambda record, _: str(record["count"]) if record["action"] == "moved" else "", right=True),
        Column("WHY", _field("reason"), shrinks_to=12),
    ),
)
DUPLICATE = Shape(
    noun="duplicate",
    fields=(*field_names(Duplicate), "command"),
    id_field="contactIds",
    columns=(
        Column("EMAIL", _field("email"), shrinks_to=12),
        Column("WHY", _field("reason"), shrinks_to=10),
        Column("COMMAND", _field("command"), wraps=True),
    ),
)
EVENT = Shape(
    noun="event",
    fields=tuple(field_names(Event)),
    id_field="operationId",
    columns=(
        Column("WHEN", _moment, style="dim"),
        Column("WHAT", _field("sentence"), wraps=True),
        Column("BY", _field("actor"), shrinks_to=8),
        Column("COMMAND", _field("command"), style="dim", shrinks_to=8),
    ),
)
RECEIPT = Shape(
    noun="receipt",
    fields=(
        "type", "version", "operationId", "at", "by", "command", *field_names(Counts, "counts."), "subjects",
        "signature",
    ),
    id_field="operationId",
    columns=(),
)  # fmt: skip
ERASURE_PREVIEW = Shape(
    noun="erasure", fields=("command", *field_names(Counts, "counts.")), id_field="command", columns=()
)
VISITOR_PAGE = VISITOR.followed_by("devices", "blocks", "conversations", "links", "changes")
CONTACT_PAGE = LISTED_CONTACT.followed_by("devices", "blocks", "conversations", "merged", "changes")
CONVERSATION_PAGE = CONVERSATION.followed_by("messages")
