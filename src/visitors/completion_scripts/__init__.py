"""The completion scripts of bash, zsh and fish, generated from the commands.

Commands, options and choices are in the script; only ids are looked up at TAB, with `visitors __complete` (see
`visitors.completion`). No script evaluates what it reads.
"""

from __future__ import annotations

from collections.abc import Callable

from visitors.completion_scripts import bash, fish, zsh
from visitors.help.table import Click, read

SHELLS: dict[str, Callable[[Click], str]] = {
    "bash": lambda root: bash.script(read(root)),
    "zsh": lambda root: zsh.script(read(root)),
    "fish": lambda root: fish.script(read(root)),
}

FILES = {"bash": "visitors.bash", "zsh": "_visitors", "fish": "visitors.fish"}
"""The names of the scripts in `completions/`, and where each shell looks for them."""


def script(shell: str, root: Click) -> str:
    """Return the script for `shell` (`bash`, `zsh` or `fish`) that completes the command `root` and all below."""
    return SHELLS[shell](root)
