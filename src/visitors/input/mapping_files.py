"""Mapping files: YAML that describes how to read another system's files. Some are included in the package.

For example:

    version: 1
    name: ourshop
    about: What our shop exports of its customers
    contacts:
      - file: customers
        recognise: [customer_no, newsletter]
        records: [data.customers]
        fields:
          externalId: customer_no
          email: {from: [mail, mail2], invalid: metadata}
          createdAt: {from: since, time: seconds}
        metadata: [newsletter, custom.*]
        drop: [internal_*]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from visitors.domain.conversation_row import MESSAGE_FIELDS
from visitors.domain.decision import OnExisting
from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.node import BadPlace, Node, plain
from visitors.domain.row import OF_CONTACT
from visitors.errors import InvalidData, UsageProblem
from visitors.input.kinds import CONTACTS, CONVERSATIONS, VISITORS, Kind
from visitors.input.paths import at
from visitors.input.rules import Conditions, Layout, Rule, Unit

VERSION = 1
"""The format version; files of a newer version are rejected."""
READY_MADE = ("chatwoot", "cossistant", "intercom", "posthog", "segment", "snowplow", "zendesk")
"""The mappings in the package."""
KINDS = (VISITORS, CONTACTS, CONVERSATIONS)
_TOP = ("version", "name", "about", "source", *(kind.noun for kind in KINDS))
_PART = ("file", "recognise", "records", "skip", "on-existing", "relink", "fields", "messages", "metadata", "drop")
_OF_VISITORS = ("on-existing", "relink")
_MESSAGES = ("from", "skip", "fields", "drop")
_RULE = ("from", "join", "constant", "prefix", "values", "else", "time", "when", "object", "invalid")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file in a mapping: how to recognise it, where its records are, and how to map them."""

    mapping: str
    file: str
    kind: Kind
    layout: Layout
    recognise: Conditions = ()
    """Path -> the values that it may have; empty: any, as long as it exists."""
    records: tuple[tuple[str, ...], ...] = ()
    on_existing: OnExisting | None = None
    """The default of `--on-existing`."""
    relink: bool = False
    """The default of `--relink`."""

    @property
    def name(self) -> str:
        """Its display name."""
        return f"{self.mapping} {self.file}"

    def record_of(self, row: Any) -> Any:
        """Return the first record in a row, or in the file."""
        for path in self.records:
            found = at(row, path)
            if isinstance(found, list):
                return found[0] if found else None
            if found is not None:
                return found
        return row

    def is_empty(self, row: Any) -> bool:
        """Return whether the file is a list without records: `[]`, or `{"users": [], …}`."""
        return row == [] or any(at(row, path) == [] for path in self.records)

    def fits(self, row: Any) -> bool:
        """Return whether a row, or the file, is of this kind."""
        record = self.record_of(row)
        return isinstance(record, dict) and all(_meets(record, path, words) for path, words in self.recognise)


def _meets(record: Mapping[str, Any], path: str, words: frozenset[str]) -> bool:
    if path.startswith("!"):
        return not _meets(record, path[1:], frozenset())
    if not words:
        return path in record or _has(record, path.split("."))
    found = record[path] if path in record else at(record, path.split("."))
    return str(found).strip().lower() in words


def _has(record: Any, path: Sequence[str]) -> bool:
    above = at(record, path[:-1])
    return path[-1] in above if isinstance(above, dict) else at(above, path[-1:]) is not None


def read_mapping(name: str) -> list[Part]:
    """Read the parts of a mapping from the package, or of the file at `name`.

    Raises UsageProblem for a name that is neither, NotFound for a missing file, and InvalidData, with line and column,
    for an invalid one.
    """
    from visitors.input.documents import parse_document, read_document

    if name in READY_MADE:
        from importlib.resources import files

        text = files("visitors.mappings").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        return _parts(parse_document(text, f"{name}.yaml"))
    if not any(sign in name for sign in "./\\"):
        raise UsageProblem(
            f"unknown mapping {name!r}",
            code="unknown_mapping",
            hint=f"use one of {', '.join(READY_MADE)}, or a mapping file: ./{name}.yaml",
        )
    return _parts(read_document(name))


