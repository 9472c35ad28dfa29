"""Collect the names in fixture files, and resolve references to them.

Files that are read together share their names; nothing outside of them can be referred to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Literal, get_args

import msgspec

from visitors.domain.fixture import CONTACT_FIELDS, CONVERSATION_FIELDS, TOP_FIELDS, VERSION, VISITOR_FIELDS
from visitors.domain.fixture_values import FileText, near
from visitors.domain.ids import given_contact_id, given_id, id_token
from visitors.domain.node import BadPlace, Node, Place
from visitors.errors import InvalidData

Section = Literal["contacts", "visitors", "conversations"]

_GUESSES = 20
"""The number of problems for which a name is suggested: each suggestion scans every name in the files."""


class Entry(msgspec.Struct, frozen=True):
    """A named record of a file before its values are read."""

    name: str
    id: str
    place: Place
    fields: dict[str, Node]
    file: FileText


class Names:
    """The names in the files so far, and the problems found."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[BadPlace] = []
        self.entries: dict[Section, dict[str, Entry]] = {"contacts": {}, "visitors": {}, "conversations": {}}
        self._ids: dict[tuple[Section, str], Entry] = {}
        self.blocks: list[tuple[Node, FileText]] = []
        self._merged: dict[str, str | None] = {}  # contact name -> name of the survivor

    @contextmanager
    def noted(self, place: Place) -> Iterator[None]:
        """Record InvalidData raised in the block as a problem at `place`, and continue after the block."""
        try:
            yield
        except BadPlace as problem:
            self.problems.append(problem)
        except InvalidData as error:
            hint = f"leave out {error.field}" if error.code == "empty" else error.hint
            self.problems.append(BadPlace(place, error.message, code=error.code, hint=hint, field=error.field))

    def name_all(self, document: Node) -> None:
        """Collect the names in one file."""
        if not isinstance(document.value, dict):
            problem = f"a fixture file must be a mapping, not {document.kind}"
            self.problems.append(
                BadPlace(document.place, problem, code="invalid_type", hint="start the file with: version: 1")
            )
            return
        if not self._version(document):
            return  # the rest of the file may have a different meaning
        fields = self.mapping(document, "a fixture", TOP_FIELDS)
        file = FileText(self._environment if self._flag(fields.get("environment")) else None)
        sections: tuple[Section, ...] = get_args(Section)
        for section in sections:
            if section in fields:
                with self.noted(fields[section].place):
                    self._section(section, fields[section], file)
        blocks = fields.get("blocks")
        if blocks is not None and isinstance(blocks.value, list):
            self.blocks += [(node, file) for node in blocks.value]
        elif blocks is not None and blocks.value is not None:
            self.problems.append(
                BadPlace(blocks.place, f"blocks must be a list, not {blocks.kind}", code="invalid_type")
            )

    def _version(self, document: Node) -> bool:
        assert isinstance(document.value, dict)
        version = document.value.get("version")
        if version is None:
            reason, hint = "the file has no version", f"start the file with: version: {VERSION}"
            self.problems.append(BadPlace(document.place, reason, code="no_version", hint=hint))
            return False
        number = version.value
        if number == VERSION and isinstance(number, int) and not isinstance(number, bool):
            return True
        shown = version.text or number if not isinstance(number, dict | list) else version.kind
        newer = isinstance(number, int) and number > VERSION
        reason = (
            f"version {shown} is newer than the latest supported version, {VERSION}"
            if newer
            else f"version {shown} is not valid"
        )
        hint = "upgrade visitors" if newer else f"use version: {VERSION}"
        code = "newer_version" if newer else "invalid_version"
        self.problems.append(BadPlace(version.place, reason, code=code, hint=hint))
        return False

    def _flag(self, node: Node | None) -> bool:
        if node is None or isinstance(node.value, bool | None):
            return bool(node and node.value)
        reason = f"environment must be true or false, not {node.kind}"
        self.problems.append(BadPlace(node.place, reason, code="invalid_type"))
        return False

    def _section(self, section: Section, node: Node, file: FileText) -> None:
        if node.value is None:
            return
        if not isinstance(node.value, dict):
            raise InvalidData(f"{section} must be a mapping of names, not {node.kind}", code="invalid_type")
        allowed = {"contacts": CONTACT_FIELDS, "visitors": VISITOR_FIELDS, "conversations": CONVERSATION_FIELDS}
        for name, record in node.value.items():
            place = record.key_place
            with self.noted(place):
                _refuse_odd_name(name)
                fields = self.mapping(record, f"a {section[:-1]}", allowed[section])
                self._add(section, Entry(name, _id(section, name, fields, file), place, fields, file))

    def _add(self, section: Section, entry: Entry) -> None:
        noun = section[:-1]
        first = self.entries[section].get(entry.name)
        if first is not None:
            reason = f"{noun} {entry.name!r} is already defined at {first.place}"
            raise BadPlace(entry.place, reason, code="duplicate_name")
        same = self._ids.setdefault((section, entry.id), entry)
        if same is not entry:
            reason = f"the id {entry.id!r} is already used by {noun} {same.name!r} at {same.place}"
            raise BadPlace(entry.place, reason, code="duplicate_id")
        self.entries[section][entry.name] = entry

    def mapping(self, node: Node, what: str, allowed: Sequence[str]) -> dict[str, Node]:
        """Return the known fields of a mapping, recording a problem for each unknown one."""
        if node.value is None:
            return {}
        if not isinstance(node.value, dict):
            raise BadPlace(node.place, f"{what} must be a mapping, not {node.kind}", code="invalid_type")
        unknown = [key for key in node.value if key not in allowed]
        if not unknown:
            return node.value
        self.problems += [_unknown(node.value[key].key_place, key, what, allowed) for key in unknown]
        return {key: value for key, value in node.value.items() if key in allowed}

    def refer(self, section: Section, entry_fields: Mapping[str, Node], field: str, file: FileText) -> str | None:
        """Return the id of the record that a field refers to. A tombstone cannot be referred to."""
        node = entry_fields.get(field)
        if node is None:
            return None
        with self.noted(node.place):
            name = file.text(node, field)
            if name is None:
                return None
            entry = self.entries[section].get(name)
            if entry is None:
                guessed = len(self.problems) < _GUESSES
                raise _dangling(section, name, field, self.entries[section] if guessed else ())
            survivor = self._merged.get(name)
            if field == "contact" and survivor is not None:
                raise InvalidData(
                    f"contact {name!r} was merged into {survivor!r}",
                    code="contact_merged",
                    hint=f"use {survivor!r} instead",
                    field=field,
                )
            return entry.id
        return None

    def refuse_cycles(self) -> None:
        """Record one problem for each cycle of `mergedInto`, at its first contact."""
        contacts = self.entries["contacts"]
        for name, entry in contacts.items():
            with suppress(InvalidData):  # reported when the contact is read
                self._merged[name] = _text(entry.fields.get("mergedInto"), entry.file)
        done: set[str] = set()
        for start in contacts:
            path: dict[str, None] = {}
            at: str | None = start
            while at is not None and at in contacts and at not in done and at not in path:
                path[at] = None
                at = self._merged.get(at)
            if at is not None and at in path:
                circle = [*path][[*path].index(at) :]
                place = contacts[circle[0]].fields["mergedInto"].place
                reason = "mergedInto is circular: " + " → ".join([*circle, circle[0]])
                self.problems.append(BadPlace(place, reason, code="circular_reference", field="mergedInto"))
            done.update(path)


