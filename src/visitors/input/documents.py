"""A YAML or JSON file as nodes with places."""

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
    """The file at `path` (`-`: standard input): JSON if its name ends in `.json`, else YAML.

    Raises NotFound when there is none, and InvalidData, with line and column, when it is empty, too
    large or too deep, no YAML or JSON, or has a key twice, a tag, an alias or a second document.
    """
    text, name = read_text(path)
    return parse_document(text, name, is_json=without_ending(path).endswith(".json"))


def read_text(path: str) -> tuple[str, str]:
    """The text of the file at `path` (`-`: standard input), and what errors call the file.

    Raises NotFound when there is none, and InvalidData when it is too large or not UTF-8.
    """
    with closing(open_source(path)) as source:
        name = source.name
        text, size = io.StringIO(), 0  # and no list of lines: a short line takes many times its size
        for _, line in source.lines(SIZE_LIMIT):
            size += len(line)
            if size > SIZE_LIMIT:
                raise InvalidData(
                    f"{name} is larger than {SIZE_LIMIT // 1024 // 1024} MiB",
                    code="file_too_large",
                    hint="import takes files of any size: visitors import FILE",
                )
            text.write(line)
    return text.getvalue(), name


def parse_document(text: str, name: str, *, is_json: bool = False) -> Node:
    """The document in `text`, whose places say that it is in `name`; as `read_document`."""
    return json_node(text, name) if is_json else yaml_node(text, name)


def as_document(value: Mapping[str, Any], name: str = "fixture") -> Node:
    """What would stand in a file, given as a value; its places are those of the JSON that it is.

    Raises InvalidData for what JSON cannot hold.
    """
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (TypeError, ValueError, RecursionError, msgspec.EncodeError) as error:
        raise InvalidData(f"{name} is not JSON: {error}", code="invalid_json") from None
    return parse_document(text, name, is_json=True)
