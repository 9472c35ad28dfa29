"""The entry point: answers completions at once, and is the only place that converts errors to exit codes."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from visitors import interrupts

if TYPE_CHECKING:
    from visitors.errors import VisitorsError

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Operating system errors when results cannot be written."""
_SAYS_NOTHING_OF_WRITING = (1, 2)
"""The exit statuses that imply that nothing was written."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line `arguments` (default: the process's) and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["__complete"]:
        # Before Typer and the rest are imported, since this runs at every TAB.
        from visitors.completion import complete

        sys.exit(complete(arguments[1:], sys.stdout))
    import gc

    gc.disable()  # imports create many objects and no garbage: collecting takes 2 ms of 60
    interrupts.install()
    if sys.stderr is not None:  # else it was closed by the parent process
        sys.stderr = io.TextIOWrapper(io.BufferedWriter(_Diagnostics(2, "w", closefd=False)), line_buffering=True)
    status = run(arguments)
    if sys.stderr is not None:
        _flush(sys.stderr)
    # The store and all files are closed. Finalising the interpreter would take a sixth of the command's time for
    # nothing.
    os._exit(status)


class _Diagnostics(io.FileIO):
    """Standard error. What cannot be written there, since the terminal is closed or the disk is full, is lost, but
    changes neither what the command does nor its exit status.
    """

    def write(self, data: Any, /) -> int:
        """Write, or drop."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit status, after printing errors to standard error."""
    try:
        _set_up_streams()
        _ignore_unknown_size()
        status = _invoke(arguments)
        sys.stdout.flush()
        interrupts.hold()  # everything is reported
    except BrokenPipeError:
        _forget(sys.stdout)
        return 0
    except OSError as error:  # the remaining output did not fit
        _forget(sys.stdout)
        return _unwritable(error, None, as_json=_wants_json(arguments))
    except (KeyboardInterrupt, SystemExit) as stopped:
        return _interrupted(stopped, None)
    return status


def _invoke(arguments: list[str]) -> int:
    import gc

    import typer

    from visitors import cli
    from visitors.errors import VisitorsError

    if not gc.isenabled():
        gc.freeze()  # imported objects are permanent: scanning them again would take another 2 ms
        gc.enable()
    # From the raw words, since parsing them may be what fails.
    as_json, color = _wants_json(arguments), "--no-color" not in arguments
    context = None
    try:
        # Not `root.main`: it converts a closed pipe and Ctrl-C to exit statuses of its own.
        root = cli.root()
        with root.make_context("visitors", list(arguments)) as context:
            result = root.invoke(context)
        sys.stdout.flush()
    except VisitorsError as error:
        _flush(sys.stdout)
        if error.exit_status in _SAYS_NOTHING_OF_WRITING:
            _add(error, cli.describe_written(context))
        return _failed(error, as_json=as_json, color=color, quiet=cli.is_quiet(context))
    except typer.TyperException as error:
        from visitors.mistakes import usage_problem

        return _failed(usage_problem(error), as_json=as_json, color=color)
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, SystemExit, typer.Abort) as stopped:
        return _interrupted(stopped, cli.describe_written(context))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - nothing gets out of here as a traceback
        return _unexpected(error, cli.describe_written(context), as_json=as_json, quiet=cli.is_quiet(context))
    return result if isinstance(result, int) else 0


def _failed(error: VisitorsError, *, as_json: bool, color: bool = True, quiet: bool = False) -> int:
    """Print an error and return its exit status."""
    from visitors.output.error import write_error

    write_error(error, sys.stderr, as_json=as_json, color=color, quiet=quiet)
    return error.exit_status


def _add(error: VisitorsError, written: str | None) -> None:
    """Add to an error that the command has already written, so that nobody repeats it unknowingly."""
    if written is not None:
        error.message = f"{error.message}; {written}"


def _interrupted(stopped: BaseException, written: str | None) -> int:
    """Report Ctrl-C, or another signal that ends the program, and what was written before."""
    with suppress(OSError):  # the terminal may be closed
        sys.stdout.flush()
        sys.stderr.write(f"\ninterrupted: {written or 'any unfinished write was rolled back'}\n")
    return stopped.code if isinstance(stopped, SystemExit) and isinstance(stopped.code, int) else 130


def _unwritable(error: OSError, written: str | None, *, as_json: bool) -> int:
    """Report that standard output cannot be written, when the disk is full for example."""
    from visitors.errors import FileProblem

    problem = FileProblem(f"cannot write the results: {error.strerror or error}")
    _add(problem, written)
    return _failed(problem, as_json=as_json)


def _unexpected(error: Exception, written: str | None, *, as_json: bool, quiet: bool) -> int:
    """Report an unexpected failure: one line, with the traceback on request."""
    from visitors.errors import VisitorsError

    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        _forget(sys.stdout)
        return _unwritable(error, written, as_json=as_json)
    if os.environ.get("VISITORS_DEBUG"):
        raise error
    text = f"unexpected failure: {type(error).__name__}: {error}"
    hint = "set VISITORS_DEBUG=1 to see the traceback, and please report it"
    problem = VisitorsError(text, hint=hint)
    _add(problem, written)
    return _failed(problem, as_json=as_json, quiet=quiet)


def _wants_json(arguments: list[str]) -> bool:
    """Return whether errors are to be JSON."""
    for position, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == "--format":
            value = value if equals else "".join(arguments[position + 1 : position + 2])
            return value.lower() in ("json", "ndjson")
    return False


def _set_up_streams() -> None:
    """Use UTF-8 and plain line feeds, whatever the locale. What cannot be encoded is escaped, except for the bytes of a
    path that is not UTF-8, which programs get unchanged.
    """
    codecs.register_error("path", _path_bytes)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the parent process: treat it as empty
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            is_result = stream is sys.stdout and not stream.isatty()
            stream.reconfigure(encoding="utf-8", errors="path" if is_result else "backslashreplace", newline="\n")


def _path_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode invalid characters as the bytes that they stand for, or else as escapes."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.backslashreplace_errors(error)


def _ignore_unknown_size() -> None:
    """Ignore a terminal size of zero columns, which means unknown, and would make layouts show nothing."""
    for name in ("COLUMNS", "LINES"):
        if os.environ.get(name, "").strip("0") == "":
            os.environ.pop(name, None)


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except BrokenPipeError:
        _forget(stream)


def _forget(stream: TextIO) -> None:
    """Keep the interpreter from complaining at exit about a pipe that was closed early."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
