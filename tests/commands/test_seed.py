from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

NOW = "2026-01-01T00:00:00.000Z"
SEED = ("seed", "--seed", "42", "--count", "50", "--now", NOW)


def count(visitors: Visitors, *arguments: str) -> int:
    return int(visitors(*arguments, "--format", "count").stdout)


def lines_of(visitors: Visitors, kind: str) -> list[dict[str, Any]]:
    dumped = (json.loads(line) for line in visitors("db", "dump").lines)
    return [line for line in dumped if line["type"] == kind]


def test_it_reports_what_was_made_on_stderr_and_prints_ids_only_on_request(visitors: Visitors) -> None:
    made = visitors("seed", "--count", "3", "--seed", "7")
    assert made.stdout == ""
    assert made.stderr.startswith("Generated 3 visitors: ")
    quiet = visitors("seed", "--count", "3", "--seed", "8", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_the_ids_come_in_the_order_of_their_making(visitors: Visitors) -> None:
    made = visitors(*SEED, "--format", "ids")
    assert made.lines == [line["id"] for line in lines_of(visitors, "visitor")]
    assert len(made.lines) == 50


def test_without_options_there_are_a_hundred_some_known_and_some_blocked(visitors: Visitors) -> None:
    visitors("seed")
    assert count(visitors, "list") == 100
    assert count(visitors, "list", "--identified") == 30
    assert count(visitors, "list", "--blocked") == 2
    assert count(visitors, "conversations", "list") > 0


def test_every_option_takes_effect(visitors: Visitors) -> None:
    visitors(
        *SEED, "--identified", "0.5", "--blocked", "10%", "--devices", "2", "--conversations", "1",
        "--locale", "ja-JP", "--locale", "de",
    )  # fmt: skip
    listed = visitors("list", "--limit", "0", "--format", "json").json
    assert {one["language"] for one in listed} == {"ja-JP", "de-DE"}
    assert sum(one["contact"] is not None for one in listed) == 25
    assert sum(one["isBlocked"] for one in listed) == 5
    assert count(visitors, "conversations", "list") == 50
    contacts = visitors("contacts", "list", "--format", "json").json
    assert sorted(one["visitorCount"] for one in contacts) == [1] + [2] * 12


def test_all_is_one_operation_at_the_time_of_now(visitors: Visitors) -> None:
    visitors(*SEED)
    (operation,) = lines_of(visitors, "operation")
    assert (operation["at"], operation["command"], operation["actor"]) == (NOW, "seed", "tester")
    assert json.loads(operation["arguments"]) == ["--count", "--now", "--seed"]


def test_two_stores_of_one_seed_are_the_same_to_the_byte(visitors: Visitors, tmp_path: Path) -> None:
    def dump(name: str) -> str:
        visitors(*SEED, "--db", str(tmp_path / name))
        return str(visitors("db", "dump", "--db", str(tmp_path / name)).stdout)

    assert dump("one.db") == dump("other.db")


def test_now_is_frozen_by_the_environment_too_and_the_option_comes_first(visitors: Visitors, tmp_path: Path) -> None:
    def ids(name: str, *arguments: str, now: str | None = None) -> list[str]:
        store = ("--db", str(tmp_path / name))
        made = visitors("seed", "--count", "5", "--format", "ids", *store, *arguments, now=now)
        return list(made.lines)

    by_option = ids("a.db", "--now", NOW)
    assert ids("b.db", now=NOW) == by_option
    assert ids("c.db", "--now", NOW, now="2020-01-01T00:00:00.000Z") == by_option
    assert ids("d.db", now="2020-01-01T00:00:00.000Z") != by_option


def test_an_export_imports_again_to_the_same_export(visitors: Visitors, tmp_path: Path) -> None:
    visitors(*SEED)
    exported = visitors("export", "--format", "ndjson").stdout
    visitors("import", "-", "--input-format", "ndjson", "--db", str(tmp_path / "again.db"), input=exported)
    assert visitors("export", "--format", "ndjson", "--db", str(tmp_path / "again.db")).stdout == exported


def test_a_dump_loads_again_to_the_same_dump(visitors: Visitors, tmp_path: Path) -> None:
    visitors(*SEED, "--conversations", "1-2")
    dumped = visitors("db", "dump").stdout
    visitors("db", "load", "-", "--db", str(tmp_path / "again.db"), input=dumped)
    assert visitors("db", "dump", "--db", str(tmp_path / "again.db")).stdout == dumped


def test_people_show_up_with_their_devices_blocks_and_conversations(visitors: Visitors) -> None:
    visitors(*SEED, "--identified", "100%", "--blocked", "100%", "--devices", "2", "--conversations", "2")
    contact = visitors("contacts", "list", "--format", "json").json[0]
    assert contact["isBlocked"]
    conversations = visitors("conversations", "list", "--contact", contact["id"], "--format", "json").json
    assert len(conversations) == 4
    assert {one["contactId"] for one in conversations} == {contact["id"]}
    shown = visitors("conversations", "show", conversations[0]["id"], "--format", "json").json
    assert len(shown["messages"]) == conversations[0]["messageCount"] > 0
    assert len(lines_of(visitors, "block")) == 25


@pytest.mark.parametrize("now", [NOW, "2026-05-05"])
def test_the_same_seed_again_is_a_conflict_and_writes_nothing(
    visitors: Visitors, everything: Callable[[], Any], now: str
) -> None:
    visitors(*SEED)
    before = everything()
    refused = visitors("seed", "--seed", "42", "--count", "50", "--now", now, "--format", "json", code=4)
    assert refused.error["code"] == "seeded_already"
    assert "--seed" in refused.error["hint"]
    assert everything() == before


def test_another_seed_adds_other_people(visitors: Visitors) -> None:
    visitors(*SEED)
    visitors("seed", "--seed", "43", "--count", "7", "--now", NOW)
    assert count(visitors, "list") == 57
    assert visitors("contacts", "duplicates", "--format", "json").json == []


def test_an_id_that_exists_stops_it_with_nothing_written(visitors: Visitors, tmp_path: Path) -> None:
    last = visitors(*SEED, "--format", "ids", "--db", str(tmp_path / "other.db")).lines[-1]
    visitors("create", "--id", last)
    visitors(*SEED, code=4)
    assert visitors("list", "--format", "ids").lines == [last]
    assert count(visitors, "contacts", "list") == 0


def test_formats_and_fields_override_what_it_prints(visitors: Visitors) -> None:
    shown = visitors(*SEED, "--format", "ndjson", "--fields", "id,contact.name,isBlocked").lines
    assert len(shown) == 50
    assert list(json.loads(shown[0])) == ["id", "contact", "isBlocked"]
    assert visitors("seed", "--count", "3", "--format", "count").stdout == "3\n"


def test_nobody_is_no_operation(visitors: Visitors) -> None:
    visitors("seed", "--count", "0")
    assert count(visitors, "history") == 0
    assert count(visitors, "list") == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--count", "-1"), 2),
        (("--count", "many"), 2),
        (("--seed", "-1"), 2),
        (("--seed", str(2**64)), 2),
        (("--identified", "30"), 2),
        (("--blocked", "two"), 2),
        (("--devices", "0-2"), 2),
        (("--devices", "3-1"), 2),
        (("--conversations", "1-"), 2),
        (("--locale", "xx-XX"), 2),
        (("--now", "soon"), 5),
        (("--now", "1970-01-01"), 5),
    ],
)
def test_invalid_options_are_refused_before_a_store_is_created(
    visitors: Visitors, store_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    refused = visitors("seed", *arguments, code=code)
    assert refused.stderr.startswith("error: ")
    assert not store_path.exists()


def test_an_unknown_locale_lists_the_known(visitors: Visitors) -> None:
    hint = visitors("seed", "--locale", "xx", "--format", "json", code=2).error["hint"]
    assert "de-DE" in hint
    assert "ja-JP" in hint
