"""How Typer is used here: commands that load when called, options shared by groups, plain help.

Typer builds the parameters of every command that it knows when it starts; `Group` therefore knows
only the registry, and builds the one command that is called. `build` adds to each command the options
that stand everywhere, and those of the groups that its module names in `OPTION_GROUPS`; their values
reach the command through its `Context`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
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
from visitors.output.output import is_long
from visitors.registry import Entry

Click = Any
"""A context, command, parameter or formatter of Typer, which has no public names for all of them."""

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def root() -> TyperGroup:
    """The command `visitors`."""
    return _group(
        "visitors",
        "Administer the people who come to an application through a support widget.",
        epilog="Full documentation is in the README. 'visitors COMMAND --help' shows one command.",
    )


def is_quiet(ctx: Click | None) -> bool:
    """Whether --quiet was given; where nothing could be parsed, and nobody's data was read, it was not."""
    return ctx is not None and bool(ctx.meta.get(options.EVERYWHERE, {}).get("quiet"))


_WRITTEN = "visitors.written"


def what_was_written(ctx: Click | None) -> str | None:
    """What the command wrote, in words; None if nothing."""
    return ctx.meta.get(_WRITTEN) if ctx is not None else None


class Group(TyperGroup):
    """A group of commands that are imported one at a time, when they are asked for."""

    def parse_args(self, ctx: Click, args: list[str]) -> list[str]:
        """Without a command there is only help to give."""
        _note_pager(ctx, args)
        if not args:
            _show_help(ctx)
            raise typer.Exit
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: Click) -> Click:
        """`--help`, which a pager shows where it is long."""
        return _in_pager(super().get_help_option(ctx))

    def list_commands(self, ctx: Click) -> list[str]:
        """The names of the members, in the order of the registry."""
        return [entry.words.split()[-1] for entry in registry.members(_words(ctx))]

    def get_command(self, ctx: Click, cmd_name: str) -> Click | None:
        """The command or group `cmd_name`, built now."""
        words = f"{_words(ctx)} {cmd_name}".strip()
        for entry in registry.members(_words(ctx)):
            if entry.words == words:
                return build(entry)
        return None

    def resolve_command(self, ctx: Click, args: list[str]) -> tuple[str | None, Click | None, list[str]]:
        """The command that the first of the words is, and the others. Raises UsageProblem where it is none."""
        if self.get_command(ctx, args[0]) is None:
            from visitors.mistakes import unknown_command

            raise unknown_command(_words(ctx), args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Click, formatter: Click) -> None:
        """The members under their panels' headings."""
        entries = registry.members(_words(ctx))
        for panel in dict.fromkeys(entry.panel for entry in entries):
            heading = panel if not _words(ctx) else "Commands"
            with formatter.section(heading):
                formatter.write_dl([(e.words.split()[-1], e.help) for e in entries if e.panel == panel])

    def format_options(self, ctx: Click, formatter: Click) -> None:
        """The commands before the options: they are what a reader looks for."""
        self.format_commands(ctx, formatter)
        _write_sections(self.get_params(ctx), ctx, formatter)


class Command(TyperCommand):
    """A command with its groups of options, run with a `Context`."""

    def parse_args(self, ctx: Click, args: list[str]) -> list[str]:
        """What was given. Raises UsageProblem where an option of one value is given several."""
        _note_pager(ctx, args)
        if not ctx.resilient_parsing:
            self._refuse_several(ctx, args)
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: Click) -> Click:
        """`--help`, which a pager shows where it is long."""
        return _in_pager(super().get_help_option(ctx))

    def _refuse_several(self, ctx: Click, args: list[str]) -> None:
        """The parser would keep the last value and say nothing of the others; the same one again is no other."""
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
            answer = super().invoke(ctx)
            if context.rehearses:
                context.output.note("dry run: nothing was changed")
        except VisitorsError as error:
            error.hint = error.hint and for_store(error.hint, context.program)
            raise
        else:
            interrupts.hold()  # all is told
            return answer
        finally:
            meta[_WRITTEN] = context.what_was_written()
            context.close()
            if not isinstance(sys.exc_info()[1], KeyboardInterrupt | SystemExit):
                context.output.show_long()

    def format_options(self, ctx: Click, formatter: Click) -> None:
        """The options by group, the command's own first."""
        _write_sections(self.get_params(ctx), ctx, formatter)

    def _given(self, ctx: Click) -> Iterator[str]:
        """The names of the options that were given: for the record, so never with their values."""
        for parameter in self.params:
            source = ctx.get_parameter_source(parameter.name or "")
            everywhere = getattr(parameter, "rich_help_panel", None) == registry.EVERYWHERE
            if source.name == "COMMANDLINE" and not everywhere and not _is_argument(parameter):
                names = parameter.opts if _value(ctx, parameter) is not False else parameter.secondary_opts
                yield max(names or parameter.opts, key=len)


_NO_PAGER = "visitors.no-pager"


def _note_pager(ctx: Click, args: Sequence[str]) -> None:
    """Know of --no-pager, wherever it stands, before --help is looked at."""
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
    if not ctx.meta.get(_NO_PAGER) and sys.stdout.isatty() and is_long(text, sys.stdout):
        from visitors.output import pager

        pager.show(text, sys.stdout)
    else:
        typer.echo(text, nl=False)


# Kept: tests run many commands in one process, and building them anew takes an eighth of their time.
@cache
def build(entry: Entry) -> Click:
    """The command or group of `entry`."""
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
    """The options that every command and group takes."""
    return _made(options.everywhere())


def _made(declared: Sequence[Parameter]) -> list[Click]:
    """The options that Typer makes of those that a function would have declared as its parameters."""

    def takes_them(**_: object) -> None: ...

    takes_them.__dict__["__signature__"] = Signature(declared)
    made: list[Click] = _command("", takes_them).params
    return made


def _group(name: str, help_: str, epilog: str | None = None) -> Group:
    params = [*everywhere()]
    return Group(name=name, help=help_, epilog=epilog, params=params, context_settings=_SETTINGS, rich_markup_mode=None)


def _command(name: str, function: Callable[..., Any]) -> Click:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=Command, context_settings=_SETTINGS)(function)
    return get_command(app)


def walk(words: str = "") -> Iterator[tuple[Entry, Click]]:
    """Every command, built, in the order of the registry: for documentation, completion and tests."""
    for entry in registry.members(words):
        if entry in registry.GROUPS:
            yield from walk(entry.words)
        else:
            yield entry, build(entry)


def _value(ctx: Click, parameter: Click) -> Any:
    """The value of an option, whether the command or its context has it."""
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
            f"{flag} and {max(option.secondary_opts, key=len)} contradict each other", hint="leave one of them out"
        )
    return UsageProblem(f"{flag} is given as {first} and as {second}", hint="leave one of them out")


def _is_argument(parameter: Click) -> bool:
    return bool(parameter.param_type_name == "argument")


def _words(ctx: Click) -> str:
    """The words after `visitors` that lead to the command of `ctx`."""
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
