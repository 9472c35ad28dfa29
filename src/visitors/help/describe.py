"""Converts the table of commands to the reference that `visitors help --format json` prints."""

from __future__ import annotations

import re

from visitors import __version__
from visitors.error_codes import ERROR_CODES
from visitors.help import topics
from visitors.help.reference import (
    VERSION,
    ArgumentHelp,
    CommandHelp,
    ErrorCodeHelp,
    ExitCode,
    GroupHelp,
    OptionHelp,
    Reference,
    TopicHelp,
    ValueHelp,
)
from visitors.help.schemas import ANSWERS
from visitors.help.table import Argument, Command, Option, Value, plain
from visitors.registry import EVERYWHERE

_EXIT_CODE = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


def reference(root: Command) -> Reference:
    """Return the reference of the command `root` and of all commands below it."""
    commands = [one for one in root.walk() if not one.members]
    groups = [one for one in root.walk() if one.members and one is not root]
    return Reference(
        VERSION,
        "visitors",
        __version__,
        [command_help(one) for one in commands],
        [group_help(one) for one in groups],
        [_option(one) for one in root.options],
        [TopicHelp(*one) for one in topics.topics()],
        exit_codes(),
        [ErrorCodeHelp(one.code, list(one.exits), one.meaning) for one in ERROR_CODES],
    )


def exit_codes() -> list[ExitCode]:
    """Return the exit codes, which the table in their topic lists."""
    return [ExitCode(int(code), meaning) for code, meaning in _EXIT_CODE.findall(topics.text("exit-codes"))]


def command_help(command: Command) -> CommandHelp:
    """Return the entry of a command."""
    return CommandHelp(
        command.words,
        command.panel,
        command.help,
        plain(command.description),
        command.usage,
        command.changes,
        command.words in ANSWERS,
        [_argument(one) for one in command.arguments],
        [_option(one) for one in command.options if one.panel != EVERYWHERE],
    )


def group_help(group: Command) -> GroupHelp:
    """Return the entry of a group."""
    return GroupHelp(group.words, group.panel, group.help, [one.words for one in group.members])


def _option(option: Option) -> OptionHelp:
    return OptionHelp(
        list(option.names),
        list(option.opposites),
        option.panel,
        option.help,
        _value(option.value) if option.value else None,
        option.is_required,
        option.is_repeatable,
        option.default,
    )


def _argument(argument: Argument) -> ArgumentHelp:
    return ArgumentHelp(argument.help, _value(argument.value), argument.is_required, argument.is_repeatable)


def _value(value: Value) -> ValueHelp:
    return ValueHelp(
        value.label,
        value.type,
        list(value.choices),
        value.is_open,
        value.several,
        value.is_file,
        list(value.kinds),
    )
