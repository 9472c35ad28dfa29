"""Where each shell looks for a user's own completion scripts, and when an installed one takes effect."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from visitors.errors import Conflict, FileProblem

Shell = Literal["bash", "zsh", "fish"]

_SIGN = "printed by: visitors completion"
"""In the first lines of every script."""
_BEGINNING = 200


def script_file(shell: Shell, environment: Mapping[str, str]) -> Path:
    """Return the path for the user's own script. Raises FileProblem without a home folder."""
    if shell == "fish":
        return _base("XDG_CONFIG_HOME", ".config", shell, environment) / "fish/completions/visitors.fish"
    if shell == "zsh":
        return _base("XDG_DATA_HOME", ".local/share", shell, environment) / "zsh/site-functions/_visitors"
    # bash-completion takes several folders, with colons between them
    own = environment.get("BASH_COMPLETION_USER_DIR", "").split(":")[0]
    if own.startswith("/"):
        return Path(own, "completions/visitors")
    return _base("XDG_DATA_HOME", ".local/share", shell, environment) / "bash-completion/completions/visitors"


def _base(variable: str, in_home: str, shell: Shell, environment: Mapping[str, str]) -> Path:
    """Return the folder in `variable`, if it is absolute, or else `in_home` in the home folder."""
    named, home = environment.get(variable, ""), environment.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    if not home.startswith("/"):
        raise FileProblem(
            f"no home folder found for the completion of {shell}",
            code="no_folder",
            hint=f"set HOME, or save the script to a file yourself: visitors completion {shell} > FILE",
        )
    return Path(home, in_home)


def existing_script(file: Path) -> str | None:
    """Return the script at `file`, or None if there is no such file. Raises Conflict for anything that is not a script
    of this command, and FileProblem if it cannot be read.
    """
    if not os.path.lexists(file):
        return None
    try:
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    except OSError as error:
        raise FileProblem(f"cannot read {file}: {error.strerror or error}") from error
    if _SIGN not in text[:_BEGINNING]:
        raise Conflict(
            f"{file} was not written by visitors completion",
            code="not_a_completion_script",
            hint="move it away, then run the command again",
        )
    return text


def when_it_works(shell: Shell, file: Path, environment: Mapping[str, str]) -> str:
    """Return when an installed script takes effect, and the line of configuration that it may need."""
    if shell == "fish":
        return "takes effect in new and running shells"
    if shell == "bash":
        line = f"source {shlex.quote(str(file))}"
        return f"takes effect in new shells that load bash-completion; without it, add this line to ~/.bashrc: {line}"
    folder = file.parent
    lines = _lines_of_zshrc(environment)
    if _is_on_fpath(folder, lines, environment):
        return "takes effect in new shells"
    line = f"fpath=({shlex.quote(str(folder))} $fpath)"
    if any("compinit" in one or "oh-my-zsh" in one for one in lines):
        return f"takes effect in new shells once ~/.zshrc has this line, above compinit or Oh My Zsh: {line}"
    return f"takes effect in new shells once ~/.zshrc has this line: {line}; autoload -Uz compinit; compinit"


def _lines_of_zshrc(environment: Mapping[str, str]) -> list[str]:
    """Return the lines of .zshrc without comments; none if it cannot be read."""
    folder = environment.get("ZDOTDIR") or environment.get("HOME", "")
    try:
        text = Path(folder, ".zshrc").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def _is_on_fpath(folder: Path, lines: list[str], environment: Mapping[str, str]) -> bool:
    """Return whether zsh searches `folder`, as far as the environment and the lines of .zshrc show."""
    spellings = [str(folder)]
    home = environment.get("HOME", "")
    if home and folder.is_relative_to(home):
        spellings += [f"{tilde}/{folder.relative_to(home)}" for tilde in ("~", "$HOME", "${HOME}")]
    if str(folder) in environment.get("FPATH", "").split(":"):
        return True
    return any("fpath" in line.lower() and one in line for line in lines for one in spellings)
