"""Translating the errors of a libSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from visitors.errors import Conflict, InvalidData, StoreProblem
from visitors.store.remote.connection import AnswerLost, StreamOver
from visitors.store.remote.hrana import Failure
from visitors.store.schema.recorded import LEFT_OPEN

_PREFIX = "SQLite error: "
_OVER = ("TRANSACTION_TIMEOUT", "TRANSACTION_BUSY", "STREAM_EXPIRED")


class ServerError(Exception):
    """A statement failed; the transaction is still open."""


class Refusal(ServerError):
    """A row violates a constraint of the schema."""


def error_of(failure: Failure) -> Exception:
    """Return the exception for an error reported by the server."""
    text, code = failure.message.removeprefix(_PREFIX), failure.code or ""
    if code in _OVER:
        return StreamOver(text)
    if code == "SQLITE_CONSTRAINT":
        return Refusal(text)
    return ServerError(f"{text} ({code})" if code and code != "SQLITE_UNKNOWN" else text)


@contextmanager
def translated_errors(name: str) -> Iterator[None]:
    """Translate errors of the server and the connection; `name` is how messages call the store."""
    try:
        yield
    except AnswerLost as error:
        raise StoreProblem(
            f"the connection to {name} was lost: {error}; nothing was written",
            code="server_lost",
            hint="try again; if it keeps failing, check the server",
        ) from error
    except StreamOver as error:
        # because another writer waited, or it was idle
        raise StoreProblem(
            f"{name} rolled back the transaction, because it took too long while others waited; nothing was written",
            code="transaction_timeout",
            hint="try again when nobody else writes, or raise the server's limit: visitors help team",
        ) from error
    except ServerError as error:
        raise _translate(error, name) from error
    except UnicodeEncodeError as error:
        # a parameter, from an argument that was not UTF-8
        raise InvalidData(f"{error.object[:40]!r} contains a lone surrogate", code="invalid_text") from error


def locked(name: str) -> StoreProblem:
    """Return the error for waiting too long for the write lock."""
    return StoreProblem(
        f"the store {name} is locked by another writer; nothing was written",
        code="store_locked",
        hint="try again, or raise VISITORS_TIMEOUT",
    )


# A part of the message -> our code, what happened, and a hint.
_ADVICE: dict[str, tuple[str, str, str]] = {
    "SQLITE_BUSY": ("store_locked", "is locked by another writer", "try again, or raise VISITORS_TIMEOUT"),
    "database is locked": ("store_locked", "is locked by another writer", "try again, or raise VISITORS_TIMEOUT"),
    **dict.fromkeys(
        ("malformed", LEFT_OPEN),
        (
            "store_corrupt",
            "is damaged",
            "to find out what is wrong: visitors db check; the administrator of the server has the backups",
        ),
    ),
    "disk is full": ("disk_full", "cannot grow: the server's disk is full", "nothing was written"),
    "disk I/O error": ("store_io", "cannot be read or written by the server", "nothing was written"),
    "BLOCKED": (
        "server_denied",
        "does not allow this statement",
        "the token is read-only, or the database is blocked; nothing was written",
    ),
}


def _translate(error: ServerError, name: str) -> Exception:
    text = str(error)
    if text.startswith("UNIQUE constraint failed") and not text.startswith(LEFT_OPEN):
        return Conflict(f"the store {name} already has this ({text})", code="exists")
    for sign, (code, what, hint) in _ADVICE.items():
        if sign in text:
            return StoreProblem(f"the store {name} {what}", code=code, hint=hint)
    return error
