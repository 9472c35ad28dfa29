"""The use of Typer: lazily loaded commands, shared option groups, and plain help.

Typer builds the parameters of every command that it knows at start-up; `Group` therefore reads only the registry, and
builds just the command being called. `build` adds the global options to each command, and the groups named in its
module's `OPTION_GROUPS`; their values reach the command through its `Context`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache
from inspect import Parameter, Signature
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from visitors import interrupts, registry
from visitors.commands import options
from visitors.context import Context
from visitors.errors import UsageProblem, VisitorsError
from visitors.output.advice import for_store
from visitors.registry import Entry

Click = Any
"""A context, command, parameter or formatter of Typer, not all of which have public names."""

_EPILOG = "'visitors help' lists topics to read."
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def root() -> TyperGroup:
    """Return the command `visitors`."""
    return _group(
        "visitors",
        "Manage the visitors and contacts of a support widget.",
        epilog="'visitors help' lists topics to read, 'visitors COMMAND --help' shows the help of a command.",
    )


def is_quiet(ctx: Click | None) -> bool:
    """Return whether --quiet was given; false if the line could not be parsed, since then no personal data was read."""
    return ctx is not None and bool(ctx.meta.get(options.EVERYWHERE, {}).get("quiet"))


_WRITTEN = "visitors.written"


def describe_written(ctx: Click | None) -> str | None:
    """Describe what the command wrote; None if nothing."""
    return ctx.meta.get(_WRITTEN) if ctx is not None else None


class Group(TyperGroup):
    """A group of commands that are imported one at a time, on demand."""

    def parse_args(self, ctx: Click, args: list[str]) -> list[str]:
        """Show help if there is no command."""
        _note_pager(ctx, args)
        if not args:
            _show_help(ctx)
            raise typer.Exit
        with _placed(ctx):
            return super().parse_args(ctx, args)

    def get_help_option(self, ctx: Click) -> Click:
        """Return `--help`, which uses the pager if it is long."""
        return _in_pager(super().get_help_option(ctx))

    def list_commands(self, ctx: Click) -> list[str]:
        """Return the names of the members, in the order of the registry."""
        return [entry.words.split()[-1] for entry in registry.members(_words(ctx))]

    def get_command(self, ctx: Click, cmd_name: str) -> Click | None:
        """Build the command or group `cmd_name`."""
        words = f"{_words(ctx)} {cmd_name}".strip()
        for entry in registry.members(_words(ctx)):
            if entry.words == words:
                return build(entry)
        return None

    def resolve_command(self, ctx: Click, args: list[str]) -> tuple[str | None, Click | None, list[str]]:
        """Resolve the first word to a command; return it and the other words. Raises UsageProblem if there is none."""
        if self.get_command(ctx, args[0]) is None:
            from visitors.mistakes import unknown_command

            raise unknown_command(_words(ctx), args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Click, formatter: Click) -> None:
        """Write the members under their panels' headings."""
        entries = registry.members(_words(ctx))
        for panel in dict.fromkeys(entry.panel for entry in entries):
            heading = panel if not _words(ctx) else "Commands"
            with formatter.section(heading):
                formatter.write_dl([(e.words.split()[-1], e.help) for e in entries if e.panel == panel])

    def format_options(self, ctx: Click, formatter: Click) -> None:
        """Write the commands before the options, since they are what a reader looks for."""
        self.format_commands(ctx, formatter)
        _write_sections(self.get_params(ctx), ctx, formatter)


