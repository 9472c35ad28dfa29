"""`visitors completion`."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from visitors.completion_scripts import script


def command(
    ctx: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the completion script for a shell.

    To install it, put it where the shell looks for completions, and start a new shell:

    \b
    visitors completion bash > ~/.local/share/bash-completion/completions/visitors
    visitors completion zsh > "${fpath[1]}/_visitors"
    visitors completion fish > ~/.config/fish/completions/visitors.fish

    In the source tree, completions/ holds the same scripts. After a change of commands or options:

    \b
    for s in bash:visitors.bash zsh:_visitors fish:visitors.fish; do
      visitors completion "${s%%:*}" > "completions/${s#*:}"
    done
    """
    sys.stdout.write(script(shell, ctx.find_root().command))