def _id(section: Section, name: str, fields: Mapping[str, Node], file: FileText) -> str:
    given = _text(fields.get("id"), file)
    text, field = (name, "name") if given is None else (given, "id")
    rule = {"contacts": given_contact_id, "visitors": given_id, "conversations": id_token}[section]
    try:
        return rule(text, field)
    except InvalidData as error:
        if field == "id":
            raise BadPlace(fields["id"].place, error.message, code=error.code, hint=error.hint) from None
        if error.code == "junk_id":
            error.hint = "add an id: id: ID"
        raise


def _refuse_odd_name(name: str) -> None:
    if id_token(name, "name") != name:
        raise InvalidData(f"name {name!r} starts or ends with white space", code="invalid_id", field="name")


def _text(node: Node | None, file: FileText) -> str | None:
    """Return the text of a node that is validated elsewhere."""
    if node is None:
        return None
    try:
        return file.text(node, "id")
    except InvalidData as error:
        raise BadPlace(node.place, error.message, code=error.code, hint=error.hint) from None


def _unknown(place: Place, key: str, what: str, allowed: Sequence[str]) -> BadPlace:
    close = near(key, allowed)
    hint = f"did you mean {close}?" if close else "use one of " + ", ".join(allowed)
    return BadPlace(place, f"{what} has no field {key[:60]!r}", code="unknown_key", hint=hint)


def _dangling(section: Section, name: str, field: str, known: Collection[str]) -> InvalidData:
    close = near(name, known)
    hint = f"did you mean {close}?" if close else f"names are defined under {section} in the given files"
    return InvalidData(f"no {section[:-1]} is named {name[:60]!r}", code="dangling_reference", hint=hint, field=field)
