"""`visitors completion`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from visitors.completion_scripts import script
from visitors.completion_scripts.installing import Shell, existing_script, script_file, when_it_works
from visitors.context import Context, context_of
from visitors.errors import FileProblem, UsageProblem
from visitors.output.answers import COMPLETION
from visitors.private import make_folders


def command(
    ctx: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
    install: Annotated[
        bool, typer.Option("--install", help="Install the script where the shell looks for it.")
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove the installed script.")] = False,
) -> None:
    """Print the completion script for a shell, or install it for the current user.

    --install writes the script to the folder where the shell looks for a user's own completions, says
    when it takes effect, and changes no other file:

    \b
    bash  ~/.local/share/bash-completion/completions/visitors
    zsh   ~/.local/share/zsh/site-functions/_visitors
    fish  ~/.config/fish/completions/visitors.fish

    XDG_DATA_HOME, XDG_CONFIG_HOME and BASH_COMPLETION_USER_DIR are respected. Run it again after an upgrade.
    """
    text = script(shell, ctx.find_root().command)
    if install and uninstall:
        raise UsageProblem("--install and --uninstall cannot be combined", hint="leave out one of them")
    if not install and not uninstall:
        sys.stdout.write(text)
        return
    context = context_of(ctx)
    file = script_file(shell, os.environ)
    if install:
        _install(context, shell, file, text)
    else:
        _uninstall(context, shell, file)


def _install(context: Context, shell: Shell, file: Path, text: str) -> None:
    there = existing_script(file)
    if there != text:
        # what a link points to, so that a folder of configuration that is kept elsewhere stays as it is
        target = Path(os.path.realpath(file))
        try:
            make_folders(target.parent)
        except OSError as error:
            raise FileProblem(f"cannot write {file}: {error.strerror or error}") from error
        context.output.write(str(target), [text])
    outcome = "unchanged" if there == text else "installed" if there is None else "updated"
    record = {"outcome": outcome, "shell": shell, "path": str(file)}
    line = (
        f"Completion for {shell} is up to date"
        if outcome == "unchanged"
        else f"{outcome.capitalize()} completion for {shell}"
    )
    context.output.done(COMPLETION, [record], [str(file)], f"{line}: {file}", single=True)
    context.output.note(when_it_works(shell, file, os.environ))
    context.output.note(f"to remove it: visitors completion {shell} --uninstall")


def _uninstall(context: Context, shell: Shell, file: Path) -> None:
    there = existing_script(file)
    if there is not None:
        try:
            file.unlink()
        except OSError as error:
            raise FileProblem(f"cannot remove {file}: {error.strerror or error}") from error
    outcome = "unchanged" if there is None else "removed"
    record = {"outcome": outcome, "shell": shell, "path": str(file)}
    line = f"Nothing to remove: there is no {file}" if there is None else f"Removed completion for {shell}: {file}"
    context.output.done(COMPLETION, [record], [str(file)], line, single=True)
