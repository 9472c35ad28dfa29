"""How Typer is used here: commands that load when called, options shared by groups, plain help.

Typer builds the parameters of every command that it knows when it starts; `Group` therefore knows
only the registry, and builds the one command that is called. `Command` adds to each command the
options that stand everywhere, and those of the groups that its module names in `OPTION_GROUPS`; their
values reach the command through its `Context`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer
from typer._click import Command as ClickCommand
from typer._click import Context as ClickContext
from typer._click import HelpFormatter, Parameter
from typer._click.core import ParameterSource
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from visitors import registry
from visitors.commands import options
from visitors.context import Context
from visitors.registry import Entry

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
EVERYWHERE = "Everywhere"


def root() -> TyperGroup:
    """The command `visitors`."""
    return Group(
        name="visitors",
        help="Administer the people who come to an application through a support widget.",
        epilog="Full documentation is in the README. 'visitors COMMAND --help' shows one command.",
        context_settings=_SETTINGS,
        params=options.everywhere(),
        rich_markup_mode=None,
    )


def usage_hint(error: typer.TyperException) -> str | None:
    """Where to read on after a usage error."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else None


class Group(TyperGroup):
    """A group of commands that are imported one at a time, when they are asked for."""

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Without a command there is only help to give."""
        if not args:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: ClickContext) -> list[str]:
        """The names of the members, in the order of the registry."""
        return [entry.words.split()[-1] for entry in registry.members(_words(ctx))]

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:
        """The command or group `cmd_name`, built now."""
        words = f"{_words(ctx)} {cmd_name}".strip()
        for entry in registry.members(_words(ctx)):
            if entry.words == words:
                return build(entry)
        return None

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The members under their panels' headings."""
        entries = registry.members(_words(ctx))
        for panel in dict.fromkeys(entry.panel for entry in entries):
            heading = panel if not _words(ctx) else "Commands"
            with formatter.section(heading):
                formatter.write_dl([(e.words.split()[-1], e.help) for e in entries if e.panel == panel])

    def format_options(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The commands before the options: they are what a reader looks for."""
        self.format_commands(ctx, formatter)
        _write_sections(self.get_params(ctx), ctx, formatter)


class Command(TyperCommand):
    """A command with its groups of options, run with a `Context`."""

    def invoke(self, ctx: ClickContext) -> Any:
        """Build the context from what was given, run the command, close the store."""
        meta = ctx.meta
        context = Context(
            meta.get(options.EVERYWHERE, {}),
            _words(ctx),
            sorted(self._given(ctx)),
            dict(meta.get(options.GROUPS, {})),
            [parameter.name or "" for parameter in self.params],
        )
        ctx.obj = context
        try:
            return super().invoke(ctx)
        finally:
            context.close()

    def format_options(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The options by group, the command's own first."""
        _write_sections(self.get_params(ctx), ctx, formatter)

    def _given(self, ctx: ClickContext) -> Iterator[str]:
        """The names of the options that were given: for the record, so never with their values."""
        for parameter in self.params:
            source = ctx.get_parameter_source(parameter.name or "")
            everywhere = getattr(parameter, "rich_help_panel", None) == EVERYWHERE
            if source is ParameterSource.COMMANDLINE and not everywhere and not isinstance(parameter, TyperArgument):
                names = parameter.opts if _value(ctx, parameter) is not False else parameter.secondary_opts
                yield max(names or parameter.opts, key=len)


# Kept: tests run many commands in one process, and building them anew takes an eighth of their time.
@cache
def build(entry: Entry) -> ClickCommand:
    """The command or group of `entry`."""
    name = entry.words.split()[-1]
    if entry in registry.GROUPS:
        return Group(name=name, help=entry.help, context_settings=_SETTINGS, rich_markup_mode=None)
    module = importlib.import_module(entry.module)
    info = CommandInfo(name=name, cls=Command, callback=module.command, context_settings=_SETTINGS)
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    for group in getattr(module, "OPTION_GROUPS", ()):
        command.params.extend(group())
    command.params.extend(options.everywhere())
    return command


def walk(words: str = "") -> Iterator[tuple[Entry, ClickCommand]]:
    """Every command, built, in the order of the registry: for documentation, completion and tests."""
    for entry in registry.members(words):
        if entry in registry.GROUPS:
            yield from walk(entry.words)
        else:
            yield entry, build(entry)


def _value(ctx: ClickContext, parameter: Parameter) -> Any:
    """The value of an option, whether the command or its context has it."""
    for values in (ctx.params, *ctx.meta.get(options.GROUPS, {}).values()):
        if parameter.name in values:
            return values[parameter.name]
    return None


def _words(ctx: ClickContext) -> str:
    """The words after `visitors` that lead to the command of `ctx`."""
    return " ".join(ctx.command_path.split()[1:])


def _write_sections(parameters: list[Parameter], ctx: ClickContext, formatter: HelpFormatter) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Options": []}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            if isinstance(parameter, TyperArgument):
                panel = "Arguments"
            elif parameter.name == "help":
                panel = EVERYWHERE
            sections.setdefault(panel, []).append(record)
    for panel in ("Arguments", *(key for key in sections if key != "Arguments")):
        if sections.get(panel):
            with formatter.section(panel):
                formatter.write_dl(sections[panel])
