"""The question that a person answers before a change is made; whoever cannot be asked has to pass --yes."""

from __future__ import annotations

import os
import sys

from visitors.errors import Declined, UsageProblem
from visitors.output.sanitise import visible


def can_ask() -> bool:
    """Return whether there is a person at a terminal to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, store: str | None) -> None:
    """Ask for confirmation on the terminal, and name the `store` unless it is None.

    Raises Declined, or UsageProblem without a terminal.
    """
    if not can_ask():
        raise UsageProblem(
            f"{question}: confirmation needed, but this is not a terminal",
            code="yes_needed",
            hint="to confirm, add --yes",
        )
    sys.stdout.flush()
    if store is not None:
        sys.stderr.write(f"store: {visible(store)}\n")
    sys.stderr.write(f"{visible(question)}? [y/N] ")
    sys.stderr.flush()
    _discard_typed_input()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Declined("nothing was changed")


def _discard_typed_input() -> None:
    """Discard input typed before the question."""
    if os.name == "posix":
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
