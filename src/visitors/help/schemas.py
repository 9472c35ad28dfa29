"""JSON Schemas of what the commands print with `--format json`, generated from the types of the domain.

A command prints one record, an array of records, or either. Records that a command puts together from several sources
have their fields listed here. Descriptions of fields are those of the views of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from visitors.domain.contact import Contact, Duplicate, ListedContact
from visitors.domain.conversation import Conversation
from visitors.domain.explanation import Event
from visitors.domain.fields import CONTACT, VISITOR
from visitors.domain.merging import Step
from visitors.domain.operation import Change, FieldChange, Operation
from visitors.domain.page import ContactPage, ConversationPage, VisitorPage
from visitors.domain.receipt import Counts, Receipt
from visitors.domain.statistics import ConversationFigure, Figure, Group, Pair, Period
from visitors.domain.subject import Subject
from visitors.domain.visitor import Visitor
from visitors.help.reference import CommandHelp, GroupHelp, Reference
from visitors.store import views
from visitors.store.file.compact import Compacted
from visitors.store.file.findings import Finding
from visitors.store.file.info import StoreInfo

Schema = dict[str, Any]
Type = Any
"""A type, as msgspec takes it."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Form(Enum):
    """What is printed: a record, an array, or a record if one thing was named and an array otherwise."""

    ONE = "one"
    MANY = "many"
    EITHER = "either"


class Answer(NamedTuple):
    """What a command prints: the form, and the types of the records."""

    form: Form
    records: tuple[Type, ...]


def _of(form: Form, *records: Type) -> Answer:
    return Answer(form, records)


def _record(name: str, fields: Mapping[str, Type]) -> Type:
    """Return a type with these fields, by their public names."""
    own = [(f"field_{number}", type_) for number, type_ in enumerate(fields.values())]
    return msgspec.defstruct(name, own, rename=dict(zip((one for one, _ in own), fields, strict=True)), frozen=True)


def _with(base: type[msgspec.Struct], name: str, before: Mapping[str, Type], after: Mapping[str, Type] = {}) -> Type:
    """Return a type with the fields of `base` between others."""
    own = {field.encode_name: field.type for field in msgspec.structs.fields(base)}
    return _record(name, {**before, **own, **after})


_OUTCOME: Mapping[str, Type] = {"outcome": str}
_VISITOR = _with(Visitor, "ChangedVisitor", _OUTCOME)
_CONTACT = _with(Contact, "ChangedContact", _OUTCOME)
_CONVERSATION = _with(Conversation, "ChangedConversation", _OUTCOME)
_BLOCKED = _record(
    "BlockedLine",
    {"outcome": str, "visitorId": str | None, "contact": str | None, "reason": str | None, "until": str | None},
)
_ERASED = (Receipt, _record("ErasurePreview", {"outcome": str, "command": str, "counts": Counts}))
_TAKEN_BACK = _record(
    "TakenBack",
    {
        "outcome": str, "id": str, "at": str, "actor": str, "command": str, "undoneBy": str | None,
        "removed": dict[str, int], "changed": dict[str, int], "restored": dict[str, int],
    },
)  # fmt: skip
_EXPLAINED = _record(
    "ExplainedColumn",
    {"row": int, "column": str | None, "value": Any, "outcome": str, "field": str | None, "result": Any},
)
_DIFFERENCE = _record(
    "Difference",
    {
        "action": str, "kind": str, "id": str | None, "name": str | None,
        "before": dict[str, Any] | None, "after": dict[str, Any] | None,
    },
)  # fmt: skip
_FIXTURE = _record("FixtureRecord", {"outcome": str, "kind": str, "id": str | None, "name": str | None})
_PROBLEM = _record("Problem", {"file": str, "line": int, "column": int, "code": str, "reason": str, "hint": str | None})
_ROWS = {"visitors": int, "contacts": int, "conversations": int, "operations": int}
_BACKUP = _record("Backup", {"path": str, "bytes": int, "schemaVersion": int, **_ROWS})
_RESTORED = _record(
    "Restored",
    {"outcome": str, "path": str, "from": str, "kept": str | None, "schemaVersion": int, **_ROWS},
)
_PATH = _record("StorePath", {"path": str})
_STORE = _record("NamedStore", {"name": str, "db": str, "confirm": bool, "isCurrent": bool})
_COMPLETION = _record("Completion", {"outcome": str, "shell": str, "path": str})
_ROW = dict[str, str | int | float | None]
"""A row of a query: values by the names of its columns."""

