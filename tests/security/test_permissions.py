"""Only the owner can read what is written, whatever the umask, and nothing is written through a link."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from next_version import next_version
from trials.running import COMMAND, WITHOUT_PRIVILEGES, settings
from visitors.store.file.opening import open_store
from visitors.store.places import File

Visitors = Callable[..., Any]

HOSTILE = [0o000, 0o777]
"""One umask removes nothing, the other everything, even from the owner."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=HOSTILE, ids=[f"{mask:03o}" for mask in HOSTILE])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Both hostile umasks, one after the other, set for this process."""
    before = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_store_is_private_with_all_folders_that_were_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for" / "it" / "visitors.db"
    with open_store(File.at(path)) as store:
        store.execute("BEGIN IMMEDIATE")
        store.execute("CREATE TABLE x (y)")
        store.execute("COMMIT")
        assert {file.name: mode(file) for file in path.parent.iterdir()} == {
            "visitors.db": 0o600, "visitors.db-wal": 0o600, "visitors.db-shm": 0o600,
        }  # fmt: skip
    assert [mode(folder) for folder in list(path.parents)[:3]] == [0o700] * 3


@pytest.mark.usefixtures("umask", "anonymous")
@pytest.mark.parametrize("name", ["all.csv", "all.ndjson.gz"])
def test_a_new_export_is_private(visitors: Visitors, tmp_path: Path, name: str) -> None:
    visitors("export", "-o", str(tmp_path / name))

    assert mode(tmp_path / name) == 0o600


@pytest.mark.usefixtures("umask", "anonymous")
@pytest.mark.parametrize(
    "words", ["db dump -o", "fixtures dump -o", "import - --input-format csv --keep-going --rejects"]
)
def test_other_files_are_private_too(visitors: Visitors, tmp_path: Path, words: str) -> None:
    file = tmp_path / ("file.yaml" if "fixtures" in words else "file.ndjson")
    visitors(*words.split(), str(file), input="id,language\nv1,???\n", code=None)

    assert mode(file) == 0o600


@pytest.mark.usefixtures("anonymous")
@pytest.mark.parametrize("before", [0o644, 0o640, 0o600])
def test_a_file_that_was_there_keeps_its_permissions(visitors: Visitors, tmp_path: Path, before: int) -> None:
    file = tmp_path / "all.csv"
    file.write_text("of yesterday")
    file.chmod(before)

    visitors("export", "-o", str(file))

    assert mode(file) == before
    assert file.read_text() != "of yesterday"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the next version of the program runs."""
    return next_version(tmp_path_factory.mktemp("next"))


@pytest.mark.usefixtures("umask", "anonymous")
def test_the_backup_of_a_migration_is_private(visitors_process: Visitors, newer: dict[str, str]) -> None:
    backup = Path(visitors_process("db", "migrate", env={**newer, "PYTHONDONTWRITEBYTECODE": "1"}).stdout.strip())

    assert backup.suffix == ".bak"
    assert mode(backup) == 0o600


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root can read everything")
@pytest.mark.usefixtures("umask")
def test_a_store_can_be_made_and_used_under_a_umask_that_takes_everything_away(tmp_path: Path) -> None:
    prefix = WITHOUT_PRIVILEGES if os.getuid() == 0 else ()
    store = tmp_path / "new" / "folder" / "visitors.db"
    for words in (["create", "--id", "v1"], ["list"], ["export", "-o", str(tmp_path / "all.csv")], ["import", "-"]):
        with_input = ["--input-format", "csv", "--on-existing", "skip"] if words[0] == "import" else []
        done = subprocess.run(
            [*prefix, COMMAND, *words, *with_input, "--db", str(store)],
            input=b"id\nv1\n",
            capture_output=True,
            env=settings(),
            check=False,
        )
        assert (done.returncode, done.stderr.startswith(b"error")) == (0, False), done.stderr
    assert (tmp_path / "all.csv").read_text().startswith("id,")


# symbolic links in the way


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file that somebody tries to make us overwrite."""
    file = tmp_path / "precious"
    file.write_text("precious\n")
    return file


