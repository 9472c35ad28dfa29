"""A store has one name. SQLite keeps its log by the name, so two hard links to one file have two logs: each process
reads and writes without those that go by the other name, and what it was told is written is lost.

Reading is no safer: what is in the other name's log is missing, and may be needed for the file to make sense.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from visitors.errors import StoreProblem
from visitors.store.file.findings import Finding, ok, problem, quoted
from visitors.unfinished import remove_left_behind

_MOMENT = 0.1
"""How many seconds another process may take from giving a file its name to removing the one that it was made under."""


def refuse_hard_links(path: Path) -> None:
    """Raises StoreProblem when the store has more than one name, and OSError."""
    if path.stat().st_nlink <= 1:
        return
    # that under which it was made does not count
    remove_left_behind(Path(os.path.realpath(path)).parent)
    time.sleep(_MOMENT)
    names = path.stat().st_nlink
    if names > 1:
        raise StoreProblem(
            f"the store {path} has {names} names (hard links), and what is written by one is lost by the other",
            code="store_has_names",
            hint=f"stop what uses it, then remove all names but one: that with a -wal beside it, if any; {_find(path)}",
        )


def names(path: Path) -> Finding:
    """Whether the store has one name, for a check of it."""
    count = path.stat().st_nlink
    if count <= 1:
        return ok("names", "no hard links")
    return problem("names", f"{path} has {count} names (hard links), and writes by two of them are lost", _find(path))


def _find(path: Path) -> str:
    return f"find / -xdev -samefile {quoted(path)}"
