"""The man pages: one for each command, valid, the same every time, and true."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from visitors import cli, registry
from visitors.help.describe import exit_codes
from visitors.help.man import pages
from visitors.help.table import Command, read
from visitors.registry import EVERYWHERE

Visitors = Callable[..., Any]


@pytest.fixture(scope="module")
def made() -> Mapping[str, str]:
    return pages(read(cli.root()))


def test_there_is_a_page_for_the_program_and_for_every_command_and_group(made: Mapping[str, str]) -> None:
    words = [entry.words for entry in (*registry.COMMANDS, *registry.GROUPS)]
    assert made.keys() == {"visitors.1", *(f"visitors-{one.replace(' ', '-')}.1" for one in words)}


def test_help_writes_them_the_same_every_time(made: Mapping[str, str], visitors: Visitors, tmp_path: Path) -> None:
    for folder in (tmp_path / "once" / "man1", tmp_path / "again"):
        result = visitors("help", "--man", str(folder))
        assert result.stdout == ""
        assert result.stderr == f"wrote {len(made)} man pages to {folder}\n"
        assert {file.name: file.read_text(encoding="ascii") for file in folder.iterdir()} == made


def test_the_files_in_src_man_are_the_pages(made: Mapping[str, str]) -> None:
    folder = Path(__file__).parents[2] / "src" / "man"
    found = {file.name: file.read_text(encoding="ascii") for file in folder.iterdir()}
    assert found == made, "run: python tests/generated.py"


def test_a_folder_that_cannot_be_written_is_an_error(visitors: Visitors, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = visitors("help", "--man", str(tmp_path / "file"), code=1)
    assert result.stderr.startswith(f"error: cannot write to {tmp_path / 'file'}: ")


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_man_shows_every_page_without_a_warning(made: Mapping[str, str], tmp_path: Path) -> None:
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="ascii")
        done = subprocess.run(
            ["man", "--warnings", "-l", str(tmp_path / name)],
            capture_output=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
        )
        assert done.stderr.decode() == "", name
        assert done.stdout.decode().startswith(name.removesuffix(".1").upper()[:20])


@pytest.mark.skipif(shutil.which("lexgrog") is None, reason="there is no man-db")
def test_the_index_of_manuals_understands_every_page(made: Mapping[str, str], tmp_path: Path) -> None:
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    done = subprocess.run(["lexgrog", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(made)
    (merge,) = [one for one in registry.COMMANDS if one.words == "contacts merge"]
    said = merge.help[0].lower() + merge.help[1:]
    assert f': "visitors-contacts-merge - {said}"' in done.stdout


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_a_page_says_what_the_help_says(made: Mapping[str, str], tmp_path: Path) -> None:
    for command in read(cli.root()).walk():
        name = "-".join(["visitors", *command.words.split()])
        (tmp_path / name).write_text(made[f"{name}.1"], encoding="ascii")
        shown = subprocess.run(
            ["man", "-l", str(tmp_path / name)],
            capture_output=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "500"},
        ).stdout.decode()
        for option in command.options:
            told = all(f"{flag}" in shown for flag in (*option.names, *option.opposites)) and option.help in shown
            assert told == (option.panel != EVERYWHERE or not command.words), (name, option.names)
        for argument in command.arguments:
            assert argument.help in shown
        assert command.usage in shown


def test_the_page_of_the_program_has_the_exit_codes(made: Mapping[str, str]) -> None:
    section = made["visitors.1"].partition(".SH EXIT STATUS\n")[2].partition(".SH")[0]
    assert re.findall(r"^\.B (\d+)$", section, re.MULTILINE) == [str(one.code) for one in exit_codes()]


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_whatever_a_help_says_is_shown_as_it_is(tmp_path: Path) -> None:
    text = ".TH begins a page, 'so does\n'this \\fB and ~/x with ^ and `y` - an \"ü\" … 𝕏\n\n\b\n.B x\n  'y'"
    root = Command("", "Do", "", "visitors", text, changes=False, options=[], arguments=[], members=[])
    (tmp_path / "page").write_text(pages(root)["visitors.1"], encoding="ascii")
    done = subprocess.run(
        ["man", "--warnings", "-l", str(tmp_path / "page")],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "200"},
    )
    shown = done.stdout.decode().partition("DESCRIPTION\n")[2].partition("OPTIONS\n")[0]
    one_line, _, verbatim = text.partition("\n\n\b\n")
    assert [line.strip() for line in shown.strip().splitlines()] == [
        one_line.replace("\n", " "),
        "",
        *(line.strip() for line in verbatim.splitlines()),
    ]
    assert "    'y'" in shown


def test_no_line_of_text_is_taken_for_a_request(made: Mapping[str, str]) -> None:
    known = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".BR", ".nf", ".fi", ".nh", ".ad"}
    for text in made.values():
        for line in text.splitlines():
            assert not line.startswith("'")
            assert not line.startswith(".") or line.split()[0] in known
