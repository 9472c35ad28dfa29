"""The completion scripts of bash, zsh and fish, written from the commands themselves.

Commands, options and choices stand in the script; only ids are asked for at TAB, from
`visitors __complete` (see `visitors.completion`). No script evaluates what it read.
"""

from __future__ import annotations

from collections.abc import Callable

from visitors.completion_scripts import bash, fish, zsh
from visitors.completion_scripts.table import Click, read

SHELLS: dict[str, Callable[[Click], str]] = {
    "bash": lambda root: bash.script(read(root)),
    "zsh": lambda root: zsh.script(read(root)),
    "fish": lambda root: fish.script(read(root)),
}

FILES = {"bash": "visitors.bash", "zsh": "_visitors", "fish": "visitors.fish"}
"""What the scripts are called in `completions/`, and where each shell looks for them."""


def script(shell: str, root: Click) -> str:
    """The script for `shell` (`bash`, `zsh` or `fish`) that completes the command `root` and all below."""
    return SHELLS[shell](root)
