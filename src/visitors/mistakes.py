"""Messages for command lines that cannot be parsed, with suggestions; imported only then.

A hint names a command or an option, and never runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from visitors import registry
from visitors.domain.spelling import meant, near
from visitors.errors import UsageProblem
from visitors.registry import Entry

if TYPE_CHECKING:
    import typer

_NEWER = "Value error, "
"""How Typer 0.29 and later begin the reason why a value is invalid."""

_SYNONYMS = {"ls": "list", "rm": "delete", "remove": "delete", "get": "show"}
"""Names used by other programs."""


def unknown_command(place: str, typed: Sequence[str]) -> UsageProblem:
    """Make the error for `typed` words, the first of which is not a command of the group `place` (`""`: the top)."""
    commands = [f"'visitors {words}'" for words in _commands(place, typed)]
    hint = f"did you mean {' or '.join(commands)}?" if commands else f"{' '.join(['visitors', *place.split()])} --help"
    return UsageProblem(f"no such command {typed[0]!r}", hint=hint)


def _commands(place: str, typed: Sequence[str]) -> list[str]:
    """Return the commands and groups that are probably meant by `typed` at `place`.

    A verb of another group takes precedence over a similar spelling in this one.
    """
    members = {_name(entry): entry for entry in registry.members(place)}
    verb = _SYNONYMS.get(typed[0], typed[0])
    if verb not in members:
        elsewhere = [entry.words for entry in registry.COMMANDS if _name(entry) == verb]
        close = near(verb, members)
        if elsewhere or close is None:
            return elsewhere
        verb = close
    found, rest = members[verb], typed[1:]
    if found in registry.GROUPS and rest and not rest[0].startswith("-"):
        return _commands(found.words, rest) or [found.words]
    return [found.words]


def _name(entry: Entry) -> str:
    return entry.words.split()[-1]


def usage_problem(error: typer.TyperException) -> UsageProblem:
    """Convert an error of Typer about the command line to this program's style."""
    details: Any = error  # its class has no public name
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context is not None else 'visitors'} --help"
    if context is not None and hasattr(error, "possibilities"):
        # Typer's own suggestions also compare the dashes, which makes most options similar
        known = [name for parameter in context.command.get_params(context) for name in _flags(parameter)]
        return UsageProblem(_plain(error.message), hint=meant(details.option_name, known, hint))
    text, _, allowed = _plain(error.format_message()).partition(". Choose from: ")
    if allowed:
        hint = f"use one of {allowed}"
    elif " is not one of " in text:
        value, _, choices = error.message.rpartition(" is not one of ")
        hint = meant(value.removeprefix(_NEWER)[1:-1], re.findall("'([^']*)'", choices), hint)
    return UsageProblem(text, hint=hint)


def _flags(parameter: Any) -> list[str]:
    return [name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")]


def _plain(text: str) -> str:
    """Convert a message of Typer to the words and style of errors here: one line, lower case, no full stop."""
    text = " ".join(text.replace(f": {_NEWER}", ": ", 1).split()).rstrip(".")
    for theirs, ours in _WORDS:
        text = re.sub(theirs, ours, text)
    return text[:1].lower() + text[1:]


def _out_of_range(match: re.Match[str]) -> str:
    value, least, most = match.groups()
    return f"{value} is less than {least}" if int(value) < int(least) else f"{value} is greater than {most}"


_WORDS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"is not a valid int(?:eger)?(?: range)?$", "is not a whole number"),
    (r"is not a valid float(?: range)?$", "is not a number"),
    (r"(?<!\S)(-?[0-9]{1,1000}) is not in the range ([0-9]{1,20})<=x<=([0-9]{1,20})$", _out_of_range),
    (r"^Got unexpected extra argument\(s\) \((.*)\)$", r"unexpected argument: \1"),
)
"""Typer's messages that name its types, or use notation instead of words, and what they become. They may contain any
text that was typed, of any length.
"""
