"""The sdist and the wheel: what is in them, and that a person who installs them gets a command that works."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import visitors
from release.building import ROOT, Distribution, install

pytestmark = pytest.mark.slow

SHARED = {
    "share/bash-completion/completions/visitors": "completions/visitors.bash",
    "share/zsh/site-functions/_visitors": "completions/_visitors",
    "share/fish/vendor_completions.d/visitors.fish": "completions/visitors.fish",
    **{f"share/man/man1/{page.name}": f"src/man/{page.name}" for page in (ROOT / "src" / "man").glob("*.1")},
}
"""Where an installation has what does not belong to Python, and where that stands here."""


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return email.message_from_bytes(archive.read(f"visitors-{visitors.__version__}.dist-info/METADATA"))


def test_the_wheel_has_every_file_of_the_package_and_what_shells_and_man_look_for(distribution: Distribution) -> None:
    folder = f"visitors-{visitors.__version__}"
    with zipfile.ZipFile(distribution.wheel) as archive:
        names = set(archive.namelist())
        package = {
            path.relative_to(ROOT / "src").as_posix()
            for path in (ROOT / "src" / "visitors").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert {name for name in names if name.startswith("visitors/")} == package
        for name in ("py.typed", "fixture.schema.json", "help/commands.md", "mappings/cossistant.yaml"):
            assert f"visitors/{name}" in names
        assert archive.read(f"{folder}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        for name, source in SHARED.items():
            assert archive.read(f"{folder}.data/data/{name}") == (ROOT / source).read_bytes()
    assert "share/man/man1/visitors.1" in SHARED


def test_the_sdist_has_what_builds_and_tests_it(distribution: Distribution) -> None:
    folder = f"visitors-{visitors.__version__}"
    with tarfile.open(distribution.sdist) as archive:
        names = {name.removeprefix(f"{folder}/") for name in archive.getnames()}
    wanted = ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "pyproject.toml"]
    wanted += [".ci/run", ".pre-commit-hooks.yaml", "src/visitors/py.typed", "tests/conftest.py", *SHARED.values()]
    assert set(wanted) <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist/")) or "__pycache__" in name]


def test_the_metadata_pass_the_check_of_the_index(distribution: Distribution) -> None:
    check: list[str | Path] = [
        distribution.tools / "twine",
        "check",
        "--strict",
        distribution.sdist,
        distribution.wheel,
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    said = metadata(distribution.wheel)
    assert (said["Version"], said["License-Expression"]) == (visitors.__version__, "MIT")
    assert said.get_all("Project-URL") is None


def test_the_changelog_begins_with_this_version_and_its_date() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## ")]
    released = [heading for heading in headings if heading != "## Unreleased"]
    assert re.fullmatch(rf"## {re.escape(visitors.__version__)} — \d{{4}}-\d\d-\d\d", released[0])
    assert headings.index(released[0]) <= 1


@pytest.mark.parametrize("installer", ["pipx", "uv"])
def test_what_was_built_works_where_a_person_installs_it(
    distribution: Distribution, installer: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    isolated = {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "VISITORS_"))}
    environment = {**kept, **isolated}
    verb = ["install"] if installer == "pipx" else ["tool", "install"]
    install(distribution.tools / installer, *verb, "--python", sys.executable, distribution.wheel, env=environment)

    def run(*words: str) -> str:
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert shutil.which("visitors", path=environment["PATH"]) == str(home / ".local" / "bin" / "visitors")
    assert run("visitors", "--version") == f"visitors {visitors.__version__}\n"
    assert run("visitors", "create", "--id", "v-1", "--language", "en-gb") == "v-1\n"
    assert run("visitors", "list", "--format", "ids") == "v-1\n"
    assert run("visitors", "db", "path").startswith(str(home))
    assert run("visitors", "help", "scripts").startswith("# ")
    assert run("visitors", "fixtures", "schema") == (ROOT / "src/visitors/fixture.schema.json").read_text("utf-8")
    prefix = Path(os.path.realpath(home / ".local" / "bin" / "visitors")).parents[1]
    for name, source in SHARED.items():
        assert (prefix / name).read_bytes() == (ROOT / source).read_bytes()
    if installer == "pipx":  # uv makes no links to them
        pages = home / ".local" / "share" / "man" / "man1"
        assert {page.name for page in pages.glob("*")} == {page.name for page in (ROOT / "src" / "man").glob("*.1")}
        if shutil.which("man"):
            found = run("man", "--where", "visitors-contacts-merge").strip()
            assert found == os.path.realpath(pages / "visitors-contacts-merge.1")
