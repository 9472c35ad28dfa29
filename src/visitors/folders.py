"""What is to be written into a folder."""

from __future__ import annotations

import os

from visitors.errors import FileProblem

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def refuse_missing_folder(path: str) -> None:
    """Raises FileProblem when `path` ends as that of a folder does, and there is none: no file is meant."""
    if path.endswith(_SEPARATORS) and not os.path.isdir(path):  # noqa: PTH112 - nor what may not be looked at
        import shlex

        raise FileProblem(f"there is no folder {path}", code="no_folder", hint=f"mkdir -p {shlex.quote(path)}")