class Command(TyperCommand):
    """A command with its groups of options, run with a `Context`."""

    def parse_args(self, ctx: Click, args: list[str]) -> list[str]:
        """Parse the arguments. Raises UsageProblem if a single-valued option is given several values."""
        _note_pager(ctx, args)
        with _placed(ctx):
            if not ctx.resilient_parsing:
                self._refuse_several(ctx, args)
            return super().parse_args(ctx, args)

    def get_help_option(self, ctx: Click) -> Click:
        """Return `--help`, which uses the pager if it is long."""
        return _in_pager(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Click) -> list[str]:
        """What follows the command: FILE is needed, [FILE] is not. Typer puts braces round what is needed."""
        return ["[OPTIONS]", *(_in_usage(one) for one in self.get_params(ctx) if _is_argument(one))]

    def _refuse_several(self, ctx: Click, args: list[str]) -> None:
        """Raise for options with several different values, of which the parser would silently keep the last."""
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        repeated = [one for one in dict.fromkeys(given) if given.count(one) > 1 and _has_one_value(one)]
        if not repeated:
            return
        parser = self.make_parser(ctx)
        for one in repeated:
            keeps_all = copy(one)
            keeps_all.multiple = True
            keeps_all.add_to_parser(parser, ctx)
        values, _, _ = parser.parse_args(list(args))
        for one in repeated:
            first, *others = dict.fromkeys(values[one.name or ""])
            if others:
                raise _given_twice(one, first, others[0])

    def invoke(self, ctx: Click) -> Any:
        """Build the context, run the command, and close the store."""
        meta = ctx.meta
        given = dict(meta.get(options.GROUPS, {}))
        context = Context(
            meta.get(options.EVERYWHERE, {}),
            _words(ctx),
            sorted(self._given(ctx)),
            given,
            [parameter.name or "" for parameter in self.params],
            yes=bool(ctx.params.get("yes") or given.get("confirmation")),
        )
        ctx.obj = context
        try:
            if self._changes_unasked(ctx):
                context.agree()
            answer = super().invoke(ctx)
            if context.rehearses:
                context.output.note("dry run: nothing was changed")
        except VisitorsError as error:
            error.hint = error.hint and for_store(error.hint, context.program)
            raise
        else:
            interrupts.hold()  # everything is reported
            return answer
        finally:
            meta[_WRITTEN] = context.describe_written()
            context.close()
            if not isinstance(sys.exc_info()[1], KeyboardInterrupt | SystemExit):
                context.output.show_long()

    def _changes_unasked(self, ctx: Click) -> bool:
        """Whether it is to change the store and never asks by itself; what asks by itself does so before it writes."""
        takes_yes = any("--yes" in parameter.opts for parameter in self.params)
        return takes_yes and "yes" not in ctx.params and not ctx.params.get("dry_run")

    def format_options(self, ctx: Click, formatter: Click) -> None:
        """Write the options by group, the command's own first."""
        _write_sections(self.get_params(ctx), ctx, formatter)

    def _given(self, ctx: Click) -> Iterator[str]:
        """Return the names of the given options, for the record, which must not have their values."""
        for parameter in self.params:
            source = ctx.get_parameter_source(parameter.name or "")
            everywhere = getattr(parameter, "rich_help_panel", None) == registry.EVERYWHERE
            if source.name == "COMMANDLINE" and not everywhere and not _is_argument(parameter):
                names = parameter.opts if _value(ctx, parameter) is not False else parameter.secondary_opts
                yield max(names or parameter.opts, key=len)


@contextmanager
def _placed(ctx: Click) -> Iterator[None]:
    """Give the errors of Typer's parser that do not know it the command that they are about: a hint names its help."""
    try:
        yield
    except typer.TyperException as error:
        placeless: Any = error
        if getattr(placeless, "ctx", None) is None:
            placeless.ctx = ctx
        raise


_NO_PAGER = "visitors.no-pager"


def _note_pager(ctx: Click, args: Sequence[str]) -> None:
    """Detect --no-pager anywhere on the line, before --help is handled."""
    if "--no-pager" in args:
        ctx.meta[_NO_PAGER] = True


def _in_pager(option: Click) -> Click:
    def show(ctx: Click, _option: Click, value: Any) -> None:
        if value and not ctx.resilient_parsing:
            _show_help(ctx)
            raise typer.Exit

    if option is not None:
        option.callback = show
    return option


