"""A pager for what is longer than the screen, as git and gh have it: `VISITORS_PAGER`, else `PAGER`, else less."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from typing import TextIO

_DEFAULTS = {"LESS": "FRX", "LV": "-c"}
"""What pagers are told if nobody told them anything: colours are colours, and what fits the screen is no page."""


def show(text: str, stdout: TextIO) -> None:
    """Let a person read `text` in the pager; without one, or where it cannot be started, it is written as it is.

    The pager may end before it has read all. Ctrl-C is for the pager meanwhile, which has the terminal.
    """
    words = command(os.environ)
    stdout.flush()
    try:
        # the command is the person's own, and no shell reads it
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env={**_DEFAULTS, **os.environ}) if words else None  # noqa: S603
    except OSError:
        process = None
    if process is None:
        stdout.write(text)
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # after the start: the pager would ignore it, too
    try:
        process.communicate(text.encode(errors="backslashreplace"))
    except BaseException:
        process.terminate()
        raise
    finally:
        signal.signal(signal.SIGINT, handler)


def command(environment: Mapping[str, str]) -> list[str]:
    """The words of the pager that was chosen; none for no pager."""
    chosen = next((environment[name] for name in ("VISITORS_PAGER", "PAGER") if name in environment), "less")
    try:
        words = shlex.split(chosen)
    except ValueError:  # a quotation mark that is not closed
        return []
    return [] if words == ["cat"] else words
