"""Expected errors: what went wrong, what to do next, and the exit status.

An error owns its message, so commands never format one, and the single boundary in `main` only has to print it. Codes
are stable words for scripts; `help/output.md` and `help/exit-codes.md` list them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class VisitorsError(Exception):
    """Base class of the expected errors.

    `message` is one sentence for a person; `hint` says what to do next, if anything; `code` is a stable word for
    programs. Both texts may contain outside values: whoever prints them sanitises them first.
    """

    exit_status = 1
    default_code = "unexpected"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.where = ""
        """The place in a file that is to blame, if any: `web.csv, line 7, column 'lang'`."""
        self.pointed_at: tuple[str, int] | None = None
        """The line of the input with the mistake, and its offset in the line, where known."""

    @property
    def discreet(self) -> str:
        """The message without values, which may be personal data: the position, and the code as words."""
        what = self.code.replace("_", " ")
        return f"{self.where}: {what}" if self.where else what

    @property
    def quotes_data(self) -> bool:
        """Whether the message may contain data from the store or a file, rather than only what was typed."""
        return self.exit_status in (3, 4, 5) or self.code == VisitorsError.default_code


class UsageProblem(VisitorsError):
    """The command line is invalid."""

    exit_status = 2
    default_code = "usage"


class NotFound(VisitorsError):
    """A named visitor, contact or other record does not exist."""

    exit_status = 3
    default_code = "not_found"


class Conflict(VisitorsError):
    """The record exists, is ambiguous, is linked elsewhere, or another precondition failed."""

    exit_status = 4
    default_code = "conflict"


class ChangedMeanwhile(Conflict):
    """The subject of a question was changed before it was answered; `what` describes the change."""

    default_code = "changed_meanwhile"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} since the question; nothing was changed",
            hint="run the command again to be asked with current data",
        )


class InvalidData(VisitorsError):
    """A value is invalid; `field` is the public name of its field (`contact.email`)."""

    exit_status = 5
    default_code = "invalid"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.field = field


class RowsRejected(InvalidData):
    """A bulk job accepted the good rows and set the bad ones aside."""

    default_code = "rows_rejected"


class FileProblem(VisitorsError):
    """A file could not be written."""

    default_code = "file_unwritable"


class StoreProblem(VisitorsError):
    """The store is missing, locked, corrupt, unwritable, or made by a newer version."""

    exit_status = 6
    default_code = "store"


def closed(name: str) -> UsageProblem:
    """Make the error for a store that is used after it was closed."""
    return UsageProblem(
        f"the store {name} is closed", code="store_closed", hint="open it again with visitors.open_store"
    )


def in_another_thread(name: str) -> UsageProblem:
    """Make the error for a store that is used in another thread than it was opened in."""
    return UsageProblem(
        f"the store {name} was opened in another thread",
        code="wrong_thread",
        hint="open one in each thread with visitors.open_store",
    )


def moved(name: str, done: str | None = None) -> StoreProblem:
    """Make the error for a store whose file was moved, removed or replaced while it was in use, possibly after
    something was `done` in it.
    """
    where = f"{done} is in the previous file, and " if done else ""
    return StoreProblem(
        f"the store {name} was moved, removed or replaced in the meantime; {where}what is there now was not changed",
        code="store_moved",
        hint="find out who did this" + (" and where the previous file is" if done else ", then run the command again"),
    )


class Declined(VisitorsError):
    """The person at the terminal said no."""

    exit_status = 7
    default_code = "declined"


class CheckFailed(VisitorsError):
    """A check answered no; nothing went wrong."""

    exit_status = 8
    default_code = "check_failed"


@contextmanager
def at_line(number: int | None) -> Iterator[None]:
    """Put `line N:` before the message of an expected error raised in the block."""
    try:
        yield
    except VisitorsError as error:
        if number is not None:
            error.message = f"line {number:,}: {error.message}"
            error.where = f"line {number:,}"
        raise
