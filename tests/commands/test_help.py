"""`visitors help`: topics, and the help of commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from visitors import registry
from visitors.help import topics
from visitors.help.schemas import ANSWERS

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))


def on_terminal(*words: str, columns: int = 100, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """How the command ends on a terminal, and what it shows."""
    settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "VISITORS_DEBUG")}
    child: Any = pexpect.spawn(
        COMMAND,
        list(words),
        dimensions=(50, columns),
        env={**settings, "TERM": "xterm-256color", **(environment or {})},
        encoding="utf-8",
        timeout=20,
    )
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before.replace("\r\n", "\n")


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def test_without_a_topic_it_lists_all_of_them_with_what_they_say_of_themselves(visitors: Visitors) -> None:
    listed = visitors("help").stdout
    for topic in topics.topics():
        assert f"{topic.name} {topic.summary}" in _words(listed)
    assert "For all commands and options: visitors help commands." in listed


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", topics.names())
def test_into_a_pipe_a_topic_is_its_markdown_as_it_is(name: str, visitors: Visitors) -> None:
    assert visitors("help", name).stdout == topics.text(name)


def test_a_topic_reads_no_store_and_makes_none(visitors: Visitors, store_path: Path) -> None:
    visitors("help", "commands")
    assert not store_path.exists()


@pytest.mark.parametrize("words", ["list", "contacts merge", "contacts", "help"])
def test_the_words_of_a_command_show_its_help(words: str, visitors: Visitors) -> None:
    assert visitors("help", *words.split()).stdout == visitors(*words.split(), "--help").stdout


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ("contacts merge", "CONTACT CONTACT..."),
        ("show", "[VISITOR...]"),
        ("history", "[VISITOR|CONTACT]"),
        ("import", "FILE"),
        ("list", ""),
    ],
)
def test_the_usage_puts_brackets_round_what_may_be_left_out(words: str, usage: str, visitors: Visitors) -> None:
    assert visitors(*words.split(), "--help").lines[0] == f"Usage: visitors {words} [OPTIONS] {usage}".rstrip()


def test_a_command_that_is_a_topic_is_said_beside_it(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "names", lambda: ["list"])
    monkeypatch.setattr(topics, "text", lambda _: "# Lists\n")
    result = visitors("help", "list")
    assert result.stdout == "# Lists\n"
    assert result.stderr == "for the command: visitors list --help\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("comands", "'visitors help commands'"),
        ("lst", "'visitors help list'"),
        ("merge", "'visitors help contacts merge'"),
        ("contacts mrege", "'visitors help contacts merge'"),
        ("check", "'visitors help fixtures check' or 'visitors help db check'"),
    ],
)
def test_an_unknown_topic_is_a_mistake_with_what_was_meant_and_the_list(
    typed: str, meant: str, visitors: Visitors
) -> None:
    error = visitors("help", *typed.split(), "--format", "json", code=2).error
    assert error["code"] == "usage"
    assert error["message"] == f"no such topic or command {typed!r}"
    assert error["hint"] == f"did you mean {meant}? the topics are {', '.join(topics.names())}"


def test_what_is_near_to_nothing_gets_the_list(visitors: Visitors) -> None:
    result = visitors("help", "frobnicate", code=2)
    assert result.stdout == ""
    assert result.stderr.splitlines()[1] == f"hint: the topics are {', '.join(topics.names())}"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--schema", "no command given for --schema"),
        ("assert --schema", "'assert' has no schema, because it prints no records"),
        ("commands --schema", "no such command 'commands'"),
        ("--schema lst", "no such command 'lst'"),
    ],
)
def test_a_schema_that_there_is_not_is_a_mistake_with_those_there_are(
    words: str, problem: str, visitors: Visitors
) -> None:
    error = visitors("help", *words.split(), "--format", "json", code=2).error
    assert error["message"] == problem
    assert error["hint"].endswith(f"the commands with a schema are {', '.join(ANSWERS)}")
    assert error["hint"].startswith("did you mean list?") == (words == "--schema lst")


def test_the_schema_of_a_command_of_two_words_and_of_the_help(visitors: Visitors) -> None:
    assert visitors("help", "--schema", "contacts", "merge").json["title"] == "visitors contacts merge"
    assert visitors("help", "contacts", "merge", "--schema", "--format", "json").json["title"]
    assert visitors("help", "help", "--schema").json["title"] == "visitors help"


@pytest.mark.parametrize(
    "words",
    [
        "--format csv",
        "--format table list",
        "--fields id",
        "--man folder --schema list",
        "--man folder list",
        "--man folder --format json",
        "commands --format json",
    ],
)
def test_what_makes_no_sense_together_is_refused(
    words: str, visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert visitors("help", *words.split(), code=2).stdout == ""
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    "words", [[], *([*entry.words.split()] for entry in (*registry.COMMANDS, *registry.GROUPS))], ids=" ".join
)
def test_every_help_ends_with_where_to_read_more(words: list[str], visitors: Visitors) -> None:
    assert "'visitors help' lists topics" in visitors(*words, "--help").lines[-1]


def test_on_a_terminal_a_topic_is_laid_out_in_the_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = on_terminal("help", "commands")
    assert code == 0
    assert text.startswith("\x1b[1;4mEvery command\x1b[0m\n")
    assert "```" not in text
    monkeypatch.setenv("VISITORS_PAGER", "head -n 1")
    assert plain(on_terminal("help", "commands")[1]) == ["Every command"]
    assert "visitors track" in plain(on_terminal("help", "commands", "--no-pager")[1])


@pytest.mark.parametrize("columns", [80, 200])
def test_the_reference_of_all_commands_is_as_wide_as_the_terminal(columns: int) -> None:
    lines = plain(on_terminal("help", "commands", "--no-pager", columns=columns)[1])
    laid_out = [line for line in lines if line.startswith("    ") and ".local/share" not in line]
    assert 0.8 * min(columns, 100) < max(map(len, laid_out)) <= min(columns, 100)
    assert "visitors contacts merge" in lines


@pytest.mark.parametrize("words", [(), ("commands",), ("contacts", "merge"), ("nothing",)], ids=" ".join)
@pytest.mark.parametrize(
    ("environment", "columns"),
    [({"TERM": "dumb"}, 20), ({"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, 80), ({"NO_COLOR": "1"}, 200)],
    ids=str,
)
def test_any_terminal_will_do(words: tuple[str, ...], environment: dict[str, str], columns: int) -> None:
    code, text = on_terminal("help", *words, columns=columns, environment=environment)
    assert code == (2 if words == ("nothing",) else 0)
    assert "Traceback" not in text
    assert len(plain(text)) > 1
    if "LC_ALL" not in environment:
        assert "\x1b[3" not in text


def test_in_a_locale_without_utf8_the_bytes_are_those_of_the_file() -> None:
    done = subprocess.run(
        [COMMAND, "help", "commands"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "HOME": "/nonexistent"},
    )
    assert done.stdout.decode() == topics.text("commands")


def test_topics_are_read_only_when_they_are_asked_for() -> None:
    script = (
        "import sys\nfrom visitors.main import run\nassert run(['list', '--help']) == 0\n"
        "print([name for name in sys.modules if 'visitors.help' in name or 'markdown' in name], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