ANSWERS: Mapping[str, Answer] = {
    "track": _of(Form.ONE, _with(Visitor, "TrackedVisitor", {"resolvedBy": str})),
    "create": _of(Form.ONE, Visitor),
    "list": _of(Form.MANY, Visitor),
    "show": _of(Form.EITHER, VisitorPage),
    "stats": _of(Form.MANY, Figure, Group, Pair, Period),
    "update": _of(Form.EITHER, _VISITOR),
    "identify": _of(Form.EITHER, _with(Visitor, "IdentifiedVisitor", {"outcome": str, "rule": str | None})),
    "unidentify": _of(Form.EITHER, _VISITOR),
    "block": _of(Form.EITHER, _VISITOR, _CONTACT, _BLOCKED),
    "unblock": _of(Form.EITHER, _VISITOR, _CONTACT, _BLOCKED),
    "delete": _of(Form.EITHER, _VISITOR),
    "restore": _of(Form.EITHER, _VISITOR),
    "prune": _of(Form.MANY, _VISITOR),
    "erase": _of(Form.ONE, *_ERASED),
    "export": _of(Form.MANY, Visitor),
    "import": _of(Form.MANY, Visitor, _EXPLAINED),
    "history": _of(Form.EITHER, Operation, Change, FieldChange, Receipt),
    "undo": _of(Form.EITHER, _TAKEN_BACK),
    "explain": _of(Form.MANY, Event),
    "sql": _of(Form.MANY, views.Column, _ROW),
    "contacts create": _of(Form.ONE, Contact),
    "contacts list": _of(Form.MANY, ListedContact),
    "contacts show": _of(Form.EITHER, ContactPage),
    "contacts update": _of(Form.ONE, _CONTACT),
    "contacts merge": _of(
        Form.EITHER, _with(Contact, "MergedContact", {}, {"steps": list[Step]}), _with(Step, "MergeStep", _OUTCOME)
    ),
    "contacts split": _of(Form.ONE, _CONTACT),
    "contacts delete": _of(Form.EITHER, _CONTACT),
    "contacts restore": _of(Form.EITHER, _CONTACT),
    "contacts import": _of(Form.MANY, Contact, _EXPLAINED),
    "contacts subject-export": _of(Form.ONE, Subject),
    "contacts erase": _of(Form.ONE, *_ERASED),
    "contacts duplicates": _of(Form.MANY, _with(Duplicate, "DuplicateContacts", {}, {"command": str})),
    "conversations start": _of(Form.ONE, Conversation),
    "conversations list": _of(Form.MANY, Conversation),
    "conversations show": _of(Form.EITHER, ConversationPage),
    "conversations stats": _of(Form.MANY, ConversationFigure, Group, Pair, Period),
    "conversations reply": _of(Form.ONE, Conversation),
    "conversations resolve": _of(Form.EITHER, _CONVERSATION),
    "conversations reopen": _of(Form.EITHER, _CONVERSATION),
    "conversations spam": _of(Form.EITHER, _CONVERSATION),
    "conversations import": _of(Form.MANY, Conversation, _EXPLAINED),
    "seed": _of(Form.MANY, Visitor),
    "fixtures apply": _of(Form.MANY, _FIXTURE),
    "fixtures diff": _of(Form.MANY, _DIFFERENCE),
    "fixtures check": _of(Form.MANY, _PROBLEM),
    "db path": _of(Form.ONE, _PATH),
    "db info": _of(Form.ONE, StoreInfo),
    "db check": _of(Form.MANY, Finding),
    "db backup": _of(Form.ONE, _BACKUP),
    "db restore": _of(Form.ONE, _RESTORED),
    "db compact": _of(Form.ONE, Compacted),
    "stores": _of(Form.MANY, _STORE),
    "completion": _of(Form.ONE, _COMPLETION),
    "help": _of(Form.ONE, Reference, CommandHelp, GroupHelp),
}
"""What each command prints; the others print no records."""

_VIEWS = {
    "Visitor": "visitors", "Contact": "contacts", "Conversation": "conversations", "Message": "messages",
    "Block": "blocks", "Operation": "operations", "Change": "changes",
}  # fmt: skip
"""The view that describes the fields of a type."""
_DERIVED = ("Visitor", "Contact", "Conversation")
"""The types that others are derived from, whose names end with theirs."""
_CHOICES = {field.name: list(field.choices) for field in (*VISITOR, *CONTACT) if field.choices}


def schema(words: str) -> Schema:
    """Return the JSON Schema of what the command `words`, which is in `ANSWERS`, prints."""
    answer = ANSWERS[words]
    made, definitions = msgspec.json.schema_components(answer.records, ref_template="#/$defs/{name}")
    described = {name: _described(name, one) for name, one in definitions.items()}
    one: Schema = {"$ref": "#/$defs/record"}
    many: Schema = {"type": "array", "items": one}
    whole = {Form.ONE: one, Form.MANY: many, Form.EITHER: {"anyOf": [one, many]}}[answer.form]
    return {
        "$schema": DIALECT,
        "title": f"visitors {words}",
        "description": "Output of the command with --format json; with --format ndjson, each line is a record. "
        "With --fields, other fields are missing. Later versions may add fields.",
        **whole,
        "$defs": {"record": made[0] if len(made) == 1 else {"anyOf": list(made)}, **described},
    }


def _described(name: str, definition: Schema) -> Schema:
    """Return the definition of a type with descriptions. All fields are required, since nulls are written."""
    if "properties" not in definition:
        return definition
    meanings = _meanings(name)
    properties = {key: _field(key, value, meanings.get(key)) for key, value in definition["properties"].items()}
    return {"title": name, "type": "object", "properties": properties, "required": list(properties)}


def _field(name: str, made: Schema, meaning: str | None) -> Schema:
    if name == "at" or name.endswith("At"):
        made = _of_text(made, {"format": "date-time"})
    if name in _CHOICES:
        made = _of_text(made, {"enum": _CHOICES[name]})
    said = {"description": meaning} if meaning else {}
    return {key: value for key, value in made.items() if key != "default"} | said


def _of_text(made: Schema, more: Schema) -> Schema:
    """Return a schema of strings, or strings and null, with `more` restrictions on the strings."""
    if "anyOf" in made:
        return {"anyOf": [_of_text(one, more) for one in made["anyOf"]]}
    return {**made, **more} if made.get("type") == "string" else made


def _meanings(name: str) -> Mapping[str, str]:
    """Return the descriptions of the fields of the type `name` that a view of the store has, too."""
    name = name.removesuffix("Page")
    view = _VIEWS.get(next((base for base in _DERIVED if name.endswith(base)), name))
    return {one.column: one.meaning for one in views.described() if one.view == view}
