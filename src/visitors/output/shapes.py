"""The shape of each kind of record: its fields come from the domain, its columns are defined here."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from visitors.domain import fields
from visitors.domain.contact import Contact, ListedContact
from visitors.domain.conversation import Conversation, Message
from visitors.domain.times import Instant
from visitors.output import cells
from visitors.output.shape import Column, Record, Shape


def _as_json(field: str) -> Callable[[Record, Instant], str]:
    """Format an arbitrary JSON value, text without quotes."""

    def shown(record: Record, _: Instant) -> str:
        value = record[field]
        return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()

    return shown


VISITOR = Shape(
    noun="visitor",
    fields=tuple(fields.FLAT),
    open_objects=tuple(path for path, field in fields.FLAT.items() if field.type == "document"),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("WHO", cells.who, shrinks_to=9),
        Column("EMAIL", cells.field("contact.email"), extra=True),
        Column("LANGUAGE", cells.field("language"), shrinks_to=5),
        Column("FROM", cells.place, shrinks_to=7),
        Column("IP", cells.field("ip"), extra=True),
        Column("DEVICE", cells.device, shrinks_to=6),
        Column("CREATED", cells.age("createdAt"), style="dim", extra=True),
        Column("SEEN", cells.age("lastSeenAt"), style="dim"),
        Column("", cells.state, style="red"),
    ),
)
CONTACT = Shape(
    noun="contact",
    fields=tuple(cells.field_names(Contact)),
    open_objects=tuple(field.name for field in fields.CONTACT if field.type == "document"),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("EXTERNAL ID", cells.field("externalId"), shrinks_to=8),
        Column("NAME", cells.field("name"), shrinks_to=8),
        Column("EMAIL", cells.field("email"), shrinks_to=10),
        Column("", cells.state, style="red"),
    ),
)
LISTED_CONTACT = msgspec.structs.replace(
    CONTACT,
    fields=tuple(cells.field_names(ListedContact)),
    columns=(
        *CONTACT.columns[:-1],
        Column("VISITORS", cells.field("visitorCount"), right=True),
        Column("SEEN", cells.age("lastSeenAt"), style="dim"),
        CONTACT.columns[-1],
    ),
)
BLOCKED = Shape(
    fields=("outcome", "visitorId", "contact", "reason", "until"),
    id_field="visitorId",
    columns=(
        Column("OUTCOME", cells.field("outcome")),
        Column("VISITOR", cells.field("visitorId"), style="cyan", shrinks_to=12),
        Column("CONTACT", cells.field("contact"), style="cyan", shrinks_to=12),
        Column("REASON", cells.field("reason"), shrinks_to=8),
        Column("UNTIL", cells.field("until")),
    ),
)
"""The target of a block or unblock, under the field names of input lines."""
CONVERSATION = Shape(
    noun="conversation",
    fields=tuple(cells.field_names(Conversation)),
    columns=(
        Column("ID", cells.field("id"), style="cyan"),
        Column("TITLE", cells.field("title"), shrinks_to=8),
        Column("STATUS", cells.field("status")),
        Column("PRIORITY", cells.field("priority"), shrinks_to=6),
        Column("MESSAGES", cells.field("messageCount"), right=True, shrinks_to=4),
        Column("VISITOR", cells.field("visitorId")),
        Column("UPDATED", cells.age("updatedAt"), style="dim"),
    ),
)
MESSAGE = Shape(
    fields=tuple(cells.field_names(Message)),
    columns=(
        Column("WHEN", cells.age("createdAt"), style="dim"),
        Column("FROM", lambda record, _: record["agent"] or "visitor"),
        Column("MESSAGE", cells.field("body"), wraps=True),
    ),
)
EXPLAINED_COLUMN = Shape(
    fields=("row", "column", "value", "outcome", "field", "result"),
    id_field="column",
    columns=(
        Column("ROW", lambda record, _: str(record["row"]), right=True),
        Column("COLUMN", cells.field("column"), style="cyan", shrinks_to=12),
        Column("VALUE", _as_json("value"), shrinks_to=12),
        Column("BECOMES", lambda record, _: record["field"] or record["outcome"], shrinks_to=12),
        Column("AS", _as_json("result"), shrinks_to=12),
    ),
)
VISITOR_PAGE = VISITOR.followed_by("devices", "blocks", "conversations", "links", "changes")
CONTACT_PAGE = LISTED_CONTACT.followed_by("devices", "blocks", "conversations", "merged", "changes")
CONVERSATION_PAGE = CONVERSATION.followed_by("messages")
