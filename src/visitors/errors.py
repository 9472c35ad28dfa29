"""Every expected error: what went wrong, what to do next, and the exit status it earns.

An error owns its message, so that commands never format one and the single boundary in `main` only
has to print it. Codes are stable words for scripts; exit statuses are the table in the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class VisitorsError(Exception):
    """Base of the expected errors.

    `message` is one sentence for a person; `hint` says what to do next, if anything; `code` is a
    stable word for programs. Values from outside may stand in both texts: whoever prints them makes
    them harmless first.
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

    @property
    def discreet(self) -> str:
        """The message without values, which may be anybody's data: the place, and the code as words."""
        what = self.code.replace("_", " ")
        return f"{self.where}: {what}" if self.where else what

    @property
    def quotes_data(self) -> bool:
        """Whether the message may hold what is in the store or in a file, and not only what was typed."""
        return self.exit_status in (3, 4, 5) or self.code == VisitorsError.default_code


class UsageProblem(VisitorsError):
    """The command line makes no sense as given."""

    exit_status = 2
    default_code = "usage"


class NotFound(VisitorsError):
    """A visitor, contact or other record that was named does not exist."""

    exit_status = 3
    default_code = "not_found"


class Conflict(VisitorsError):
    """The record exists, is ambiguous, is linked elsewhere, or another precondition failed."""

    exit_status = 4
    default_code = "conflict"


class ChangedMeanwhile(Conflict):
    """What a question was about was changed before it was answered; `what` says so in words."""

    default_code = "changed_meanwhile"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} since the question; nothing was done", hint="run it again: the question then says what is so"
        )


class InvalidData(VisitorsError):
    """A value that breaks a rule; `field` names it by its public name (`contact.email`)."""

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
    """A bulk job took the good rows and set the bad ones aside."""

    default_code = "rows_rejected"


class FileProblem(VisitorsError):
    """A file that was to be written could not be."""

    default_code = "file_unwritable"


class StoreProblem(VisitorsError):
    """The store is missing, locked, corrupt, unwritable, or made by a newer version."""

    exit_status = 6
    default_code = "store"


def moved(name: str, done: str | None = None) -> StoreProblem:
    """The error for a store whose file was moved, removed or replaced by another one while it was in use, if it was
    after something was `done` in it.
    """
    where = f"{done} is done in the file that was there, and " if done else ""
    return StoreProblem(
        f"the store {name} was moved, removed or replaced meanwhile; {where}what is there now was left as it is",
        code="store_moved",
        hint="find out who did that" + (", and where the file is" if done else ", then run it again"),
    )


class Declined(VisitorsError):
    """The person at the terminal said no."""

    exit_status = 7
    default_code = "declined"


class CheckFailed(VisitorsError):
    """What was to be checked is not so: nothing went wrong, the answer is no."""

    exit_status = 8
    default_code = "check_failed"


@contextmanager
def at_line(number: int | None) -> Iterator[None]:
    """Put `line N:` before the message of an expected error that is raised inside."""
    try:
        yield
    except VisitorsError as error:
        if number is not None:
            error.message = f"line {number:,}: {error.message}"
            error.where = f"line {number:,}"
        raise
