"""Markdown on a terminal, by Rich: headings, lists and tables, without boxes and backgrounds of its own."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown
from rich.padding import Padding
from rich.text import Text
from rich.theme import Theme

WIDEST = 100
"""Prose on longer lines is hard to read."""

_THEME = Theme(
    {
        "markdown.h1": "bold",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.code": "cyan",
        "markdown.code_block": "cyan",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)
_RELATIVE = re.compile(r"\[([^\]]+)\]\((?![a-z]+:)[^)]*\)")
"""A link to another topic, or within this one: nothing that a terminal can follow."""


class _Heading(Heading):
    """At the left, whichever its level."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The words of the heading."""
        yield self.text


class _Code(CodeBlock):
    """Lines that are broken by nothing but the terminal, so that they are copied whole."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, a little to the right."""
        code = Text(str(self.text).rstrip(), style="markdown.code_block", no_wrap=True, overflow="ignore")
        yield Padding(code, (0, 0, 0, 2), expand=False)


class _Markdown(Markdown):
    elements: ClassVar = {**Markdown.elements, "heading_open": _Heading, "fence": _Code, "code_block": _Code}


def write_markdown(target: Console, text: str) -> None:
    """Write the Markdown for a person."""
    with target.use_theme(_THEME):
        target.print(_Markdown(_RELATIVE.sub(r"\1", text)), width=min(WIDEST, target.width), crop=False)
