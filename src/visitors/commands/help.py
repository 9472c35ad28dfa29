"""`visitors help`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visitors import registry
from visitors.context import context_of
from visitors.domain.spelling import near, one_of
from visitors.errors import FileProblem, UsageProblem
from visitors.help import topics

if TYPE_CHECKING:
    from visitors.help.reference import CommandHelp, GroupHelp, Reference


def command(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC", help="A topic or a command.", show_default=False),
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the output of a command.")] = False,
    man: Annotated[
        str | None,
        typer.Option("--man", metavar="FOLDER", help="Write the man pages to this folder.", show_default=False),
    ] = None,
) -> None:
    """Show a topic, or the help of a command, as in: visitors help contacts merge.

    Without a topic, list all topics. On a terminal topics are formatted; in a pipe they are Markdown.

    For programs: --format json prints every command with its arguments and options, every exit code and
    every error code, or with the words of a command only its entry. --schema prints the JSON Schema of
    what a command prints with --format json, as in: visitors help --schema contacts merge.
    """
    context = context_of(ctx)
    output, words = context.output, " ".join(topic or [])
    if output.fields is not None or output.format not in (None, "json"):
        raise UsageProblem("help supports only --format json, and no --fields")
    if man is not None and (words or schema or output.format is not None):
        raise UsageProblem("--man cannot be combined with a topic or other options", hint="leave out everything else")
    if man is not None:
        _write_man_pages(ctx, man)
    elif schema:
        output.document("-", _schema(words))
    elif words and not _is_command(words) and words not in topics.names():
        raise _unknown(words)
    elif output.format is not None:
        output.document("-", _reference(ctx, words))
    elif not words:
        output.prose(_listing(ctx))
    elif words in topics.names():
        output.markdown(_topic(ctx, words))
        if _is_command(words):
            output.note(f"for the command: visitors {words} --help")
    else:
        _show_command(ctx, words.split(), pager=context.settings.pager)


def _topic(ctx: typer.Context, name: str) -> str:
    """Return the Markdown of a topic. The command reference is made for the width of the terminal, if there is one."""
    output = context_of(ctx).output
    if name != topics.COMMANDS or not output.on_terminal:
        return topics.text(name)
    from visitors.help.commands import commands

    return commands(ctx.find_root().command, output.columns_of_code)


def _schema(words: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints. Raises UsageProblem where there is none."""
    from visitors.help.schemas import ANSWERS, schema

    if words in ANSWERS:
        return schema(words)
    if not words:
        problem = "no command given for --schema"
    elif _is_command(words):
        problem = f"{words!r} has no schema, because it prints no records"
    else:
        problem = f"no such command {words!r}"
    raise UsageProblem(problem, hint=one_of(words, ANSWERS, "the commands with a schema are"))


def _reference(ctx: typer.Context, words: str) -> Reference | CommandHelp | GroupHelp:
    """Return the reference, or the entry of one command or group. Raises UsageProblem for a topic."""
    from visitors.help.describe import command_help, group_help, reference
    from visitors.help.table import read

    table = read(ctx.find_root().command)
    if not words:
        return reference(table)
    for one in table.walk():
        if one.words == words:
            return group_help(one) if one.members else command_help(one)
    raise UsageProblem(f"{words!r} is a topic, which is only available as Markdown", hint="leave out --format")


def _write_man_pages(ctx: typer.Context, folder: str) -> None:
    """Write the man pages to `folder`, which is created. Raises FileProblem."""
    from visitors.help.man import pages
    from visitors.help.table import read

    made = pages(read(ctx.find_root().command))
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (Path(folder) / name).write_text(text, encoding="ascii", newline="\n")
    except OSError as error:
        raise FileProblem(f"cannot write to {folder}: {error.strerror or error}") from error
    context_of(ctx).output.note(f"wrote {len(made)} man pages to {folder}")


def _listing(ctx: typer.Context) -> str:
    """Return the list of topics."""
    formatter = ctx.make_formatter()
    formatter.write_usage("visitors help", "TOPIC")
    with formatter.section("Topics"):
        formatter.write_dl([(one.name, one.summary) for one in topics.topics()])
    formatter.write_paragraph()
    formatter.write_text(
        "For all commands and options: visitors help commands. For one command: visitors COMMAND --help."
    )
    return formatter.getvalue()


def _is_command(words: str) -> bool:
    return any(entry.words == words for entry in (*registry.COMMANDS, *registry.GROUPS))


def _show_command(ctx: typer.Context, words: list[str], *, pager: bool) -> None:
    """Show what `--help` shows. Raises typer.Exit at the end, as that does."""
    root: Any = ctx.find_root().command
    line = [*words, "--help", *([] if pager else ["--no-pager"])]
    with root.make_context("visitors", line) as inner:
        root.invoke(inner)


def _unknown(words: str) -> UsageProblem:
    """Return the error for words that are neither a topic nor a command."""
    known = topics.names()
    commands = [entry.words for entry in (*registry.COMMANDS, *registry.GROUPS)]
    elsewhere = [command for command in commands if command.split()[-1] == words]
    close = elsewhere or [one for one in [near(words, [*known, *commands])] if one]
    meant = " or ".join(f"'visitors help {one}'" for one in close)
    hint = (f"did you mean {meant}? " if meant else "") + f"the topics are {', '.join(known)}"
    return UsageProblem(f"no such topic or command {words!r}", hint=hint)
