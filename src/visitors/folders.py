"""Check paths of files to be written into folders."""

from __future__ import annotations

import os

from visitors.errors import FileProblem

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def refuse_missing_folder(path: str) -> None:
    """Raise FileProblem if `path` ends with a separator and there is no such folder, since it does not name a file."""
    if path.endswith(_SEPARATORS) and not os.path.isdir(path):  # noqa: PTH112 - nor what may not be looked at
        import shlex

        raise FileProblem(
            f"folder {path} not found", code="no_folder", hint=f"to create it: mkdir -p {shlex.quote(path)}"
        )