def _parts(node: Node) -> list[Part]:
    top = _mapping(node, _TOP)
    version = top.get("version")
    if version is None or version.value != VERSION:
        place = node.place if version is None else version.place
        raise BadPlace(place, f"version must be {VERSION}", code="mapping_version", hint=f"use version: {VERSION}")
    name = _text(top["name"]) if "name" in top else "mapping"
    parts = [_part(part, kind, name) for kind in KINDS if kind.noun in top for part in _items(top[kind.noun])]
    if not parts:
        raise BadPlace(node.place, "the mapping has no visitors, contacts or conversations", code="no_parts")
    return parts


def _part(node: Node, kind: Kind, mapping: str) -> Part:
    told = _mapping(node, _PART)
    rules = [_rule(field, rule, _field_of(kind)) for field, rule in _mapping(told.get("fields")).items()]
    if "messages" in told:
        if kind is not CONVERSATIONS:
            raise BadPlace(told["messages"].key_place, f"{kind.noun} have no messages", code="unknown_key")
        rules.append(Rule(field="messages", parts=tuple(map(_messages, _items(told["messages"])))))
    if kind is CONVERSATIONS and "metadata" in told:
        raise BadPlace(
            told["metadata"].key_place, "conversations have no metadata", code="unknown_key", hint="use drop: [...]"
        )
    for key in _OF_VISITORS:
        if key in told and kind is not VISITORS:
            raise BadPlace(
                told[key].key_place, f"{kind.noun} have no {key}", code="unknown_key", hint="only visitors have it"
            )
    layout = Layout(
        rules=tuple(rules),
        metadata=_texts(told.get("metadata")),
        drop=_texts(told.get("drop")),
        skip=_conditions(told.get("skip")),
    )
    records = [tuple(_path(path).split(".")) for path in _texts(told.get("records"))]
    return Part(
        mapping=mapping,
        file=_text(told["file"]) if "file" in told else kind.noun,
        kind=kind,
        layout=layout,
        recognise=tuple(_recognised(told.get("recognise"))),
        records=tuple(path for path in records if path != ("",)),
        on_existing=_one_of(told["on-existing"], get_args(OnExisting)) if "on-existing" in told else None,
        relink=_one_of(told["relink"], ("false", "true")) == "true" if "relink" in told else False,
    )


def _one_of(node: Node, words: Sequence[str]) -> Any:
    if _text(node) not in words:
        hint = "use one of " + ", ".join(words)
        raise BadPlace(node.place, f"{_text(node)!r} is not valid", code="invalid_rule", hint=hint)
    return _text(node)


def _path(text: str) -> str:
    """Parse a path, in plain or JSONPath syntax."""
    return text.removeprefix("$").removeprefix(".")


def _recognised(node: Node | None) -> list[tuple[str, frozenset[str]]]:
    found: list[tuple[str, frozenset[str]]] = []
    for item in _items(node) if node is not None else []:
        if isinstance(item.value, dict):
            found += _conditions(item)
        else:
            found.append((_path(_text(item)), frozenset()))
    return found


def _messages(node: Node) -> tuple[str, Layout]:
    told = _mapping(node, _MESSAGES)
    if "from" not in told:
        raise BadPlace(node.place, "'from' is missing for messages", code="missing_key", hint="add from: PATH")
    rules = [_rule(field, rule, _field_of_message) for field, rule in _mapping(told.get("fields")).items()]
    layout = Layout(rules=tuple(rules), drop=_texts(told.get("drop")), skip=_conditions(told.get("skip")))
    return _path(_text(told["from"])), layout


def _field_of(kind: Kind) -> Callable[[str, Node], str]:
    def field_of(name: str, node: Node) -> str:
        field = kind.field_named(name)
        if field is None:
            raise BadPlace(
                node.key_place,
                f"{kind.noun} have no field {name!r}",
                code="unknown_field",
                hint="the fields are " + ", ".join(kind.names),
            )
        return field

    return field_of


def _field_of_message(name: str, node: Node) -> str:
    if name not in MESSAGE_FIELDS:
        raise BadPlace(
            node.key_place,
            f"messages have no field {name!r}",
            code="unknown_field",
            hint="the fields are " + ", ".join(MESSAGE_FIELDS),
        )
    return name


