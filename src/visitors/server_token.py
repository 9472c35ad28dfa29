"""The token for a server. It is never an argument, which other users of the machine could see."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from visitors.errors import UsageProblem

_LONGEST = 16_384


def from_environment(environment: Mapping[str, str]) -> str:
    """Return the token from `VISITORS_DB_TOKEN` or the file `VISITORS_DB_TOKEN_FILE`; empty without either.

    Raises UsageProblem as `from_file` does.
    """
    given, named = environment.get("VISITORS_DB_TOKEN", ""), environment.get("VISITORS_DB_TOKEN_FILE", "")
    if given.strip():
        return _token(given, "VISITORS_DB_TOKEN")
    return from_file(named) if named else ""


def from_file(name: str) -> str:
    """Return the token in a private file. Raises UsageProblem for a file that others can read, or without a token."""
    return _token(_private_text(Path(name).expanduser()), name)


def _private_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageProblem(
                    f"other users can read the token in {path}",
                    code="token_not_private",
                    hint=f"chmod 600 {shlex.quote(str(path))}, and replace the token if somebody may have read it",
                )
            return file.read(_LONGEST + 1).decode()
    except OSError as error:
        raise UsageProblem(
            f"cannot read the file with the token, {path}: {error.strerror}", code="token_unreadable"
        ) from None
    except UnicodeDecodeError:
        return "\0"


def _token(text: str, where: str) -> str:
    found = text.strip()
    if not found or len(found) > _LONGEST or not all("!" <= sign <= "~" for sign in found):
        raise UsageProblem(
            f"{where} does not contain a token",
            code="token_invalid",
            hint="a token is one word of printable ASCII characters",
        )
    return found
