"""What all commands that change many visitors have in common: targets, confirmation, dry runs, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Fill = Callable[..., None]
Everything = Callable[[], Any]

# command -> the name of its outcome, and the visitors in the store below that it can change
COMMANDS = {
    "block": ("blocked", ["free-1", "free-2"]),
    "unblock": ("unblocked", ["blocked-1", "blocked-2"]),
    "delete": ("deleted", ["free-1", "free-2"]),
    "restore": ("restored", ["deleted-1", "deleted-2"]),
    "unidentify": ("unidentified", ["known-1", "known-2"]),
}
SELECTIONS = {
    "block": ["--anonymous", "--not-blocked"],
    "unblock": ["--blocked"],
    "delete": ["--anonymous", "--not-blocked"],
    "restore": ["--deleted"],
    "unidentify": ["--identified"],
}
each_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(autouse=True)
def store(fill: Fill) -> None:
    """Two visitors of each kind."""
    for number in (1, 2):
        fill(
            {"id": f"free-{number}"},
            {"id": f"blocked-{number}", "isBlocked": True},
            {"id": f"deleted-{number}", "deletedAt": "2026-01-01"},
            {"id": f"known-{number}", "contact": {"externalId": f"u{number}"}},
        )


@each_command
def test_named_visitors_are_changed_in_one_operation_and_their_ids_printed(visitors: Visitors, command: str) -> None:
    outcome, targets = COMMANDS[command]
    answer = visitors(command, *targets, "--format", "ndjson")
    assert [json.loads(line)["outcome"] for line in answer.lines] == [outcome, outcome]
    assert [json.loads(line)["id"] for line in answer.lines] == targets
    assert visitors("history", "--command", command, "--format", "count").stdout == "1\n"


@each_command
def test_a_second_run_records_no_operation_and_prints_the_same_ids(visitors: Visitors, command: str) -> None:
    _, targets = COMMANDS[command]
    first = visitors(command, *targets)
    again = visitors(command, *targets)
    assert first.lines == again.lines == targets
    assert visitors("history", "--command", command, "--format", "count").stdout == "1\n"


@each_command
def test_a_mixture_says_which_were_so_already(visitors: Visitors, command: str) -> None:
    outcome, (first, second) = COMMANDS[command]
    visitors(command, first)
    answer = visitors(command, first, second, "--format", "ndjson")
    assert [json.loads(line)["outcome"] for line in answer.lines] == ["unchanged", outcome]


@each_command
def test_ids_come_from_standard_input_in_one_operation(visitors: Visitors, command: str) -> None:
    _, targets = COMMANDS[command]
    assert visitors(command, "-", input="\n".join(targets) + "\n").lines == targets
    assert visitors("history", "--command", command, "--format", "count").stdout == "1\n"


@each_command
def test_one_unknown_id_on_standard_input_means_that_nothing_changes(
    visitors: Visitors, everything: Everything, command: str
) -> None:
    before = everything()
    refused = visitors(command, "-", input="\n".join([*COMMANDS[command][1], "nobody"]), code=3)
    assert "'nobody'" in refused.stderr
    assert refused.stdout == ""
    assert everything() == before


@each_command
def test_one_ambiguous_id_means_that_nothing_changes(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    first = COMMANDS[command][1][0]
    visitors(command, first, first[:-1], code=4)
    assert everything() == before


@each_command
def test_all_has_to_be_explicit(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    visitors(command, code=2)
    visitors(command, "--yes", code=2)
    visitors(command, "--dry-run", code=2)
    visitors(command, "", "--yes", code=3)
    assert everything() == before


@each_command
def test_empty_standard_input_is_none_and_not_all(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    answer = visitors(command, "-", "--yes", input="\n", code=None)
    assert answer.code in (0, 2)
    assert answer.stdout == ""
    assert everything() == before


@each_command
def test_a_selection_needs_yes_where_nobody_can_be_asked(
    visitors: Visitors, everything: Everything, command: str
) -> None:
    before = everything()
    refused = visitors(command, *SELECTIONS[command], "--format", "json", input="y\n", code=2)
    assert refused.error["code"] == "yes_needed"
    assert "2 visitors" in refused.error["message"]
    assert everything() == before


@each_command
def test_a_selection_changes_those_it_chooses_and_only_those(visitors: Visitors, command: str) -> None:
    _, targets = COMMANDS[command]
    assert sorted(visitors(command, *SELECTIONS[command], "--yes").lines) == targets
    (operation,) = visitors("history", "--command", command, "--format", "json").json
    # unblocking lifts a block, and shows on the visitor when
    assert operation["changeCount"] == len(targets) * (2 if command == "unblock" else 1)


@each_command
def test_a_dry_run_needs_no_yes_and_changes_nothing(visitors: Visitors, everything: Everything, command: str) -> None:
    _, targets = COMMANDS[command]
    before = everything()
    answer = visitors(command, *SELECTIONS[command], "--dry-run", "--format", "json")
    would = f"would {command}"
    assert [(one["id"], one["outcome"]) for one in answer.json] == [(target, would) for target in targets]
    visitors(command, *targets, "--dry-run")
    assert everything() == before


@each_command
def test_ids_and_a_selection_exclude_each_other(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    visitors(command, COMMANDS[command][1][0], *SELECTIONS[command], "--yes", code=2)
    assert everything() == before


@pytest.mark.parametrize("command", ["block", "unblock", "delete", "unidentify"])
def test_all_means_every_visitor_that_is_not_deleted(visitors: Visitors, command: str) -> None:
    live = sorted(visitors("list", "--format", "ids").lines)
    visitors(command, "--all", code=2)
    assert sorted(visitors(command, "--all", "--yes").lines) == live


@pytest.mark.parametrize("command", ["block", "unblock", "delete", "unidentify"])
def test_all_excludes_ids_and_selections(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    visitors(command, "--all", "free-1", "--yes", code=2)
    visitors(command, "--all", "--blocked", "--yes", code=2)
    assert everything() == before


@each_command
def test_a_selection_that_chooses_nobody_is_no_error(visitors: Visitors, everything: Everything, command: str) -> None:
    before = everything()
    assert visitors(command, "--language", "fr", "--yes").stdout == ""
    assert everything() == before


@each_command
def test_format_count_is_how_many(visitors: Visitors, command: str) -> None:
    assert visitors(command, *COMMANDS[command][1], "--format", "count").stdout == "2\n"


@each_command
def test_json_is_an_object_for_one_named_visitor_and_an_array_else(visitors: Visitors, command: str) -> None:
    (first, second) = COMMANDS[command][1]
    assert visitors(command, first, "--dry-run", "--format", "json").json["id"] == first
    assert len(visitors(command, first, second, "--dry-run", "--format", "json").json) == 2
    assert isinstance(visitors(command, *SELECTIONS[command], "--dry-run", "--format", "json").json, list)


@each_command
def test_a_byte_order_mark_is_no_part_of_the_first_id(visitors: Visitors, command: str) -> None:
    outcome, targets = COMMANDS[command]
    given = "\ufeff" + "\r\n".join(targets) + "\r\n"
    answer = visitors(command, "-", "--format", "ndjson", input=given)
    assert [json.loads(line)["outcome"] for line in answer.lines] == [outcome, outcome]
    assert [json.loads(line)["id"] for line in answer.lines] == targets


EVERY = {  # command -> its arguments, without missing ids
    **{command: targets for command, (_, targets) in COMMANDS.items()},
    "update --city Oslo": ["free-1", "free-2"],
    "show": ["free-1", "deleted-1"],
    "erase --yes": ["free-1", "free-2"],
    "contacts show": ["ext:u1", "ext:u2"],
    "contacts delete": ["ext:u1", "ext:u2"],
    "contacts restore": ["ext:u1", "ext:u2"],
    "contacts erase --yes": ["ext:u1", "ext:u2"],
}


@pytest.mark.parametrize("words", EVERY)
def test_what_is_not_there_is_named_up_to_ten_and_counted(
    visitors: Visitors, everything: Everything, words: str
) -> None:
    before = everything()
    typed = [*EVERY[words], *(f"no-{number}" for number in range(12))]
    refused = visitors(*words.split(), "-", "--format", "json", input="\n".join(typed), code=3).error
    shown = ", ".join(f"'no-{number}'" for number in range(10))
    assert refused["message"] == f"12 of 14 not found: {shown} and 2 more"
    assert refused["hint"] == "to skip missing ones, add --ignore-missing"
    one = visitors(*words.split(), "no-1", EVERY[words][0], "--format", "json", code=3).error
    assert "'no-1'" in one["message"]
    assert one["hint"] == "to skip missing ones, add --ignore-missing"
    assert everything() == before


@pytest.mark.parametrize("words", EVERY)
def test_the_others_can_be_taken(visitors: Visitors, words: str) -> None:
    typed = ["no-1", EVERY[words][0], "no 2", EVERY[words][1]]
    taken = visitors(*words.split(), "-", "--ignore-missing", "--format", "json", input="\n".join(typed))
    if "erase" in words:
        assert max(taken.json["counts"][kind] for kind in ("visitors", "contacts")) == 2
    else:
        assert len(taken.json) == 2
    assert "skipped 2 of 4, not found: 'no-1', 'no 2'\n" in taken.stderr


@pytest.mark.parametrize("words", EVERY)
@pytest.mark.parametrize("typed", [["nobody"], ["nobody", "no 2"]])
def test_where_none_is_there_nothing_is_done(
    visitors: Visitors, everything: Everything, words: str, typed: list[str]
) -> None:
    before = everything()
    answer = visitors(*words.split(), *typed, "--ignore-missing", "--format", "json")
    assert answer.stdout == ("" if "erase" in words else "[]\n")
    assert f"skipped {len(typed)} of {len(typed)}, " in answer.stderr
    assert everything() == before


def test_what_is_ambiguous_or_deleted_is_not_left_out(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    assert visitors("block", "free", "--ignore-missing", "--format", "json", code=4).error["code"] == "ambiguous"
    visitors("block", "deleted-1", "nobody", "--ignore-missing", code=4)
    assert everything() == before


def test_leaving_out_what_is_missing_names_nobody(visitors: Visitors) -> None:
    assert "no visitors given" in visitors("block", "--ignore-missing", code=2).stderr
    assert "no visitors given" in visitors("erase", "--ignore-missing", code=2).stderr
