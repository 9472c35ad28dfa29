"""The topic `commands`: the help of the program and of every command, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from visitors.registry import EVERYWHERE

Click = Any
"""A command or context of Typer, as in `help.table`."""


def commands(root: Click, columns: int) -> str:
    """Return the help of `root` and of every command below it, at most `columns` characters wide. The options that
    every command takes are listed once, at the top.
    """
    (_, of_program), *others = _helps(root, "visitors", None, columns)
    parts = [
        "# Every command",
        f"All commands and their options, as `--help` shows them. Every command takes those under `{EVERYWHERE}`, too.",
        _block(of_program),
    ]
    for path, text in others:
        own, everywhere, _ = text.partition(f"\n{EVERYWHERE}:\n")
        assert everywhere, f"{path} lacks the options that every command takes"
        parts += [f"## {path}", _block(own)]
    return "\n\n".join(parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


def _helps(command: Click, name: str, parent: Click, columns: int) -> Iterator[tuple[str, str]]:
    """Yield the words and the help of `command` and of all commands below it, without the groups between them."""
    settings = {**command.context_settings, "terminal_width": columns}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    members = command.list_commands(context) if hasattr(command, "list_commands") else []
    if parent is None or not members:
        yield context.command_path, context.get_help()
    for member in members:
        yield from _helps(command.get_command(context, member), member, context, columns)
