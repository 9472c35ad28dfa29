"""The man pages, generated from the table of commands: visitors.1, and one for each command and group.

They are reproducible: no page has a date. They use the macros of man(7), and roff's escapes for all that is not ASCII,
so that they look the same in every locale.
"""

from __future__ import annotations

import re

from visitors import __version__
from visitors.help.describe import exit_codes
from visitors.help.table import VERBATIM, Argument, Command, Option, plain
from visitors.registry import EVERYWHERE, PANELS

_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
_BOLD, _ITALIC, _ROMAN = "\\fB", "\\fI", "\\fR"


def pages(root: Command) -> dict[str, str]:
    """Return the text of each page by file name."""
    return {f"{_name(one)}.1": "\n".join(_lines(one, root)) + "\n" for one in root.walk()}


def _lines(command: Command, root: Command) -> list[str]:
    title = f'.TH {_escaped(_name(command).upper())} 1 "" "visitors {_escaped(__version__)}" "visitors manual"'
    lines = [
        title,
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{_escaped(_name(command))} \\- {_escaped(_uncapitalised(command.help).rstrip('.'))}",
        ".SH SYNOPSIS",
        _synopsis(command),
        ".SH DESCRIPTION",
        *_description(command.description),
    ]
    if command.members:
        lines += [".SH COMMANDS", *_members(command)]
    if command.arguments:
        lines += [".SH ARGUMENTS"]
        lines += [line for one in command.arguments for line in _argument(one)]
    lines += _options(command, everywhere=command is root)
    if command is root:
        lines += [".SH EXIT STATUS"]
        lines += [line for one in exit_codes() for line in (".TP", f".B {one.code}", _text(one.meaning))]
    return [*lines, ".SH SEE ALSO", *_see_also(command, root)]


def _name(command: Command) -> str:
    return "-".join(["visitors", *command.words.split()])


def _synopsis(command: Command) -> str:
    words = " ".join(["visitors", *command.words.split()])
    return f"{_BOLD}{_escaped(words)}{_ROMAN} {_escaped(command.usage.removeprefix(words).strip())}"


def _description(text: str) -> list[str]:
    """Return the paragraphs; a `VERBATIM` one keeps its lines."""
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += [".PP"] if lines else []
        if paragraph.startswith(VERBATIM):
            lines += [".nf", *map(_text, plain(paragraph).rstrip().split("\n")), ".fi"]
        else:
            lines += map(_text, paragraph.split("\n"))
    return lines


def _members(command: Command) -> list[str]:
    """Return the members; those of the program are under the headings of its help."""
    panels = [panel for panel in PANELS if any(one.panel == panel for one in command.members)]
    lines = []
    for panel in panels:
        lines += [f".SS {_escaped(panel)}"] if not command.words else []
        for one in command.members:
            if one.panel == panel:
                lines += [".TP", f"{_BOLD}{_escaped(_name(one))}{_ROMAN}(1)", _text(one.help)]
    return lines


def _argument(argument: Argument) -> list[str]:
    more = "..." if argument.is_repeatable else ""
    return [".TP", f"{_ITALIC}{_escaped(argument.value.label)}{_ROMAN}{more}", _text(argument.help)]


def _options(command: Command, *, everywhere: bool) -> list[str]:
    lines = [".SH OPTIONS"]
    shown = [one for one in command.options if everywhere or one.panel != EVERYWHERE]
    for panel in dict.fromkeys(one.panel for one in shown):
        lines += [f".SS {_escaped(panel)}"] if panel not in ("Options", EVERYWHERE) else []
        lines += [line for one in shown if one.panel == panel for line in _option(one)]
    if everywhere:
        return lines
    return [*lines, *([".PP"] if shown else []), "The options that every command takes are in", ".BR visitors (1)."]


def _option(option: Option) -> list[str]:
    value = f" {_ITALIC}{_escaped(option.value.label)}{_ROMAN}" if option.value else ""
    names = [f"{_BOLD}{_escaped(name)}{_ROMAN}{value}" for name in (*option.names, *option.opposites)]
    lines = [".TP", ", ".join(names), _text(option.help)]
    if option.value and option.value.choices and not option.value.is_open:
        lines.append(_text(f"One of {', '.join(option.value.choices)}."))
    if option.value and option.default is not None:
        lines.append(_text(f"Default: {option.default}."))
    return lines


def _see_also(command: Command, root: Command) -> list[str]:
    """Return the pages of the group, its other members, and the members of this one. The program has listed its own."""
    if command is root:
        return [_text("visitors help"), "lists topics to read."]
    beside = [one for group in root.walk() for one in group.members if command in group.members and one is not command]
    parents = [one for one in root.walk() if command in one.members]
    near = [*parents, *command.members, *(beside if parents != [root] else [])]
    return [f".BR {_escaped(_name(one))} (1){',' if one is not near[-1] else ''}" for one in near]


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _text(line: str) -> str:
    """Return a line of text, which is never a request, whatever it begins with."""
    escaped = _escaped(line)
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


def _escaped(text: str) -> str:
    text = re.sub(r"[\\'`^~\"-]", lambda found: _ESCAPES[found[0]], text)
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", text)
