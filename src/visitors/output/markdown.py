"""Markdown on a terminal, by Rich, without the boxes and backgrounds that it has by default."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown
from rich.text import Text
from rich.theme import Theme

WIDEST = 100
"""Longer lines of prose are hard to read."""
INDENT = 2
"""Of code blocks."""

_THEME = Theme(
    {
        "markdown.h1": "bold underline",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.code": "cyan",
        "markdown.code_block": "none",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)
_RELATIVE = re.compile(r"\[([^\]]+)\]\((?![a-z]+:)[^)]*\)")
"""A link to another topic or within this one, which no terminal can follow."""
_COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_END_OF_LINE = re.compile(r"(?:\x1b\[[0-9;]*m| )+$", re.MULTILINE)


class _Heading(Heading):
    """A heading at the left, whatever its level."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the text."""
        yield self.text


class _Code(CodeBlock):
    """Lines that only the terminal wraps, so that they can be copied whole."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the lines, indented."""
        lines = str(self.text).rstrip().split("\n")
        code = "\n".join(" " * INDENT + line for line in lines)
        yield Text(code, style="markdown.code_block", no_wrap=True, overflow="ignore")


class _Markdown(Markdown):
    elements: ClassVar = {**Markdown.elements, "heading_open": _Heading, "fence": _Code, "code_block": _Code}


def write_markdown(target: Console, text: str) -> None:
    """Write the Markdown for a person, without its comments and without trailing blanks."""
    text = _RELATIVE.sub(r"\1", _COMMENT.sub("", text))
    with target.use_theme(_THEME), target.capture() as captured:
        target.print(_Markdown(text), width=min(WIDEST, target.width), crop=False)
    target.file.write(_END_OF_LINE.sub(lambda end: end[0].replace(" ", ""), captured.get()))
