"""Pipes, devices, sockets and open files in place of regular ones: written directly or refused, never replaced."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trials.running import COMMAND, settings

Visitors = Callable[..., Any]

WRITERS = {
    "export": "export --format csv -o",
    "dump": "db dump -o",
    "fixtures": "fixtures dump -o",
    "receipt": "erase v2 --yes --no-vacuum -o",
    "subject": "contacts subject-export ada@example.com -o",
    "rejects": "import rows.csv --keep-going --rejects",
}


@pytest.fixture
def ada(visitors: Visitors, store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("v1", "v2"):
        visitors("create", "--id", name)
    visitors("identify", "v1", "--email", "ada@example.com")
    (tmp_path / "rows.csv").write_text("id,language\nv9,???\n")
    monkeypatch.chdir(tmp_path)
    return store_path


@pytest.fixture(params=["pipe", "socket", "device", "link to a device"])
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Something other than a regular file, in its own folder."""
    path = tmp_path / "special" / "it"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        if request.param == "pipe":
            os.mkfifo(path, 0o600)
        elif request.param == "socket":
            with contextlib.chdir(path.parent):  # a socket's path is limited to about a hundred characters
                listening.bind(path.name)
        elif request.param == "device":
            try:
                os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
            except PermissionError:
                pytest.skip("only root makes devices")
        else:
            path.symlink_to("/dev/null")
        yield path


def kinds(folder: Path) -> dict[str, int]:
    return {one.name: stat.S_IFMT(one.lstat().st_mode) for one in folder.iterdir()}


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_what_is_written_to_a_pipe_goes_through_it(visitors_process: Visitors, ada: Path, words: str) -> None:
    pipe, took = ada.with_name("pipe.yaml"), ada.with_name("took")
    os.mkfifo(pipe, 0o600)
    with took.open("wb") as out, subprocess.Popen(["timeout", "30", "cat", str(pipe)], stdout=out):
        visitors_process(*words.split(), str(pipe), code=None)
    assert took.stat().st_size > 20
    assert pipe.is_fifo()


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("name", ["/proc/self/fd/{}", "/dev/fd/{}", "/dev/stdout"])
def test_what_is_written_to_an_open_file_is_added_where_that_is(ada: Path, words: str, name: str) -> None:
    # through a link of the test's own: if it is replaced after all, the system's is not
    if not Path("/proc/self/fd").exists() and name.startswith("/proc"):
        pytest.skip("no /proc")
    link, log = ada.with_name("link.yaml"), ada.with_name("log")
    with log.open("wb") as out:
        out.write(b"before\n")
        out.flush()
        link.symlink_to(name.format(out.fileno()))
        subprocess.run(
            [COMMAND, *words.split(), str(link)],
            stdout=out,
            stderr=subprocess.PIPE,
            pass_fds=[out.fileno()],
            env=settings(),
            check=False,
        )
        out.write(b"after\n")
    first, *lines, last = log.read_bytes().splitlines()
    assert (first, last) == (b"before", b"after")
    assert lines
    assert link.is_symlink()


def test_a_fixture_file_that_is_a_pipe_needs_no_extension_where_the_format_is_named(
    visitors_process: Visitors, ada: Path
) -> None:
    pipe, took = ada.with_name("pipe"), ada.with_name("took")
    os.mkfifo(pipe, 0o600)
    with took.open("wb") as out, subprocess.Popen(["timeout", "30", "cat", str(pipe)], stdout=out):
        visitors_process("fixtures", "dump", "--format", "json", "-o", str(pipe))
    assert took.read_bytes().startswith(b"{")


def test_an_open_file_that_cannot_be_written_is_reported(visitors_process: Visitors, ada: Path) -> None:
    link = ada.with_name("link")
    link.symlink_to("/dev/fd/99")
    assert "cannot write" in visitors_process("db", "dump", "-o", str(link), code=1).stderr


@pytest.mark.parametrize("force", [["--force"], []])
def test_a_backup_does_not_replace_a_special_file(
    visitors_process: Visitors, ada: Path, special: Path, force: list[str]
) -> None:
    before = kinds(special.parent)
    refused = visitors_process("db", "backup", str(special), *force, "--db", str(ada), code=1)
    assert ", not a file" in refused.stderr
    assert "--force" not in refused.stderr
    assert kinds(special.parent) == before


def test_a_backup_does_not_replace_the_link_to_an_open_file(ada: Path) -> None:
    link = ada.with_name("link")
    link.symlink_to("/dev/stdout")
    with ada.with_name("log").open("wb") as out:
        done = subprocess.run(
            [COMMAND, "db", "backup", "--force", link], stdout=out, stderr=subprocess.PIPE, env=settings(), check=False
        )
    assert done.returncode == 1
    assert b"an open file" in done.stderr
    assert link.is_symlink()


STORES = {
    "create": "create",
    "list": "list",
    "show": "show v1",
    "export": "export",
    "import": "import rows.csv",
    "erase": "erase v1 --yes",
    "info": "db info",
    "check": "db check",
    "backup": "db backup copy.db",
    "restore": "db restore good.bak --yes",
    "dump": "db dump",
    "load": "db load all.ndjson",
    "compact": "db compact",
    "migrate": "db migrate",
}


@pytest.mark.parametrize("words", STORES.values(), ids=STORES)
def test_a_store_is_a_regular_file(
    visitors: Visitors, visitors_process: Visitors, ada: Path, special: Path, words: str
) -> None:
    if "restore" in words:
        visitors("db", "backup", "good.bak")
    if "load" in words:
        visitors("db", "dump", "-o", "all.ndjson")
    before = kinds(special.parent)
    refused = visitors_process(*words.split(), "--db", str(special), "--format", "ndjson", code=6).error
    assert refused["code"] == "store_invalid"
    assert ", not a store" in refused["message"]
    assert kinds(special.parent) == before
    assert not ada.with_name("copy.db").exists()


@pytest.mark.usefixtures("ada")
def test_a_backup_that_is_restored_is_a_regular_file(visitors_process: Visitors, special: Path) -> None:
    refused = visitors_process("db", "restore", str(special), "--yes", "--format", "json", code=6).error
    assert refused["code"] == "store_invalid"
