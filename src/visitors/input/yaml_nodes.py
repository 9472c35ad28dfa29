"""YAML as nodes with places.

It is read event by event, so that nothing is ever built but mappings, lists and single values: tags,
which name types to build, and aliases, by which a small file can become an endless one, are refused.
What a plain value means is decided here, not by YAML 1.1: numbers are written as in JSON, `true`,
`false` and `null` (or `~`, or nothing) are what they say, and all else is text: `no`, `on`, `0123`,
`12:30`, `2026-01-01`. Keys are always text.
"""

from __future__ import annotations

import re
from typing import Any

from visitors.domain.node import BadPlace, Node, Place
from visitors.input.nodes import NUMBER, Builder, empty, number, too_deep

# What YAML 1.2 (5.1) lets stand in a file; anything else is a broken or binary one.
_NOT_PRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def yaml_node(text: str, name: str) -> Node:
    """The one document in `text`. Raises BadPlace."""
    import yaml

    unprintable = re.search(_NOT_PRINTABLE, text)
    if unprintable:
        character = f"U+{ord(unprintable[0]):04X}"
        raise BadPlace(_place_at(text, name, unprintable.start()), f"{character} cannot stand in YAML", code="not_yaml")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            _take(builder, event, name)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, name) from None
    if builder.root is None:
        raise empty(name)
    return builder.root


def _take(builder: Builder, event: Any, name: str) -> None:
    """One event of the YAML parser."""
    from yaml import events

    if isinstance(event, events.CollectionEndEvent):
        builder.end()
        return
    place = Place(name, event.start_mark.line + 1, event.start_mark.column + 1)
    if isinstance(event, events.DocumentStartEvent) and builder.root is not None:
        raise BadPlace(place, "a second document; a file holds one", code="not_yaml", hint="give several files")
    if isinstance(event, events.AliasEvent):
        raise BadPlace(
            place,
            f"an alias (*{event.anchor}); what is meant is written out, or referred to by its name",
            code="alias",
        )
    if isinstance(event, events.NodeEvent):
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise BadPlace(place, f"a tag ({tag}); values are plain", code="tag", hint="for text, use quotes")
        if isinstance(event, events.MappingStartEvent):
            builder.begin(Node(place, {}, key_places={}))
        elif isinstance(event, events.SequenceStartEvent):
            builder.begin(Node(place, []))
        else:
            builder.single(_scalar(event, place, is_key=builder.expects_key))


def _scalar(event: Any, place: Place, *, is_key: bool) -> Node:
    text = str(event.value)
    if not event.implicit[0]:  # quoted, or a block of text
        return Node(place, text, text)
    if is_key:
        if text == "<<":
            raise BadPlace(place, "a merge key (<<); what is meant is written out", code="alias")
        return Node(place, text, text)
    if text in _CONSTANTS:
        constant = _CONSTANTS[text]
        return Node(place, constant, None if constant is None else text)
    return Node(place, number(text, place) if re.fullmatch(NUMBER, text) else text, text)


def _not_yaml(error: Any, text: str, name: str) -> BadPlace:
    """What the YAML parser says, at the place where it noticed."""
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = min(mark.line, len(lines) - 1)  # one parser takes the end for a line of its own
    column = mark.column if line == mark.line else len(lines[line])
    place = Place(name, line + 1, column + 1)
    problem = str(error.problem or error.context)
    if "\t" in lines[line][: column + 1]:
        return BadPlace(
            place, f"a tab where YAML has none ({problem})", code="not_yaml", hint="indent with spaces, not with tabs"
        )
    if "nesting depth" in problem:  # the parser's own limit, above ours: it reads ahead, and met it first
        return too_deep(place)
    context = f" {error.context}" if error.context and error.problem else ""
    return BadPlace(place, f"not YAML: {problem}{context}", code="not_yaml")


def _place_at(text: str, name: str, position: int) -> Place:
    return Place(name, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))
