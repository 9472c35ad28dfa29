"""Reject stores with several names. SQLite names its log after the file, so two hard links have two logs: processes
using different names do not see each other's writes, and committed data is lost.

Reading is no safer: what is in the other name's log is missing, and the file may be inconsistent without it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from visitors.errors import StoreProblem
from visitors.store.file.findings import Finding, ok, problem, quoted
from visitors.unfinished import remove_left_behind

_MOMENT = 0.1
"""How many seconds another process may take between linking a new file and removing its temporary name."""


def refuse_hard_links(path: Path) -> None:
    """Raise StoreProblem if the store has more than one name, and OSError if it cannot be read."""
    if path.stat().st_nlink <= 1:
        return
    # the temporary name of a new file does not count
    remove_left_behind(Path(os.path.realpath(path)).parent)
    time.sleep(_MOMENT)
    names = path.stat().st_nlink
    if names > 1:
        raise StoreProblem(
            f"the store {path} has {names} names (hard links), and data written under one name is lost under another",
            code="store_has_names",
            hint="stop all programs that use it, then remove all names but one; keep the one with a -wal "
            f"file next to it, if any; to list them: {_find(path)}",
        )


def names(path: Path) -> Finding:
    """Check that the store has only one name."""
    count = path.stat().st_nlink
    if count <= 1:
        return ok("names", "no hard links")
    return problem(
        "names", f"{path} has {count} names (hard links), and writes under two of them are lost", _find(path)
    )


def _find(path: Path) -> str:
    return f"find / -xdev -samefile {quoted(path)}"
