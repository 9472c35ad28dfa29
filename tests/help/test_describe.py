"""The table that `visitors help --format json` prints: everything the program takes and answers with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from visitors import cli, registry
from visitors.error_codes import ERROR_CODES
from visitors.help import topics
from visitors.help.schemas import ANSWERS
from visitors.main import run

Visitors = Callable[..., Any]


KEYS = {
    "Reference": "version program programVersion commands groups everywhere topics exitCodes errorCodes",
    "CommandHelp": "command panel summary description usage changesStore hasSchema arguments options",
    "GroupHelp": "group panel summary commands",
    "OptionHelp": "names opposites panel help value isRequired isRepeatable default",
    "ArgumentHelp": "help value isRequired isRepeatable",
    "ValueHelp": "name type choices isOpen isList isFile ids",
    "TopicHelp": "name title summary",
    "ExitCode": "code meaning",
    "ErrorCodeHelp": "code exitCodes meaning",
}
"""Version 1 of the format: a key may be added, but not renamed or removed without another version."""


def test_the_keys_are_those_of_its_version(visitors: Visitors) -> None:
    made = visitors("help", "--schema", "help").json["$defs"]
    assert {name: " ".join(one["properties"]) for name, one in made.items() if name != "record"} == KEYS


@pytest.fixture
def table(visitors: Visitors) -> Any:
    return visitors("help", "--format", "json").json


def test_it_says_its_version_and_that_of_the_program(table: Any, visitors: Visitors) -> None:
    assert table["version"] == 1
    assert f"visitors {table['programVersion']}\n" == visitors("--version").stdout


def test_it_has_every_command_and_group_of_the_registry(table: Any) -> None:
    entries = {entry.words: entry for entry in registry.COMMANDS}
    commands = {one["command"]: one for one in table["commands"]}
    assert commands.keys() == entries.keys()
    for words, one in commands.items():
        assert (one["panel"], one["summary"], one["changesStore"]) == (
            entries[words].panel,
            entries[words].help,
            entries[words].changes,
        )
        assert one["hasSchema"] == (words in ANSWERS)
        assert one["usage"].startswith(f"visitors {words}")
    groups = {one["group"]: one["commands"] for one in table["groups"]}
    assert groups == {entry.words: [one.words for one in registry.members(entry.words)] for entry in registry.GROUPS}


def test_it_has_every_option_and_argument_that_a_command_takes(table: Any) -> None:
    everywhere = {name for one in table["everywhere"] for name in one["names"]}
    assert {"--db", "--format", "-q", "--quiet", "-h", "--help", "-V"} <= everywhere
    commands = {one["command"]: one for one in table["commands"]}
    for entry, built in cli.walk():
        one = commands[entry.words]
        told = {name for option in one["options"] for name in (*option["names"], *option["opposites"])}
        of_options = [each for each in built.params if each.param_type_name == "option"]
        taken = {name for each in of_options for name in (*each.opts, *each.secondary_opts)}
        assert told | everywhere == taken | {"-h", "--help"}
        assert not told & everywhere
        assert len(one["arguments"]) == len(built.params) - len(of_options)


def test_it_says_what_a_value_may_be(table: Any) -> None:
    options = {
        (one["command"], name): option
        for one in table["commands"]
        for option in one["options"]
        for name in option["names"]
    }
    limit, format_ = options["list", "--limit"], options["identify", "--on-conflict"]
    assert (limit["value"]["type"], limit["isRequired"], limit["default"]) == ("integer", False, None)
    assert format_["value"]["choices"] == ["error", "external-id-wins", "merge"]
    assert not format_["value"]["isOpen"]
    assert format_["default"] == "error"
    assert options["stats", "--by"]["value"]["isOpen"]
    assert options["prune", "--older-than"]["isRequired"]
    assert options["list", "--language"]["isRepeatable"]
    assert options["list", "--contact"]["value"]["ids"] == ["contacts"]
    assert options["export", "--output"]["value"]["isFile"]
    assert options["delete", "--dry-run"] | {"help": ""} == {
        "names": ["-n", "--dry-run"],
        "opposites": [],
        "panel": "Options",
        "help": "",
        "value": None,
        "isRequired": False,
        "isRepeatable": False,
        "default": False,
    }
    assert options["list", "--blocked"]["opposites"] == ["--not-blocked"]
    assert options["list", "--blocked"]["default"] is None
    assert options["list", "--sort"]["value"]["choices"][:2] == ["id", "language"]
    assert not options["list", "--sort"]["value"]["isOpen"]
    assert options["export", "--redact"]["value"]["isList"]
    everywhere = {name: one for one in table["everywhere"] for name in one["names"]}
    assert everywhere["--format"]["value"]["choices"] == ["table", "json", "ndjson", "csv", "tsv", "ids", "count"]
    assert not everywhere["--format"]["isRepeatable"]
    arguments = {one["command"]: one["arguments"] for one in table["commands"]}
    (survivor, others) = arguments["contacts merge"]
    assert (survivor["isRequired"], survivor["isRepeatable"]) == (True, False)
    assert (others["isRequired"], others["isRepeatable"]) == (True, True)
    assert arguments["restore"][0]["value"]["ids"] == ["deleted-visitors"]


def test_a_default_is_one_of_the_choices(table: Any) -> None:
    for command in table["commands"]:
        for option in command["options"]:
            value = option["value"]
            if value and value["choices"] and not value["isOpen"] and option["default"] is not None:
                assert option["default"] in value["choices"], (command["command"], option["names"])


def test_it_has_every_exit_code_and_every_error_code(table: Any) -> None:
    exits = {one["code"]: one["meaning"] for one in table["exitCodes"]}
    assert {0, 1, 2, 3, 4, 5, 6, 7, 8, 130} <= exits.keys()
    assert all(exits.values())
    assert [(one["code"], tuple(one["exitCodes"]), one["meaning"]) for one in table["errorCodes"]] == [*ERROR_CODES]
    assert {code for one in table["errorCodes"] for code in one["exitCodes"]} <= exits.keys()


def test_it_has_every_topic(table: Any) -> None:
    assert [one["name"] for one in table["topics"]] == topics.names()


def test_the_part_of_one_command_or_group(table: Any, visitors: Visitors) -> None:
    (merge,) = [one for one in table["commands"] if one["command"] == "contacts merge"]
    assert visitors("help", "contacts", "merge", "--format", "json").json == merge
    assert visitors("help", "db", "--format", "json").json in table["groups"]


def test_no_help_has_marks_of_its_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "--format", "json"]) == 0
    assert "\\b" not in capsys.readouterr().out
