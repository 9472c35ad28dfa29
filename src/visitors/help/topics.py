"""The topics of `visitors help`: the Markdown files in this folder. Each begins with a heading and a sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

COMMANDS = "commands"
"""The topic that is the command reference."""

_FOLDER = Path(__file__).parent
_HEADING = re.compile(r"# +(.+)")
_SENTENCE = re.compile(r".*?[.:!?](?=\s|$)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Topic(NamedTuple):
    """A topic: its name, its heading, and its first sentence, both as plain text."""

    name: str
    title: str
    summary: str


def names() -> list[str]:
    """Return the names of all topics, from A to Z."""
    return sorted(file.stem for file in _FOLDER.glob("*.md"))


def text(name: str) -> str:
    """Return the Markdown of the topic `name`, which is one of `names()`."""
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")


def topics() -> list[Topic]:
    """Return all topics, from A to Z."""
    return [_topic(name, text(name)) for name in names()]


def _topic(name: str, markdown: str) -> Topic:
    """Return the topic. Raises ValueError unless the Markdown begins with a heading and a paragraph."""
    heading, _, rest = markdown.partition("\n")
    title = _HEADING.fullmatch(heading)
    paragraph = _plain(" ".join(rest.strip().partition("\n\n")[0].split()))
    sentence = _SENTENCE.match(paragraph)
    if title is None or sentence is None:
        raise ValueError(f"{name}.md does not begin with a heading and a sentence")
    return Topic(name, _plain(title[1]), sentence[0])


def _plain(markdown: str) -> str:
    """Return a line of Markdown without its markup."""
    return re.sub(r"[`*]", "", _LINK.sub(r"\1", markdown))