def _show_help(ctx: Click) -> None:
    text = ctx.get_help() + "\n"
    if not ctx.meta.get(_NO_PAGER) and sys.stdout.isatty():
        from visitors.output import pager

        if pager.is_long(text, sys.stdout):
            pager.show(text, sys.stdout)
            return
    typer.echo(text, nl=False)


# Cached: tests run many commands in one process, and building them takes an eighth of their time.
@cache
def build(entry: Entry) -> Click:
    """Build the command or group of `entry`."""
    name = entry.words.split()[-1]
    if entry in registry.GROUPS:
        return _group(name, entry.help)
    module = importlib.import_module(entry.module)
    command = _command(name, module.command)
    declared = [option for group in getattr(module, "OPTION_GROUPS", ()) for option in group()]
    if entry.changes and not any("--yes" in parameter.opts for parameter in command.params):
        declared.insert(0, options.unneeded_yes())
    command.params += [*_made(declared), *everywhere()]
    return command


@cache
def everywhere() -> list[Click]:
    """Return the options of every command and group."""
    return _made(options.everywhere())


def _made(declared: Sequence[Parameter]) -> list[Click]:
    """Return the options that Typer makes of function parameters with these declarations."""

    def takes_them(**_: object) -> None: ...

    takes_them.__dict__["__signature__"] = Signature(declared)
    made: list[Click] = _command("", takes_them).params
    return made


def _group(name: str, help_: str, epilog: str = _EPILOG) -> Group:
    params = [*everywhere()]
    return Group(name=name, help=help_, epilog=epilog, params=params, context_settings=_SETTINGS, rich_markup_mode=None)


def _command(name: str, function: Callable[..., Any]) -> Click:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=Command, context_settings=_SETTINGS, epilog=_EPILOG)(function)
    return get_command(app)


def walk(words: str = "") -> Iterator[tuple[Entry, Click]]:
    """Yield every command, built, in the order of the registry: for documentation, completion and tests."""
    for entry in registry.members(words):
        if entry in registry.GROUPS:
            yield from walk(entry.words)
        else:
            yield entry, build(entry)


def _value(ctx: Click, parameter: Click) -> Any:
    """Return the value of an option, from the command or its context."""
    for values in (ctx.params, *ctx.meta.get(options.GROUPS, {}).values()):
        if parameter.name in values:
            return values[parameter.name]
    return None


def _has_one_value(parameter: Click) -> bool:
    return not _is_argument(parameter) and not parameter.multiple and not parameter.is_eager


def _given_twice(option: Click, first: object, second: object) -> UsageProblem:
    flag = max(option.opts, key=len)
    if isinstance(first, bool) and option.secondary_opts:
        return UsageProblem(
            f"{flag} and {max(option.secondary_opts, key=len)} cannot be combined", hint="leave out one of them"
        )
    return UsageProblem(f"{flag} is given twice, as {first} and as {second}", hint="leave out one of them")


def _is_argument(parameter: Click) -> bool:
    return bool(parameter.param_type_name == "argument")


def _in_usage(argument: Click) -> str:
    word = str(argument.metavar or argument.name.upper()).strip("[]")
    return word if argument.required else f"[{word}]"


def _words(ctx: Click) -> str:
    """Return the words after `visitors` that lead to the command of `ctx`."""
    return " ".join(ctx.command_path.split()[1:])


def _write_sections(parameters: list[Click], ctx: Click, formatter: Click) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Options": []}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            if _is_argument(parameter):
                panel, record = "Arguments", (parameter.metavar or record[0], record[1])
            elif parameter.name == "help":
                panel = registry.EVERYWHERE
            sections.setdefault(panel, []).append(record)
    for panel in ("Arguments", *(key for key in sections if key != "Arguments")):
        if sections.get(panel):
            with formatter.section(panel):
                formatter.write_dl(sections[panel])