@pytest.mark.usefixtures("anonymous")
@pytest.mark.parametrize("words", ["export --format ndjson -o", "db dump -o", "fixtures dump -o"])
def test_a_link_in_the_way_is_replaced_and_what_it_points_to_stays(
    visitors: Visitors, tmp_path: Path, precious: Path, words: str
) -> None:
    link = tmp_path / ("file.yaml" if "fixtures" in words else "file.ndjson")
    link.symlink_to(precious)

    visitors(*words.split(), str(link))

    assert precious.read_text() == "precious\n"
    assert not link.is_symlink()
    assert mode(link) == 0o600


def test_a_link_where_the_rejects_go_is_replaced(visitors: Visitors, tmp_path: Path, precious: Path) -> None:
    link = tmp_path / "rejects.csv"
    link.symlink_to(precious)

    words = ["import", "-", "--input-format", "csv", "--keep-going", "--rejects", str(link)]
    visitors(*words, input="id\n?\n", code=5)

    assert precious.read_text() == "precious\n"
    assert "invalid_id" in link.read_text()


def test_a_temporary_file_is_in_a_folder_with_an_unpredictable_name(
    visitors: Visitors, anonymous: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    really = os.open

    def watched(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if Path(path).parent.suffix == ".partial":
            seen.append((Path(path).parent.name, flags))
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    for _ in range(2):
        visitors("export", "-o", str(tmp_path / "all.csv"))

    assert anonymous
    assert len({name for name, _ in seen}) == 2
    for _, flags in seen:
        assert flags & os.O_EXCL
        assert flags & os.O_NOFOLLOW


def test_a_link_to_nothing_is_no_place_for_a_new_store(visitors: Visitors, tmp_path: Path) -> None:
    link, elsewhere = tmp_path / "link.db", tmp_path / "elsewhere"
    link.symlink_to(elsewhere)

    refused = visitors("create", "--db", str(link), code=6)

    assert "link" in refused.stderr
    assert not elsewhere.exists()


@pytest.mark.usefixtures("anonymous")
def test_a_link_to_nothing_is_no_place_to_restore_a_store_to(visitors: Visitors, tmp_path: Path) -> None:
    backup = visitors("db", "backup").stdout.strip()
    link, elsewhere = tmp_path / "link.db", tmp_path / "elsewhere"
    link.symlink_to(elsewhere)

    for words in (["db", "restore", backup, "--dry-run"], ["db", "restore", backup, "--yes"]):
        refused = visitors(*words, "--db", str(link), "--format", "json", code=6)
        assert refused.error["code"] == "store_invalid"
        assert "is a link to a missing file" in refused.error["message"]
    assert not elsewhere.exists()


def test_a_link_to_a_store_is_followed(visitors: Visitors, anonymous: str, store_path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(store_path)

    assert visitors("list", "--format", "ids", "--db", str(link)).lines == [anonymous]


@pytest.mark.usefixtures("anonymous")
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("words", ["create", "list"])
def test_a_link_where_sqlite_keeps_its_files_is_refused(
    visitors: Visitors, store_path: Path, precious: Path, suffix: str, words: str
) -> None:
    store_path.with_name(store_path.name + suffix).symlink_to(precious)

    refused = visitors(words, code=6)

    assert suffix in refused.stderr
    assert precious.read_text() == "precious\n"


def test_stopping_in_the_middle_leaves_no_copy_of_the_data(visitors: Visitors, anonymous: str, tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from visitors.output import files; from visitors.main import main\n"
        "files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGTERM)\n"
        "main(sys.argv[1:])"
    )
    (tmp_path / "exports").mkdir()
    words = ["export", "-o", str(tmp_path / "exports" / "all.csv")]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, env=settings(), check=False)

    assert anonymous
    assert done.returncode == 143
    assert list((tmp_path / "exports").iterdir()) == []
    assert visitors("list", "--format", "count").stdout == "1\n"
