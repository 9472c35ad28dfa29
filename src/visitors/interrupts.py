"""Signals that end the program.

They raise, so that transactions roll back and temporary files are removed. But they are deferred from a commit until
its result is reported: a command reported as interrupted must not have done anything.
"""

from __future__ import annotations

from typing import NoReturn


class _State:
    is_held = False
    waiting: int | None = None


def hold() -> None:
    """Defer signals from now on: what is done next has to be reported."""
    _State.is_held = True


def is_waiting() -> bool:
    """Return whether a signal is pending."""
    return _State.waiting is not None


def release() -> None:
    """Let signals raise again. Raises KeyboardInterrupt or SystemExit if one is pending."""
    _State.is_held = False
    if _State.waiting is not None:
        _unwind(_State.waiting)


def install() -> None:
    """Raise on Ctrl-C (exit 130), on SIGTERM (143), and when the terminal is closed (129).

    Only the first signal counts: a second one from an impatient user would cut the cleanup short.
    """
    import signal

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job is not interrupted
        numbers.append(signal.SIGINT)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # ignored under nohup
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
