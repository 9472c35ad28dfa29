"""Check the permissions of a store, and for leftover files beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from visitors.location import COMPANIONS
from visitors.store.file.findings import SHOWN, Advice, Finding, ok, problem, quoted
from visitors.store.file.readonly import companion
from visitors.unfinished import left_behind


def permissions(path: Path, advice: Advice) -> Iterator[Finding]:
    """Check that only the owner can access the store, and that the owner can write it."""
    if os.name != "posix":
        return
    found = [*_of_files(path, advice), *_of_folder(path.parent, advice)]
    yield from found or [ok("permissions", "private to its owner")]


def _of_files(path: Path, advice: Advice) -> Iterator[Finding]:
    for file in (path, *(companion(path, ending) for ending in COMPANIONS)):
        try:
            status = file.stat()
        except OSError:
            continue
        if status.st_mode & 0o077:
            detail = f"others can access {file} (mode {stat.S_IMODE(status.st_mode):03o})"
            yield problem("permissions", detail, advice.change_mode("600", file))
        if status.st_uid != os.geteuid():
            owner = f"{file} is owned by user {status.st_uid}, and you are {os.geteuid()}"
            yield problem("permissions", owner, f"chown {os.geteuid()} {quoted(file)}")
        elif not status.st_mode & stat.S_IWUSR or not os.access(file, os.W_OK):
            yield problem("permissions", f"{file} is read-only", advice.change_mode("u+w", file))


def _of_folder(folder: Path, advice: Advice) -> Iterator[Finding]:
    mode = folder.stat().st_mode
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        who = "everybody" if mode & stat.S_IWOTH else "its group"
        yield problem("permissions", f"{who} can write to {folder}", advice.change_mode("go-w", folder))
    if not mode & stat.S_IWUSR or not os.access(folder, os.W_OK):
        yield problem("permissions", f"{folder} is read-only", advice.change_mode("u+w", folder))


def leftovers(folder: Path) -> Iterator[Finding]:
    """Find what killed processes left beside the store."""
    left = left_behind(folder)
    for one in left[:SHOWN]:
        yield problem("leftovers", f"{one} was left behind by a killed process", f"rm -r {quoted(one)}")
    if not left:
        yield ok("leftovers", "no unfinished files")
