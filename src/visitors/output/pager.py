"""Show long output in a pager, like git and gh: `VISITORS_PAGER`, else `PAGER`, else less."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

_DEFAULTS = {"LESS": "FRX", "LV": "-c"}
"""Default options of pagers, if not set by the user: show colours, and quit if it fits the screen."""


def show(text: str, stdout: TextIO) -> None:
    """Show `text` in the pager; without one, or if it cannot be started, write it directly.

    The pager may exit before it has read everything. Ctrl-C is left to the pager, which controls the terminal.
    """
    import signal
    import subprocess

    words = command(os.environ)
    stdout.flush()
    try:
        # the command is the user's own, and no shell interprets it
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env={**_DEFAULTS, **os.environ}) if words else None  # noqa: S603
    except OSError:
        process = None
    if process is None:
        stdout.write(text)
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # after the start, since the pager would inherit it
    try:
        process.communicate(text.encode(errors="backslashreplace"))
    except BaseException:
        process.terminate()
        raise
    finally:
        signal.signal(signal.SIGINT, handler)


def is_long(text: str, terminal: TextIO) -> bool:
    """Return whether `text` is longer than the terminal's screen, with one line for the prompt."""
    if os.environ.get("TERM") == "dumb":
        return False
    try:
        columns, screen = os.get_terminal_size(terminal.fileno())
    except OSError:
        return False
    height = sum(1 + len(line) // max(1, columns) for line in text.splitlines())
    return 0 < screen <= height


def command(environment: Mapping[str, str]) -> list[str]:
    """Return the words of the chosen pager command; empty for no pager."""
    import shlex

    chosen = next((environment[name] for name in ("VISITORS_PAGER", "PAGER") if name in environment), "less")
    try:
        words = shlex.split(chosen)
    except ValueError:  # an unclosed quotation mark
        return []
    return [] if words == ["cat"] else words
