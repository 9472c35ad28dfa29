"""Read a YAML or JSON file as nodes with positions."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import msgspec

from visitors.domain.node import Node
from visitors.errors import InvalidData
from visitors.input.compression import without_ending
from visitors.input.json_nodes import json_node
from visitors.input.source import open_source
from visitors.input.yaml_nodes import yaml_node

SIZE_LIMIT = 32 * 1024 * 1024


def read_document(path: str) -> Node:
    """Read the file at `path` (`-`: standard input): JSON if its name ends in `.json`, else YAML.

    Raises NotFound if there is none, and InvalidData, with line and column, if it is empty, too large, too deeply
    nested, or malformed, or has a repeated key, a tag, an alias or a second document.
    """
    text, name = read_text(path)
    return parse_document(text, name, is_json=without_ending(path).endswith(".json"))


def read_text(path: str) -> tuple[str, str]:
    """Read the text of the file at `path` (`-`: standard input); also return its name for errors.

    Raises NotFound if there is none, and InvalidData if it is too large or not UTF-8.
    """
    with closing(open_source(path)) as source:
        name = source.name
        text, size = io.StringIO(), 0  # not as a list of lines: a short line takes many times its size
        for _, line in source.lines(SIZE_LIMIT):
            size += len(line)
            if size > SIZE_LIMIT:
                raise InvalidData(
                    f"{name} is larger than {SIZE_LIMIT // 1024 // 1024} MiB",
                    code="file_too_large",
                    hint="for larger files: visitors import FILE",
                )
            text.write(line)
    return text.getvalue(), name


def parse_document(text: str, name: str, *, is_json: bool = False) -> Node:
    """Parse the document in `text`, called `name` in positions; see `read_document`."""
    return json_node(text, name) if is_json else yaml_node(text, name)


def as_document(value: Mapping[str, Any], name: str = "fixture") -> Node:
    """Convert a value to nodes; positions refer to its JSON form.

    Raises InvalidData for a value that JSON cannot represent.
    """
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (TypeError, ValueError, RecursionError, msgspec.EncodeError) as error:
        raise InvalidData(f"{name} is not JSON: {error}", code="invalid_json") from None
    return parse_document(text, name, is_json=True)
