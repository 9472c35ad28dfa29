"""The types of what `visitors help --format json` prints, for programs and agents."""

from __future__ import annotations

import msgspec

VERSION = 1
"""Of the format. It changes when a key is renamed or removed, or means something else; not when one is added."""


class ValueHelp(msgspec.Struct, frozen=True, rename="camel"):
    """The value of an option or argument: one of `choices` unless it `isOpen`; an id of one of the kinds in `ids`. If
    it `isList`, it is several values, separated by commas.
    """

    name: str
    type: str
    choices: list[str]
    is_open: bool
    is_list: bool
    is_file: bool
    ids: list[str]


class OptionHelp(msgspec.Struct, frozen=True, rename="camel"):
    """An option: its names, those of its opposite, and its value, which is null for a flag."""

    names: list[str]
    opposites: list[str]
    panel: str
    help: str
    value: ValueHelp | None
    is_required: bool
    is_repeatable: bool
    default: str | int | float | bool | None


class ArgumentHelp(msgspec.Struct, frozen=True, rename="camel"):
    """A positional argument."""

    help: str
    value: ValueHelp
    is_required: bool
    is_repeatable: bool


class CommandHelp(msgspec.Struct, frozen=True, rename="camel"):
    """A command and the options that only some commands have."""

    command: str
    panel: str
    summary: str
    description: str
    usage: str
    changes_store: bool
    has_schema: bool
    arguments: list[ArgumentHelp]
    options: list[OptionHelp]


class GroupHelp(msgspec.Struct, frozen=True, rename="camel"):
    """A group and its commands."""

    group: str
    panel: str
    summary: str
    commands: list[str]


class TopicHelp(msgspec.Struct, frozen=True, rename="camel"):
    """A topic: `visitors help NAME`."""

    name: str
    title: str
    summary: str


class ExitCode(msgspec.Struct, frozen=True, rename="camel"):
    """An exit code."""

    code: int
    meaning: str


class ErrorCodeHelp(msgspec.Struct, frozen=True, rename="camel"):
    """An `error.code` and the exit codes that it comes with."""

    code: str
    exit_codes: list[int]
    meaning: str


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """The whole reference; `everywhere` lists the options that every command takes."""

    version: int
    program: str
    program_version: str
    commands: list[CommandHelp]
    groups: list[GroupHelp]
    everywhere: list[OptionHelp]
    topics: list[TopicHelp]
    exit_codes: list[ExitCode]
    error_codes: list[ErrorCodeHelp]
