"""The kinds of rows: visitors, contacts or conversations, with their fields and the fields' other names in files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

import msgspec

from visitors.domain import conversation_row
from visitors.domain.conversation_row import ConversationParser
from visitors.domain.fields import CONTACT
from visitors.domain.row import FIELDS, OF_CONTACT, RowParser
from visitors.errors import InvalidData

_KEY = "metadata."
METADATA = f"{OF_CONTACT}{_KEY}"
USER_AGENT = "userAgent"
"""The name of the User-Agent header in `--map` and mappings; it is not a field, but sets those below."""
TOLD_BY_AGENT = ("browser", "browserVersion", "os", "osVersion", "device", "deviceType")

Row_co = TypeVar("Row_co", covariant=True)
Signature = Callable[[Collection[str]], bool]
"""Returns whether a file has this kind of rows, by its columns."""


class Parser(Protocol[Row_co]):
    """A parser of rows whose values come in a fixed order of fields."""

    def parse(self, values: Sequence[Any]) -> Row_co:
        """Parse a row. Raises InvalidData."""


class Kind(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One kind of rows.

    `fields` are the names used by parsers, `public` the names in files where different; `aliases` are other names of
    fields, `more` can be mapped and sets several fields, and `ignored` is known but not stored. `others` determine what
    a file with such columns contains instead.
    """

    noun: str
    command: str
    fields: tuple[str, ...]
    parser: Callable[[Sequence[str]], Parser[Any]]
    more: tuple[str, ...] = ()
    public: Mapping[str, str] = {}
    aliases: Mapping[str, str] = {}
    ignored: frozenset[str] = frozenset()
    others: tuple[tuple[Signature, str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names in files."""
        return (*self.public, *(field for field in self.fields if field not in self.public.values()), *self.more)

    def field_named(self, name: str) -> str | None:
        """Return the field of a column with this name, if any."""
        field = OF_CONTACT + name if name.startswith(_KEY) else self.public.get(name) or self.aliases.get(name, name)
        if field in self.more:
            return field
        return field if field in self.fields or (field.startswith(METADATA) and len(field) > len(METADATA)) else None

    def field_of(self, column: str) -> str | None:
        """Return the field of a column, ignoring case and white space in its name."""
        return self.field_named(column) or self._squeezed.get(squeezed(column))

    @cached_property
    def _squeezed(self) -> dict[str, str | None]:
        return {squeezed(name): self.field_named(name) for name in (*self.aliases, *self.public, *self.fields)}

    def refuse_others(self, columns: Collection[str], mapped: Collection[str]) -> None:
        """Raise InvalidData for columns of another kind of rows, unless their id column is `mapped`."""
        if "id" not in columns or self.field_named("id") in mapped:
            return
        for signature, noun, command in self.others:
            if signature(columns):
                raise InvalidData(
                    f"the file contains {noun}, not {self.noun}", code="other_kind", hint=f"visitors {command} FILE"
                )


def squeezed(name: str) -> str:
    """Return a column name without case and white space."""
    return "".join(name.split()).lower()


def _are_contacts(columns: Collection[str]) -> bool:
    """Return whether some columns are fields that only contacts have at top level."""
    return "metadataHash" in columns or "visitorCount" in columns


def _are_conversations(columns: Collection[str]) -> bool:
    return "messageCount" in columns or "messages" in columns or "conversationId" in columns


def _are_visitors(columns: Collection[str]) -> bool:
    return "contact.email" in columns or "contact.externalId" in columns


# Names of the same fields in other files: in the input of identify, and in the API, whose records can be imported
# unchanged; fields that only the API has, and computed fields of an export.
_OF_API = ("websiteId", "organizationId")
_ALIASES = {
    "visitorId": "id",
    "externalId": "contact.externalId",
    "email": "contact.email",
    "name": "contact.name",
    "image": "contact.image",
    "avatar": "contact.image",
    "metadata": "contact.metadata",
    "blockedByUserId": "blockedBy",
}
VISITORS = Kind(
    noun="visitors",
    command="import",
    fields=FIELDS,
    parser=RowParser,
    more=(USER_AGENT,),
    aliases=_ALIASES,
    ignored=frozenset(
        (
            *_OF_API,
            *(f"contact.{name}" for name in (*_OF_API, "contactOrganizationId", "userId", "metadataHash")),
        )
    ),
    others=(
        (_are_contacts, "contacts", "contacts import"),
        (_are_conversations, "conversations", "conversations import"),
    ),
)
CONTACTS = Kind(
    noun="contacts",
    command="contacts import",
    fields=tuple(field for field in FIELDS if field.startswith(OF_CONTACT)),
    parser=RowParser,
    public={field.name: OF_CONTACT + field.name for field in CONTACT if OF_CONTACT + field.name in FIELDS},
    aliases={"contactId": "contact.id", "avatar": "contact.image"},
    ignored=frozenset((*_OF_API, "contactOrganizationId", "userId", "metadataHash", "visitorCount", "lastSeenAt")),
    others=((_are_conversations, "conversations", "conversations import"), (_are_visitors, "visitors", "import")),
)
"""The row of a visitor, of which only the person is used."""
CONVERSATIONS = Kind(
    noun="conversations",
    command="conversations import",
    fields=conversation_row.FIELDS,
    parser=ConversationParser,
    aliases={
        "conversationId": "id",
        "contactId": "contact.id",
        **{name: field for name, field in _ALIASES.items() if field in conversation_row.FIELDS and name != "visitorId"},
    },
    ignored=frozenset((*_OF_API, "messageCount")),
    others=((_are_contacts, "contacts", "contacts import"),),
)
