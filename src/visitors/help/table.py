"""The table of all commands, options and arguments, converted from the built command line to plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from visitors.help.closed_lists import OPEN, SEVERAL, closed_list
from visitors.registry import COMMANDS, EVERYWHERE, GROUPS

Click = Any
"""A command, group or parameter of Typer: only what is the same in all its versions is used."""

_ENTRIES = {entry.words: entry for entry in (*COMMANDS, *GROUPS)}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_IDS = {
    "VISITOR": "visitors",
    "CONTACT": "contacts",
    "CONVERSATION": "conversations",
    "OPERATION": "operations",
    "STORE": "stores",
}
_FILES = {"FILE", "KEYFILE", "PATH"}


class Value(NamedTuple):
    """What an option or argument takes: one of `choices` (with `several`: some of them, separated by commas; or also
    something else, if it `is_open`), a file, either of the two, an id of `kinds`, or anything of a `type` of JSON.
    """

    label: str
    choices: tuple[str, ...] = ()
    several: bool = False
    is_open: bool = False
    is_file: bool = False
    kinds: tuple[str, ...] = ()
    type: str = "string"

    def __str__(self) -> str:
        """Encode the value as one word for its type and those that go with it, as in the scripts."""
        if self.choices:
            sort = "several" if self.several else "either" if self.is_file else "words"
            return " ".join([sort, *self.choices])
        if self.kinds:
            return f"ids {','.join(self.kinds)}"
        return "files" if self.is_file else "any"


class Option(NamedTuple):
    """An option: all its names, those of its opposite, the heading of its section in the help, and the value that it
    takes, if any. The `default` of a flag is a boolean.
    """

    names: tuple[str, ...]
    opposites: tuple[str, ...]
    panel: str
    help: str
    value: Value | None
    is_required: bool
    is_repeatable: bool
    default: str | int | float | bool | None


class Argument(NamedTuple):
    """A positional argument."""

    help: str
    value: Value
    is_required: bool
    is_repeatable: bool


class Command(NamedTuple):
    """A command, or a group with its members. `help` is one line, `description` the whole help, with `VERBATIM` marks;
    `changes` says whether it changes the store.
    """

    words: str
    help: str
    panel: str
    usage: str
    description: str
    changes: bool
    options: list[Option]
    arguments: list[Argument]
    members: list[Command]

    @property
    def name(self) -> str:
        """The last of its words."""
        return self.words.split()[-1]

    @property
    def names(self) -> list[str]:
        """The names of all options."""
        return [name for option in self.options for name in (*option.names, *option.opposites)]

    @property
    def valued(self) -> list[str]:
        """The names of the options that take a value."""
        return [name for option in self.options if option.value for name in option.names]

    def walk(self) -> Iterator[Command]:
        """Yield this command and all below it."""
        yield self
        for member in self.members:
            yield from member.walk()


def read(root: Click) -> Command:
    """Return the table of the command `root` and of all below it, in the order of the help."""
    return _command(root, "visitors", None, "")


def _command(command: Click, name: str, parent: Click, words: str) -> Command:
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    parameters = [parameter for parameter in command.get_params(context) if not getattr(parameter, "hidden", False)]
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    _check(words, names)
    members = []
    for member in names:
        below = command.get_command(context, member)
        if not below.hidden:
            members.append(_command(below, member, context, f"{words} {member}".strip()))
    entry = _ENTRIES.get(words)
    description = (command.help or "").strip()
    return Command(
        words,
        entry.help if entry else description,
        entry.panel if entry else "",
        " ".join(["visitors", *words.split(), *command.collect_usage_pieces(context)]),
        description,
        bool(entry and entry.changes),
        [_option(parameter, words) for parameter in parameters if parameter.param_type_name == "option"],
        [_argument(parameter, words) for parameter in parameters if parameter.param_type_name == "argument"],
        members,
    )


def _option(option: Click, words: str) -> Option:
    # sorted, since those of --help come out of a set
    names, opposites = (tuple(sorted(names, key=len)) for names in (option.opts, option.secondary_opts))
    _check(words, (name.lstrip("-") for name in names + opposites))
    is_plain = option.is_flag or option.count
    panel = getattr(option, "rich_help_panel", None) or (EVERYWHERE if option.name == "help" else "Options")
    return Option(
        names,
        opposites,
        panel,
        option.help or "",
        None if is_plain else _value(option, words, max(names, key=len).lstrip("-").upper()),
        bool(option.required),
        bool(option.multiple) and panel != EVERYWHERE,  # a list for Typer, but one value for everybody else
        bool(option.default) if is_plain and not opposites else option.default,
    )


def _argument(argument: Click, words: str) -> Argument:
    value = _value(argument, words, argument.name.upper())
    if words.endswith("restore"):
        value = value._replace(kinds=tuple(f"deleted-{kind}" for kind in value.kinds))
    return Argument(argument.help or "", value, bool(argument.required), argument.nargs != 1)


def _value(parameter: Click, words: str, name: str) -> Value:
    """Determine what `parameter` takes, by its type, its metavar and its `name`, in that order."""
    label = str(parameter.metavar or name).strip("[]<>.")
    # renamed in Typer 0.29
    kind = getattr(parameter, "type_descriptor", None) or parameter.type
    choices = tuple(str(choice) for choice in getattr(kind, "choices", None) or ())
    if choices:
        _check(words, choices)
        return Value(name if "|" in label else label, choices=choices)
    choices = closed_list(words, name)
    _check(words, choices)
    spoken = [*re.findall("[A-Z]+", label), name]
    kinds = tuple(dict.fromkeys(_IDS[word] for word in spoken if word in _IDS))
    is_file = not kinds and not _FILES.isdisjoint(spoken)
    is_number = getattr(kind, "annotation", None) is int or "int" in getattr(kind, "name", "")  # until 0.28 the name
    return Value(
        label,
        choices,
        several=name in SEVERAL,
        is_open=name in OPEN,
        is_file=is_file,
        kinds=kinds,
        type="integer" if is_number else "string",
    )


def _check(words: str, written: Iterable[str]) -> None:
    """Raise ValueError unless a script can contain `written` without quotes."""
    for text in written:
        if not _WORD.fullmatch(text):
            raise ValueError(f"{words}: {text!r} needs quoting in a shell")


VERBATIM = "\b\n"
"""The mark before a paragraph that is not wrapped."""


def plain(text: str) -> str:
    """Return a help text without `VERBATIM` marks."""
    return text.replace(VERBATIM, "")
