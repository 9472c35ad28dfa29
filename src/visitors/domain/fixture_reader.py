"""Read fixture files: validate and normalise values, and resolve names.

All problems are collected, each with its position. Files that are read together share their names; nothing outside of
them can be referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from visitors.domain import normalise
from visitors.domain.conversation import Priority, Status
from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.fixture import BLOCK_FIELDS, MESSAGE_FIELDS, Fixture, Record, Values
from visitors.domain.fixture_names import Entry, Names
from visitors.domain.fixture_values import FileText, browser_datum, message_body, one_of
from visitors.domain.metadata import parse_metadata
from visitors.domain.node import BadPlace, Node
from visitors.domain.times import parse_instant
from visitors.errors import InvalidData


class InvalidFixture(InvalidData):
    """Invalid fixture files; the message is that of the first of `problems`."""

    def __init__(self, problems: Sequence[BadPlace]) -> None:
        first, more = problems[0], len(problems) - 1
        hint = first.hint
        if more:
            rest = f"{more:,} more; to list all: visitors fixtures check"
            hint = f"{hint}; {rest}" if hint else rest
        super().__init__(first.message, code=first.code, hint=hint, field=first.field)
        self.problems = list(problems)
        self.where = first.where


def read_fixture(documents: Sequence[Node], environment: Mapping[str, str]) -> Fixture:
    """Read the fixture that `files` define together. `environment` supplies variables for files that use them.

    Raises InvalidFixture with all problems.
    """
    return _Reader(environment).read(documents)


class _Reader(Names):
    """The reader's state: the names and values in the files."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._owners: dict[tuple[str, str], Entry] = {}

    def read(self, documents: Sequence[Node]) -> Fixture:
        """Collect all names first, since any record may refer to any other."""
        for document in documents:
            self.name_all(document)
        self.refuse_cycles()
        contacts = [self._contact(entry) for entry in self.entries["contacts"].values()]
        visitors = [self._visitor(entry) for entry in self.entries["visitors"].values()]
        owners = {record.id: record.values["contact"] for record in visitors}
        conversations = [self._conversation(entry, owners) for entry in self.entries["conversations"].values()]
        blocks = [block for node, file in self.blocks if (block := self._block(node, file)) is not None]
        if self.problems:
            raise InvalidFixture(self.problems)
        return Fixture(tuple(contacts), tuple(visitors), tuple(conversations), tuple(blocks))

    def _contact(self, entry: Entry) -> Record:
        values: Values = {
            name: self._said(entry.fields, name, entry.file, field.rule)
            for name, field in PERSON.items()
            if field.rule is not None
        }
        values["metadata"] = self._metadata(entry.fields.get("metadata"), entry.file)
        values["mergedInto"] = self.refer("contacts", entry.fields, "mergedInto", entry.file)
        if values["mergedInto"] is None:
            self._refuse_same(entry, "externalId", values["externalId"], "duplicate_external_id")
        self._times(values, entry.fields, entry.file, ("createdAt", "updatedAt"), ("deletedAt",))
        if values["mergedInto"] is None and values["deletedAt"] is None:
            self._refuse_same(entry, "email", values["email"], "duplicate_email")
        return Record("contact", entry.name, entry.id, values)

    def _refuse_same(self, entry: Entry, field: str, value: str | None, code: str) -> None:
        """Record a problem for values that only one contact may have."""
        if value is None:
            return
        first = self._owners.setdefault((field, value), entry)
        if first is not entry:
            place = entry.fields[field].place
            reason = f"{field} {value!r} is already used by contact {first.name!r} at {first.place}"
            self.problems.append(BadPlace(place, reason, code=code, field=field))

    def _visitor(self, entry: Entry) -> Record:
        values: Values = {"contact": self.refer("contacts", entry.fields, "contact", entry.file)}
        for field in BROWSER_DATA:
            values[field] = None
            node = entry.fields.get(field)
            if node is not None:
                with self.noted(node.place):
                    values[field] = browser_datum(field, node, entry.file)
        self._times(values, entry.fields, entry.file, ("createdAt", "updatedAt", "lastSeenAt"), ("deletedAt",))
        return Record("visitor", entry.name, entry.id, values)

    def _conversation(self, entry: Entry, owners: Mapping[str, str | None]) -> Record:
        fields, file = entry.fields, entry.file
        visitor_id = self._required_visitor(entry)
        owner = fields.get("contact")
        values: Values = {
            "visitor": visitor_id,
            "contact": self.refer("contacts", fields, "contact", file) if owner else owners.get(visitor_id or ""),
            "title": self._said(fields, "title", file, normalise.text),
            "status": self._said(fields, "status", file, one_of(get_args(Status))) or "open",
            "priority": self._said(fields, "priority", file, one_of(get_args(Priority))) or "normal",
        }
        self._times(values, fields, file, ("createdAt", "updatedAt", "resolvedAt"), ())
        if values["status"] != "resolved":
            if values.get("resolvedAt") is not None:
                place = fields["resolvedAt"].place
                reason = f"resolvedAt is set, but the conversation is {values['status']}"
                self.problems.append(BadPlace(place, reason, code="not_resolved", field="resolvedAt"))
            values["resolvedAt"] = None
        values["messages"] = self._messages(fields.get("messages"), file)
        return Record("conversation", entry.name, entry.id, values)

    def _required_visitor(self, entry: Entry) -> str | None:
        node = entry.fields.get("visitor")
        if node is None or node.value is None:
            reason = f"conversation {entry.name!r} has no visitor"
            hint = "add visitor: NAME for the one who started it"
            self.problems.append(BadPlace(entry.place, reason, code="missing_field", hint=hint, field="visitor"))
            return None
        return self.refer("visitors", entry.fields, "visitor", entry.file)

    def _messages(self, node: Node | None, file: FileText) -> list[Values]:
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            self.problems.append(BadPlace(node.place, f"messages must be a list, not {node.kind}", code="invalid_type"))
            return []
        return [message for item in node.value if (message := self._message(item, file)) is not None]

    def _message(self, node: Node, file: FileText) -> Values | None:
        with self.noted(node.place):
            fields = self.mapping(node, "a message", MESSAGE_FIELDS)
            if _is_said(fields, "visitor") == _is_said(fields, "agent"):
                raise InvalidData("a message needs either visitor or agent", code="one_of", field="visitor")
            if not _is_said(fields, "body"):
                raise InvalidData("the message has no body", code="missing_field", field="body")
            values: Values = {
                "visitor": self.refer("visitors", fields, "visitor", file),
                "agent": self._said(fields, "agent", file, normalise.text),
                "body": self._said(fields, "body", file, message_body),
            }
            self._times(values, fields, file, ("createdAt",), ())
            return values
        return None

    def _block(self, node: Node, file: FileText) -> Values | None:
        with self.noted(node.place):
            fields = self.mapping(node, "a block", BLOCK_FIELDS)
            if _is_said(fields, "visitor") == _is_said(fields, "contact"):
                raise InvalidData("a block needs either visitor or contact", code="one_of", field="visitor")
            values: Values = {
                "visitor": self.refer("visitors", fields, "visitor", file),
                "contact": self.refer("contacts", fields, "contact", file),
                "reason": self._said(fields, "reason", file, normalise.text),
                "blockedBy": self._said(fields, "blockedBy", file, normalise.text),
                "liftedBy": self._said(fields, "liftedBy", file, normalise.text),
            }
            self._times(values, fields, file, ("blockedAt",), ("expiresAt", "liftedAt"))
            if values["liftedBy"] is not None and values["liftedAt"] is None:
                raise BadPlace(fields["liftedBy"].place, "liftedBy is set without liftedAt", code="missing_field")
            return values
        return None

    def _said(
        self, fields: Mapping[str, Node], field: str, file: FileText, rule: Callable[[str, str], str]
    ) -> str | None:
        """Return a text field, normalised by `rule`; None if it is missing, or invalid and recorded as a problem."""
        node = fields.get(field)
        if node is None:
            return None
        with self.noted(node.place):
            text = file.text(node, field)
            return None if text is None else rule(text, field)
        return None

    def _times(
        self, values: Values, fields: Mapping[str, Node], file: FileText, may_stay: Sequence[str], state: Sequence[str]
    ) -> None:
        """Add the times to `values`: those in `may_stay` only if given, those in `state` always."""
        for field in (*may_stay, *state):
            instant = self._said(fields, field, file, parse_instant)
            if instant is not None or field in state:
                values[field] = instant

    def _metadata(self, node: Node | None, file: FileText) -> Values:
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            reason = f"metadata must be a mapping, not {node.kind}"
            self.problems.append(BadPlace(node.place, reason, code="invalid_metadata", field="metadata"))
            return {}
        checked: Values = {}
        for key, item in node.value.items():
            with self.noted(item.place):
                checked.update(parse_metadata({key: file.value(item)}))
        with self.noted(node.place):
            parse_metadata(checked)  # the limit is on their total size
        return checked


def _is_said(fields: Mapping[str, Node], field: str) -> bool:
    return field in fields and fields[field].value is not None
