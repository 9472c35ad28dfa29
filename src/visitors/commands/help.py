"""`visitors help`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from visitors import registry
from visitors.context import context_of
from visitors.domain.spelling import near
from visitors.errors import UsageProblem
from visitors.help import topics

_SUBJECT = typer.Argument(metavar="TOPIC", help="A topic, or the words of a command.", show_default=False)


def command(ctx: typer.Context, topic: Annotated[list[str] | None, _SUBJECT] = None) -> None:
    """Read about a topic, or about a command: visitors help contacts merge.

    Without a topic it lists all of them. On a terminal a topic is laid out, into a pipe it is Markdown.
    """
    context = context_of(ctx)
    words = " ".join(topic or [])
    if not words:
        context.output.prose(_listing(ctx))
    elif words in topics.names():
        context.output.markdown(topics.text(words))
        if _is_command(words):
            context.output.note(f"visitors {words} --help shows the command")
    elif _is_command(words):
        _show_command(ctx, words.split(), pager=context.settings.pager)
    else:
        raise _unknown(words)


def _listing(ctx: typer.Context) -> str:
    """The topics, each on a line, and what else there is."""
    formatter = ctx.make_formatter()
    formatter.write_usage("visitors help", "TOPIC")
    with formatter.section("Topics"):
        formatter.write_dl([(one.name, f"{one.title}. {one.summary}") for one in topics.topics()])
    formatter.write_paragraph()
    formatter.write_text("'visitors help commands' shows all commands and options, 'visitors COMMAND --help' one.")
    return formatter.getvalue()


def _is_command(words: str) -> bool:
    return any(entry.words == words for entry in (*registry.COMMANDS, *registry.GROUPS))


def _show_command(ctx: typer.Context, words: list[str], *, pager: bool) -> None:
    """What `--help` shows. Raises typer.Exit at its end, as that does."""
    root: Any = ctx.find_root().command
    line = [*words, "--help", *([] if pager else ["--no-pager"])]
    with root.make_context("visitors", line) as inner:
        root.invoke(inner)


def _unknown(words: str) -> UsageProblem:
    """The error for words that are neither a topic nor a command."""
    known = topics.names()
    commands = [entry.words for entry in (*registry.COMMANDS, *registry.GROUPS)]
    elsewhere = [command for command in commands if command.split()[-1] == words]
    close = elsewhere or [one for one in [near(words, [*known, *commands])] if one]
    meant = " or ".join(f"'visitors help {one}'" for one in close)
    hint = (f"did you mean {meant}? " if meant else "") + f"the topics are {', '.join(known)}"
    return UsageProblem(f"no such topic or command {words!r}", hint=hint)
