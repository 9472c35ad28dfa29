"""Signals that end the program.

They unwind it, so that transactions roll back and temporary files go. But from a commit until its result is told they
wait: whoever reads that a command was interrupted takes nothing for done.
"""

from __future__ import annotations

from typing import NoReturn


class _State:
    is_held = False
    waiting: int | None = None


def hold() -> None:
    """Let signals wait from now on: what is done next has to be told of."""
    _State.is_held = True


def is_waiting() -> bool:
    """Whether a signal waits."""
    return _State.waiting is not None


def release() -> None:
    """Let signals unwind again. Raises KeyboardInterrupt or SystemExit when one waits."""
    _State.is_held = False
    if _State.waiting is not None:
        _unwind(_State.waiting)


def install() -> None:
    """Unwind on Ctrl-C (exit 130), on SIGTERM (143), and when the terminal is closed (129).

    Only the first counts: a second one, by somebody who does not want to wait, would cut that short.
    """
    import signal

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in the background is not interrupted
        numbers.append(signal.SIGINT)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored
        numbers.append(signal.SIGHUP)

    def stop(number: int, _: object) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        if _State.is_held:
            _State.waiting = number
        else:
            _unwind(number)

    for number in numbers:
        signal.signal(number, stop)


def _unwind(number: int) -> NoReturn:
    import signal

    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
