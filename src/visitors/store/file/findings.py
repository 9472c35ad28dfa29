"""The findings of a store check, and the commands that help."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

import msgspec

BACKUP = ".bak"
"""The suffix of backups."""
REPLACED = "replaced"
"""The infix of backups of a store that was replaced by a restore."""


SHOWN = 5
"""The maximum number of reported problems of one kind."""


class Finding(msgspec.Struct, frozen=True):
    """The result of one check, and for a problem the command that helps."""

    check: str
    result: Literal["ok", "problem"]
    detail: str
    help: str | None = None

    @property
    def is_problem(self) -> bool:
        """Whether it is a problem."""
        return self.result == "problem"


class Advice:
    """The commands that help with the store at `path`; `program` is how this program was invoked."""

    def __init__(self, path: Path, program: str) -> None:
        self._path = path
        self._program = program

    def restore(self) -> str:
        """Restore the newest backup, or, without one, save what can be read."""
        newest = newest_backup(self._path)
        if newest is None:
            recovered, sql = self._beside(".recovered"), self._beside(".recovered.sql")
            store = quoted(self._path)
            return f"(umask 077; sqlite3 {store} .recover > {sql} && sqlite3 {recovered} < {sql})"
        return f"{self._program} db restore {quoted(newest)}"

    def nothing(self) -> str:
        """Missing data can only come from a backup."""
        return self.restore() if newest_backup(self._path) else "no command: look for an older backup"

    def mend(self) -> str:
        """Correct the lines of a dump in an editor, then load it into a new store, which reports what is wrong."""
        dump = self._beside(".ndjson")
        return f"{self._program} db dump -o {dump} && ${{EDITOR:-vi}} {dump} && {self._load(dump)}"

    def rebuild(self) -> str:
        """Load a dump into a new store, which has a sound schema."""
        dump = self._beside(".ndjson")
        return f"{self._program} db dump -o {dump} && {self._load(dump)}"

    def drop(self, statement: str) -> str:
        """Return the command that removes an unknown object from the schema."""
        return f"sqlite3 {quoted(self._path)} {quoted(statement)}"

    def compact(self) -> str:
        """Rebuild derived data."""
        return f"{self._program} db compact"

    def _load(self, dump: str) -> str:
        return f"visitors --db {self._beside('.mended')} db load {dump}"

    def _beside(self, ending: str) -> str:
        """Return a path that begins with the store's, so that an erasure lists it as a copy."""
        return quoted(f"{self._path}{ending}")

    def run(self, command: str) -> str:
        """Run a command on the store."""
        return f"{self._program} {command}"

    def change_mode(self, change: str, path: Path) -> str:
        """Change the permissions of a file or folder."""
        return f"chmod {change} {quoted(path)}"


def newest_backup(path: Path) -> Path | None:
    """Return the newest backup beside the store that has a default name."""
    try:
        beside_it = [one for one in path.parent.iterdir() if one.name.startswith(path.name + ".") and one.is_file()]
    except OSError:
        return None
    backups = [one for one in beside_it if one.name.endswith(BACKUP) and f".{REPLACED}-" not in one.name]
    return max(backups, key=lambda one: (one.stat().st_mtime_ns, one.name), default=None)


def ok(name: str, detail: str, help_: str | None = None) -> Finding:
    """Make a finding without a problem; `help_` is an optional suggestion."""
    return Finding(name, "ok", detail, help_)


def problem(name: str, detail: str, help_: str) -> Finding:
    """Make a finding of a problem, with the command that helps."""
    return Finding(name, "problem", detail, help_)


def damaged(name: str, detail: str, advice: Advice) -> Finding:
    """Make a finding of damage that only an earlier state of the store can repair."""
    return problem(name, detail, advice.restore())


def quoted(value: object) -> str:
    """Quote `value` as one shell word."""
    return shlex.quote(str(value))
