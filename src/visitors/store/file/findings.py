"""What a check of a store found, and which command helps."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

import msgspec

BACKUP = ".bak"
"""What the names of backups end in."""
REPLACED = "replaced"
"""What stands in the name of a backup of a store that another one replaced."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and for a problem the command that helps."""

    check: str
    result: Literal["ok", "problem"]
    detail: str
    help: str | None = None

    @property
    def is_problem(self) -> bool:
        """Whether the store is not as it should be."""
        return self.result == "problem"


class Advice:
    """The commands that help with the store at `path`; `program` is how this one was called."""

    def __init__(self, path: Path, program: str) -> None:
        self._path = path
        self._program = program

    def restore(self) -> str:
        """To go back to the newest backup; where there is none, to save what can be read."""
        newest = newest_backup(self._path)
        if newest is None:
            recovered = quoted(self._path.with_name(f"recovered-{self._path.name}"))
            return f"sqlite3 {quoted(self._path)} .recover > {recovered}.sql && sqlite3 {recovered} < {recovered}.sql"
        return f"{self._program} db restore {quoted(newest)}"

    def nothing(self) -> str:
        """What is missing comes back with a backup alone."""
        return self.restore() if newest_backup(self._path) else "nothing here: look for a backup made before it went"

    def mend(self) -> str:
        """To correct the lines of a dump in an editor, and load it into a new store, which tells where it is wrong."""
        dump, mended = quoted(f"{self._path}.ndjson"), quoted(self._path.with_name(f"mended-{self._path.name}"))
        return f"{self._program} db dump -o {dump} && ${{EDITOR:-vi}} {dump} && visitors --db {mended} db load {dump}"

    def compact(self) -> str:
        """To make what is derived anew."""
        return f"{self._program} db compact"

    def run(self, command: str) -> str:
        """To run a command on the store."""
        return f"{self._program} {command}"

    def change_mode(self, change: str, path: Path) -> str:
        """To change the permissions of a file or folder."""
        return f"chmod {change} {quoted(path)}"


def newest_backup(path: Path) -> Path | None:
    """The newest of the backups that stand beside the store under the name that they have by default."""
    try:
        beside_it = [one for one in path.parent.iterdir() if one.name.startswith(path.name + ".") and one.is_file()]
    except OSError:
        return None
    backups = [one for one in beside_it if one.name.endswith(BACKUP) and f".{REPLACED}-" not in one.name]
    return max(backups, key=lambda one: (one.stat().st_mtime_ns, one.name), default=None)


def ok(name: str, detail: str, help_: str | None = None) -> Finding:
    """A check that found nothing wrong; `help_` is what may be done all the same."""
    return Finding(name, "ok", detail, help_)


def problem(name: str, detail: str, help_: str) -> Finding:
    """A check that found something wrong, and the command that helps."""
    return Finding(name, "problem", detail, help_)


def damaged(name: str, detail: str, advice: Advice) -> Finding:
    """A problem that only an earlier state of the store helps against."""
    return problem(name, detail, advice.restore())


def quoted(value: object) -> str:
    """`value` as one word of a shell."""
    return shlex.quote(str(value))
