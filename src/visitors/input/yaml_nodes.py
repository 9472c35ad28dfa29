"""Parse YAML as nodes with positions.

It is read event by event, so only mappings, lists and scalars are ever built: tags, which name types to construct, and
aliases, which can expand a small file without limit, are rejected. Plain scalars are interpreted here, not by YAML 1.1:
numbers are as in JSON, `true`, `false` and `null` (or `~`, or nothing) have their meaning, and everything else is text:
`no`, `on`, `0123`, `12:30`, `2026-01-01`. Keys are always text.
"""

from __future__ import annotations

import re
from typing import Any

from visitors.domain.node import BadPlace, Node, Place, Written
from visitors.input.nodes import NUMBER, Builder, empty, number, too_deep

# The characters that YAML 1.2 (5.1) allows; others mean a damaged or binary file.
_NOT_PRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def yaml_node(text: str, name: str) -> Node:
    """Parse the single document in `text`. Raises BadPlace."""
    import yaml

    written = Written(name, text)
    unprintable = re.search(_NOT_PRINTABLE, text)
    if unprintable:
        character = f"U+{ord(unprintable[0]):04X}"
        raise BadPlace(written.place(unprintable.start()), f"{character} is not allowed in YAML", code="not_yaml")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = Builder(written)
    try:
        for event in yaml.parse(text, Loader=loader):
            _take(builder, event, written)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, name) from None
    if builder.root is None:
        raise empty(name)
    return builder.root


def _take(builder: Builder, event: Any, written: Written) -> None:
    """Handle one event of the YAML parser."""
    from yaml import events

    if isinstance(event, events.CollectionEndEvent):
        builder.end()
        return
    position = event.start_mark.index
    if isinstance(event, events.DocumentStartEvent) and builder.root is not None:
        place = written.place(position)
        raise BadPlace(place, "more than one document in a file", code="not_yaml", hint="use one file per document")
    if isinstance(event, events.AliasEvent):
        reason = f"aliases (*{event.anchor}) are not supported; write the value out, or refer to a record by name"
        raise BadPlace(written.place(position), reason, code="alias")
    if isinstance(event, events.NodeEvent):
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            place = written.place(position)
            raise BadPlace(place, f"tags ({tag}) are not supported", code="tag", hint="if it is text, put it in quotes")
        if isinstance(event, events.MappingStartEvent):
            builder.begin(position, {})
        elif isinstance(event, events.SequenceStartEvent):
            builder.begin(position, [])
        else:
            _scalar(builder, event, written)


def _scalar(builder: Builder, event: Any, written: Written) -> None:
    text, position, is_plain = str(event.value), event.start_mark.index, event.implicit[0]
    if builder.expects_key:
        if is_plain and text == "<<":
            raise BadPlace(
                written.place(position), "merge keys (<<) are not supported; write the fields out", code="alias"
            )
        builder.key(position, text)
    elif not is_plain:  # quoted, or a block of text
        builder.single(position, text, text)
    elif text in _CONSTANTS:
        constant = _CONSTANTS[text]
        builder.single(position, constant, None if constant is None else text)
    else:
        builder.single(position, number(text, written, position) if re.fullmatch(NUMBER, text) else text, text)


def _not_yaml(error: Any, text: str, name: str) -> BadPlace:
    """Convert an error of the YAML parser, at the position where it was noticed."""
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = min(mark.line, len(lines) - 1)  # some parsers report the end as a line of its own
    column = mark.column if line == mark.line else len(lines[line])
    place = Place(name, line + 1, column + 1)
    problem = str(error.problem or error.context)
    if "\t" in lines[line][: column + 1]:
        return BadPlace(
            place,
            f"tab where YAML does not allow one ({problem})",
            code="not_yaml",
            hint="indent with spaces, not tabs",
        )
    if "nesting depth" in problem:  # the parser's own limit, higher than ours: it reads ahead and reached that first
        return too_deep(place)
    context = f" {error.context}" if error.context and error.problem else ""
    return BadPlace(place, f"not YAML: {problem}{context}", code="not_yaml")
