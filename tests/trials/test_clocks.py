"""A clock that jumps back, and two versions of the program on one store."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

import pytest

from trials.sound import assert_sound
from trials.writes import READS, WRITES, Furnished, Visitors, Write
from visitors.domain import times
from visitors.store.schema.version import BASELINE, SCHEMA_VERSION

LATER, EARLIER = "2026-03-02T12:00:00.000Z", "2026-03-01T12:00:00.000Z"


def test_ids_stay_unique_when_the_clock_jumps_back(visitors: Visitors, store_path: Path) -> None:
    made = [visitors("create", now=now).stdout.strip() for now in (LATER, EARLIER, LATER, EARLIER, EARLIER)]

    assert len(set(made)) == 5
    assert visitors("list", "--format", "count", now=EARLIER).stdout == "5\n"
    assert_sound(store_path)


def test_history_keeps_the_order_in_which_things_were_done(visitors: Visitors) -> None:
    visitors("create", "--id", "v1", now=LATER)
    visitors("update", "v1", "--city", "Oslo", now=EARLIER)
    visitors("block", "v1", now=LATER)
    visitors("unblock", "v1", now=EARLIER)

    done = visitors("history", "--format", "json", now=EARLIER).json
    assert [(one["command"], one["at"]) for one in done] == [
        ("unblock", EARLIER), ("block", LATER), ("update", EARLIER), ("create", LATER),
    ]  # fmt: skip
    changes = visitors("history", "v1", "--format", "json", now=EARLIER).json
    assert [one["at"] for one in changes] == [EARLIER, LATER, EARLIER, LATER]


def test_a_change_by_a_clock_that_jumped_back_does_not_make_the_update_older(
    visitors: Visitors, tmp_path: Path
) -> None:
    visitors("track", "--id", "v1", now=LATER)
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text("version: 1\nvisitors: {v1: {city: Bergen}}\n")
    for words in (
        ["update", "v1", "--city", "Oslo"],
        ["delete", "v1"],
        ["restore", "v1"],
        ["block", "v1"],
        ["unblock", "v1"],
        ["identify", "v1", "--email", "ada@example.com"],
        ["unidentify", "v1"],
        ["fixtures", "apply", str(fixture)],
    ):
        visitors(*words, now=EARLIER)
        kind = ["list", "--deleted"] if words[0] == "delete" else ["list"]
        assert visitors(*kind, "--fields", "updatedAt", "--format", "tsv", "--no-header").stdout == f"{LATER}\n", words


def test_a_contact_and_a_conversation_are_never_updated_before_they_were(visitors: Visitors) -> None:
    visitors("create", "--id", "v1", now=LATER)
    for name in ("ada", "bob"):
        visitors("contacts", "create", "--id", name, "--email", f"{name}@example.com", now=LATER)
    visitors("identify", "v1", "--email", "bob@example.com", now=LATER)
    talk = visitors("conversations", "start", "v1", "--message", "Hello", now=LATER).stdout.strip()
    for words in (
        ["contacts", "update", "ada", "--name", "Ada"],
        ["contacts", "delete", "ada"],
        ["contacts", "restore", "ada"],
        ["block", "--contact", "ada"],
        ["unblock", "--contact", "ada"],
        ["conversations", "reply", talk, "Hi", "--as-agent", "eve"],
        ["conversations", "resolve", talk],
        ["contacts", "merge", "ada", "bob", "--yes"],
    ):
        done = visitors(*words, now=EARLIER, code=None)
        assert done.code == 0, done.stderr
        for listing in (["contacts", "list"], ["contacts", "list", "--deleted"], ["conversations", "list"]):
            assert {one["updatedAt"] for one in visitors(*listing, "--format", "json").json} <= {LATER}, words


def test_a_block_for_a_while_counts_from_its_start(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors("create", "--id", "v1", now=EARLIER)
    clock = chain([LATER], repeat(EARLIER))  # set back after the command started
    monkeypatch.setattr(times, "now", lambda: next(clock))
    visitors("block", "v1", "--for", "1h")

    (block,) = visitors("show", "v1", "--format", "json", now=EARLIER).json["blocks"]
    assert (block["blockedAt"], block["expiresAt"]) == (EARLIER, "2026-03-01T13:00:00.000Z")


def test_a_block_is_not_lifted_before_it_began(visitors: Visitors) -> None:
    visitors("create", "--id", "v1", now=LATER)
    visitors("block", "v1", now=LATER)
    visitors("block", "v1", "--for", "7d", now=EARLIER)
    visitors("unblock", "v1", now=EARLIER)

    blocks = visitors("show", "v1", "--format", "json", now=EARLIER).json["blocks"]
    assert sorted((one["blockedAt"], one["liftedAt"]) for one in blocks) == [(EARLIER, EARLIER), (LATER, LATER)]


def test_being_seen_by_a_clock_that_jumped_back_does_not_make_it_longer_ago(visitors: Visitors) -> None:
    visitors("track", "--id", "v1", now=LATER)
    visitors("track", "--id", "v1", "--city", "Oslo", now=EARLIER)

    found = visitors("show", "v1", "--format", "json", now=EARLIER).json
    assert found["lastSeenAt"] == LATER
    assert found["city"] == "Oslo"


def test_an_import_keeps_the_earliest_and_the_latest_whatever_the_clock_says(visitors: Visitors) -> None:
    rows = f"id,createdAt,lastSeenAt\nv1,{EARLIER},{LATER}\n"
    visitors("import", "-", "--input-format", "csv", input=rows, now=LATER)
    again = f"id,createdAt,lastSeenAt\nv1,{LATER},{EARLIER}\n"
    visitors("import", "-", "--input-format", "csv", "--on-existing", "update", input=again, now=EARLIER)

    found = visitors("show", "v1", "--format", "json", now=EARLIER).json
    assert (found["createdAt"], found["lastSeenAt"]) == (EARLIER, LATER)


def test_a_block_for_a_while_is_judged_when_it_is_read(visitors: Visitors) -> None:
    visitors("create", "--id", "v1", now=EARLIER)
    visitors("block", "v1", "--for", "1h", now=EARLIER)

    def blocked(now: str) -> object:
        return visitors("show", "v1", "--format", "json", now=now).json["isBlocked"]

    assert [blocked(now) for now in (EARLIER, LATER, EARLIER)] == [True, False, True]
    assert visitors("list", "--blocked", "--format", "count", now=EARLIER).stdout == "1\n"
    assert visitors("list", "--blocked", "--format", "count", now=LATER).stdout == "0\n"


@pytest.mark.parametrize("now", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_a_clock_that_is_far_off_is_reported_or_harmless(visitors: Visitors, store_path: Path, now: str) -> None:
    visitors("create", "--id", "v1", now=LATER)
    for words in (["create"], ["track", "--id", "v1"], ["block", "v1", "--for", "7d"], ["list", "--seen-since", "30d"]):
        done = visitors(*words, now=now, code=None)
        assert done.code in (0, 5), done.stderr
        assert "Traceback" not in done.stderr
    assert_sound(store_path)


@pytest.mark.parametrize("now", ["1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"])
def test_ids_that_are_made_before_1970_are_ulids(visitors: Visitors, now: str) -> None:
    made = visitors("create", now=now).stdout.strip()
    visitors("import", "-", "--input-format", "ndjson", "--new", input='{"createdAt":"1969-07-20"}\n' * 2, now=now)
    visitors("block", "--all", "--yes", now=now)

    ids = visitors("list", "--format", "ids").lines
    ids += [one["id"] for one in visitors("history", "--format", "json").json]
    assert made in ids
    assert [one for one in ids if not re.fullmatch("0{10}[0-9A-HJKMNP-TV-Z]{16}", one)] == []


@pytest.mark.parametrize(("schema", "told"), [(SCHEMA_VERSION + 1, "newer version"), (BASELINE - 1, "0.1 or earlier")])
@pytest.mark.parametrize("write", [*WRITES, *sorted(READS)], ids=lambda one: one if isinstance(one, str) else one.name)
def test_every_command_refuses_a_store_of_a_version_that_it_does_not_know(
    visitors: Visitors, furnished: Furnished, tmp_path: Path, write: Write | str, schema: int, told: str
) -> None:
    if write in ("db path", "completion", "help", "stores", "fixtures schema", "fixtures check"):
        return  # these open no store
    store = furnished.copy(WRITES[0], tmp_path / "unknown")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA user_version = {schema}")
    before = store.read_bytes()
    needs = {
        "show": ["v01"], "explain": ["v01"], "contacts show": ["ext:u1"], "contacts subject-export": ["ext:u1"],
        "conversations show": ["x"],
        "assert": ["--count", "1"],
        "sql": ["SELECT 1"],
        "fixtures diff": [str(furnished.files / "fixture.yaml")],
    }  # fmt: skip
    if isinstance(write, str):
        said = visitors(*write.split(), *needs.get(write, []), "--db", str(store), code=None)
    else:
        said = visitors(*furnished.command(write), "--db", str(store), input=furnished.input(write), code=None)

    assert said.code == 6, said.stderr
    assert told in said.stderr
    assert said.stdout == ""
    assert store.read_bytes() == before
