"""The scripts in `completions/`: complete, identical to the program's output, and evaluating nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from visitors import cli, completion_scripts, registry
from visitors.help.table import Command, read

FOLDER = Path(__file__).parents[2] / "completions"
SHELLS = sorted(completion_scripts.SHELLS)


@cache
def table() -> Command:
    return read(cli.root())


@pytest.mark.parametrize("shell", SHELLS)
def test_the_file_is_what_the_command_prints(shell: str) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "visitors", "completion", shell], capture_output=True, encoding="utf-8", check=True
    )
    file = FOLDER / completion_scripts.FILES[shell]
    assert file.read_text(encoding="utf-8") == printed.stdout, "run: python tests/generated.py"
    assert printed.stderr == ""


def test_every_command_is_in_the_table() -> None:
    words = {command.words for command in table().walk()}
    assert words == {entry.words for entry in (*registry.COMMANDS, *registry.GROUPS)} | {""}


def test_every_option_is_in_the_table() -> None:
    places = {command.words: set(command.names) for command in table().walk()}
    for entry, command in cli.walk():
        declared = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {name for name in declared if name.startswith("-")} <= places[entry.words]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_the_script(shell: str) -> None:
    script = (FOLDER / completion_scripts.FILES[shell]).read_text(encoding="utf-8")
    for command in table().walk():
        section = _section(shell, script, command)
        for name in command.names:
            written = name
            if shell == "fish":
                written = f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
            assert re.search(rf"(?<![\w-]){re.escape(written)}(?![\w-])", section), f"{command.words} {name}"
        for member in command.members:
            assert re.search(rf"(?<![\w-]){re.escape(member.name)}(?![\w-])", section), member.words


def _section(shell: str, script: str, command: Command) -> str:
    """The part of the script about one command."""
    begin, end = {
        "bash": (f"\n    '{command.words}')\n", ";;"),
        "zsh": ("\n" + "_".join(["_visitors", *command.words.replace("-", "_").split()]) + "() {\n", "\n}\n"),
        "fish": ("\n# " + f"visitors {command.words}".rstrip() + "\n", "\n\n"),
    }[shell]
    return script.partition(begin)[2].partition(end)[0]


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_evaluated_and_only_the_hidden_entry_runs(shell: str) -> None:
    script = (FOLDER / completion_scripts.FILES[shell]).read_text(encoding="utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith(("#", "complete -c", "'")))
    assert not re.search(r"\beval\b|\bsource\b|\bcompgen\b|_call_program|`|\(e\)|\$\{!", code)
    assert re.findall(r"command visitors \S+", code) == ["command visitors __complete"]


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("show", ("visitors",)),
        ("block", ("visitors",)),
        ("restore", ("deleted-visitors",)),
        ("contacts show", ("contacts",)),
        ("history", ("visitors", "contacts")),
    ],
)
def test_arguments_that_take_ids(words: str, kinds: tuple[str, ...]) -> None:
    (command,) = [command for command in table().walk() if command.words == words]
    assert command.arguments[0].value.kinds == kinds


def test_options_that_take_ids_or_files_or_words() -> None:
    values = {
        (command.words, name): str(option.value)
        for command in table().walk()
        for option in command.options
        for name in option.names
    }
    assert values["list", "--contact"] == "ids contacts"
    assert values["restore", "--contact"] == "ids contacts"
    assert values["conversations list", "--visitor"] == "ids visitors"
    assert values["", "--db"] == "files"
    assert values["export", "-o"] == "files"
    assert values["import", "--rejects"] == "files"
    assert values["list", "--device-type"] == "words desktop mobile tablet unknown"
    assert values["list", "--search"] == "any"


def test_import_takes_a_file() -> None:
    (command,) = [command for command in table().walk() if command.words == "import"]
    assert command.arguments[0].value.is_file