def _rule(name: str, node: Node, field_of: Callable[[str, Node], str]) -> Rule:
    field = field_of(name, node)
    if not isinstance(node.value, dict):
        return Rule(field=field, sources=tuple(map(_path, _texts(node))))
    told = _mapping(node, _RULE)
    sources = [key for key in ("from", "constant", "object") if key in told]
    if not sources:
        hint = "add from: COLUMN, constant: VALUE or object: {KEY: COLUMN}"
        raise BadPlace(node.place, f"the source of {name} is missing", code="missing_key", hint=hint)
    if len(sources) > 1:
        reason = f"{name} has two sources: {sources[0]} and {sources[1]}"
        raise BadPlace(told[sources[1]].key_place, reason, code="invalid_rule", hint="remove one of the two")
    if "join" in told and "from" not in told:
        raise BadPlace(told["join"].key_place, f"join needs from for {name}", code="invalid_rule", hint="remove join")
    if "else" in told and "values" not in told:
        hint = "add values: {THEIRS: OURS}"
        raise BadPlace(told["else"].key_place, f"else needs values for {name}", code="invalid_rule", hint=hint)
    unit, zone = _time(told.get("time"))
    invalid = _text(told["invalid"]) if "invalid" in told else None
    of_person = field.removeprefix(OF_CONTACT) in PERSON if field.startswith(OF_CONTACT) else field in BROWSER_DATA
    if invalid is not None and (invalid not in ("metadata", "drop") or not of_person or "from" not in told):
        raise BadPlace(
            told["invalid"].place,
            f"invalid must be metadata or drop, and cannot be used for {name}",
            code="invalid_rule",
        )
    values = (
        {key.lower(): plain(value) for key, value in _mapping(told["values"]).items()} if "values" in told else None
    )
    return Rule(
        field=field,
        sources=tuple(map(_path, _texts(told.get("from")))),
        join=_text(told["join"]) if "join" in told else None,
        constant=plain(told["constant"]) if "constant" in told else None,
        prefix=_text(told["prefix"]) if "prefix" in told else "",
        values=values or None,
        otherwise=plain(told["else"]) if "else" in told else msgspec.UNSET,
        unit=unit,
        zone=zone,
        when=_conditions(told.get("when")),
        members=tuple((key, _path(_text(path))) for key, path in _mapping(told.get("object")).items()),
        invalid=invalid,  # type: ignore[arg-type]
    )


def _time(node: Node | None) -> tuple[Unit | None, str | None]:
    """Parse the unit, or the zone, of times."""
    if node is None:
        return None, None
    hint = f"use one of {', '.join(get_args(Unit))}, or {{zone: Europe/Berlin}}"
    if isinstance(node.value, dict):
        from visitors.domain.normalise import timezone

        zone = _mapping(node, ("zone",)).get("zone")
        if zone is None:
            raise BadPlace(node.place, "the zone of the time is missing", code="missing_key", hint=hint)
        try:
            return None, timezone(_text(zone), "zone")
        except InvalidData as error:
            raise BadPlace(zone.place, error.message, code=error.code, hint=error.hint) from None
    for unit in get_args(Unit):
        if node.value == unit:
            return unit, None
    raise BadPlace(node.place, f"time {_text(node)!r} is not valid", code="invalid_rule", hint=hint)


def _conditions(node: Node | None) -> Conditions:
    return tuple(
        (_path(path), frozenset("" if one.value is None else _text(one).lower() for one in _items(words)))
        for path, words in _mapping(node).items()
    )


def _mapping(node: Node | None, keys: Sequence[str] | None = None) -> Mapping[str, Node]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise BadPlace(node.place, f"expected a mapping, found {node.kind}", code="invalid_type")
    for key, value in node.value.items():
        if keys is not None and key not in keys:
            hint = "use one of " + ", ".join(keys)
            raise BadPlace(value.key_place, f"unknown key {key!r}", code="unknown_key", hint=hint)
    return node.value


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(_text(item) for item in _items(node)) if node is not None else ()


def _text(node: Node) -> str:
    if node.text is None and isinstance(node.value, int | float):
        return str(node.value).lower()  # JSON numbers
    if node.text is None or isinstance(node.value, dict | list):
        raise BadPlace(node.place, f"expected text, found {node.kind}", code="invalid_type")
    return node.text
