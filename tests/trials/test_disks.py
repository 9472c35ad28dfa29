"""Full disks, and stores, folders and file systems without write permission: exit code 6, a plain message, and an
unchanged store, for every kind of write.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from trials.running import COMMAND, LONG, WITHOUT_PRIVILEGES, settings, small_disk
from trials.sound import assert_sound, deeds
from trials.writes import MADE_NOW, NOW, WRITES, Furnished, Visitors, Write

Tried = Callable[[Write, Path], Any]
each_write = pytest.mark.parametrize("write", WRITES, ids=[write.name for write in WRITES])


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Limit file sizes of this process to `size` bytes, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@each_write
@pytest.mark.parametrize("size", [0, 4_096, 36_000, 150_000] if LONG else [36_000])
def test_a_write_that_does_not_fit_leaves_the_store_as_it_was(
    tried: Tried, furnished: Furnished, tmp_path: Path, write: Write, size: int
) -> None:
    store = furnished.copy(write, tmp_path / "disk")
    before = deeds(store, MADE_NOW)

    with files_limited_to(size):
        done = tried(write, store)

    after = deeds(store, MADE_NOW)
    if done.code in (0, 5):
        assert size > 4_096
        assert after != before
    else:
        assert done.code == 6, done.stderr
        assert "Traceback" not in done.stderr
        assert after == before or (write.store != "furnished" and not done.stdout)
    if write.store == "furnished":
        assert_sound(store)
    assert [path.name for path in store.parent.iterdir() if "unfinished" in path.name] == []


@pytest.fixture
def frozen(furnished: Furnished, tmp_path: Path) -> Iterator[Path]:
    """A folder on a read-only file system, with the stores in it."""
    with small_disk(tmp_path / "disk", "16m") as disk:
        for name in ("furnished", "imported", "older"):
            shutil.copy(furnished.folder / f"{name}.db", disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        yield disk


def test_every_kind_of_write_is_refused_on_a_file_system_that_cannot_be_written(tried: Tried, frozen: Path) -> None:
    before = {path.name: path.read_bytes() for path in frozen.iterdir()}
    for write in WRITES:
        done = tried(write, frozen / f"{write.store}.db")

        assert done.code == 6, (write.name, done.stderr)
        assert done.stderr.startswith(("error: ", '{"error"')), write.name
        assert "unexpected" not in done.stderr
    assert {path.name: path.read_bytes() for path in frozen.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    ["list", "show v01", "export", "history", "contacts list", "explain v01", "db info", "db dump", "list --search v0"],
)
def test_a_store_on_a_file_system_that_cannot_be_written_can_be_read(
    visitors: Visitors, furnished: Furnished, frozen: Path, words: str
) -> None:
    here = visitors(*words.split(), "--db", str(furnished.folder / "furnished.db"), now=NOW).stdout
    there = visitors(*words.split(), "--db", str(frozen / "furnished.db"), now=NOW).stdout

    assert here.replace(str(furnished.folder), "") == there.replace(str(frozen), "") or words == "db info"
    assert there


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root may write everything")
@pytest.mark.parametrize(("what", "mode"), [("file", 0o400), ("folder", 0o500), ("both", 0o500), ("file", 0o000)])
def test_a_store_without_permission_is_refused_and_stays(
    visitors: Visitors, furnished: Furnished, tmp_path: Path, what: str, mode: int
) -> None:
    store = furnished.copy(WRITES[0], tmp_path / "folder")
    before = store.read_bytes()
    if what in ("file", "both"):
        store.chmod(mode & 0o400)
    if what in ("folder", "both"):
        store.parent.chmod(mode)
    prefix = WITHOUT_PRIVILEGES if os.getuid() == 0 else ()

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [*prefix, COMMAND, *words, "--db", str(store)], capture_output=True, env=settings(), check=False
        )
        return done.returncode, done.stderr.decode()

    try:
        for words in (["create"], ["delete", "v01"], ["seed", "--count", "5"]):
            code, said = run(*words)
            assert code == 6, said
            assert said.startswith(("error: the store ", "error: cannot open the store "))
        code, said = run("list")
        assert (code, said) == (0, "") if mode else code == 6  # a read-only store can be read
        if code:
            assert said.startswith("error: cannot open the store ")
            assert "hint: " in said
    finally:
        store.parent.chmod(0o700)
        store.chmod(0o600)
    assert store.read_bytes() == before
    assert visitors("list", "--format", "count", "--db", str(store)).stdout == "38\n"
