"""`prune`: stale anonymous visitors, and no others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visitors as api
from visitors.errors import UsageProblem

Visitors = Callable[..., Any]
Fill = Callable[..., None]
Everything = Callable[[], Any]

COMMAND = Path(sys.executable).with_name("visitors")
NOW = "2026-06-30T00:00:00.000Z"
LONG_AGO = "2026-01-01T00:00:00.000Z"
LIMIT = "2026-04-01T00:00:00.000Z"
RECENTLY = "2026-06-01T00:00:00.000Z"
LATER = "2027-01-01T00:00:00.000Z"


@pytest.fixture
def store(fill: Fill, visitors: Visitors) -> None:
    """One of each kind that may and may not be pruned."""
    old = {"createdAt": LONG_AGO}
    fill(
        {"id": "never-seen", **old, "language": "de"},
        {"id": "seen-long-ago", **old, "lastSeenAt": "2026-03-31T23:59:59.999Z"},
        {"id": "seen-at-the-limit", **old, "lastSeenAt": LIMIT},
        {"id": "seen-recently", **old, "lastSeenAt": RECENTLY},
        {"id": "made-recently", "createdAt": RECENTLY},
        {"id": "identified", **old, "contact": {"externalId": "u"}},
        {"id": "blocked", **old, "isBlocked": True},
        {"id": "was-blocked", **old, "isBlocked": True, "blockExpiresAt": LIMIT},
        {"id": "has-written", **old},
        {"id": "has-answered", **old},
        {"id": "deleted", **old, "deletedAt": RECENTLY},
        now=LONG_AGO,
    )
    visitors("conversations", "start", "has-written", "--message", "hi")
    talk = visitors("conversations", "start", "has-answered").stdout.strip()
    visitors("conversations", "reply", talk, "hi", "--as-visitor", "has-answered")


PRUNED = ["never-seen", "seen-long-ago", "was-blocked"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("older_than", ["90d", LIMIT, "2026-04-01"])
def test_it_deletes_the_anonymous_the_silent_and_the_long_unseen_in_one_operation(
    visitors: Visitors, older_than: str
) -> None:
    before = visitors("list", "--format", "ids", now=NOW).lines
    assert sorted(visitors("prune", "--older-than", older_than, "--yes", now=NOW).lines) == PRUNED
    assert set(before) - set(visitors("list", "--format", "ids", now=NOW).lines) == set(PRUNED)
    [operation] = visitors("history", "--command", "prune", "--format", "json").json
    assert operation["changeCount"] == 3
    assert operation["arguments"] == ["--older-than", "--yes"]
    assert visitors("prune", "--older-than", older_than, "--yes", now=NOW).stdout == ""
    assert visitors("history", "--command", "prune", "--format", "count").stdout == "1\n"


@pytest.mark.usefixtures("store")
def test_restore_takes_it_back(visitors: Visitors) -> None:
    before = visitors("export", "--format", "csv", "--fields", "id,deletedAt", now=NOW).stdout
    pruned = visitors("prune", "--older-than", "90d", "--yes", now=NOW).stdout
    visitors("restore", "-", input=pruned)
    assert visitors("export", "--format", "csv", "--fields", "id,deletedAt", now=NOW).stdout == before


@pytest.mark.usefixtures("store")
def test_a_selection_narrows_it(visitors: Visitors) -> None:
    assert visitors("prune", "--older-than", "90d", "--language", "de", "--yes", now=NOW).lines == ["never-seen"]
    assert visitors("prune", "--older-than", "90d", "--never-seen", "--anonymous", "--not-blocked", "--yes",
                    now=NOW).lines == ["was-blocked"]  # fmt: skip
    assert visitors("prune", "--older-than", "90d", "--seen-since", LIMIT, "--yes", now=NOW).lines == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("option", [["--identified"], ["--blocked"], ["--deleted"], ["--contact", "ext:u"]])
def test_a_selection_of_others_is_refused(visitors: Visitors, everything: Everything, option: list[str]) -> None:
    before = everything()
    refused = visitors("prune", "--older-than", "90d", "--yes", *option, now=NOW, code=2)
    assert f"{option[0]} cannot be used with prune" in refused.stderr
    assert everything() == before


@pytest.mark.usefixtures("store")
def test_it_asks_and_previews_and_a_dry_run_changes_nothing(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    refused = visitors("prune", "--older-than", "90d", now=NOW, code=2)
    preview = (
        "3 anonymous visitors were last seen before 2026-04-01 00:00 UTC:\n"
        "first 180d ago (2026-01-01), last 90d ago (2026-03-31), never 2\n"
    )
    assert refused.stderr == (
        preview
        + "error: prune 3 visitors: confirmation needed, but this is not a terminal\nhint: to confirm, add --yes\n"
    )
    dry = visitors("prune", "--older-than", "90d", "--dry-run", now=NOW)
    assert (sorted(dry.lines), dry.stderr) == (PRUNED, preview + "dry run: nothing was changed\n")
    assert visitors("prune", "--older-than", "90d", "--dry-run", "--quiet", now=NOW).stderr == ""
    assert everything() == before


def test_an_age_is_required_and_must_be_past(visitors: Visitors, anonymous: str) -> None:
    assert anonymous
    visitors("prune", "--yes", code=2)
    visitors("prune", "--older-than", "2099-01-01", "--yes", now=NOW, code=2)
    visitors("prune", "--older-than", "soon", "--yes", now=NOW, code=5)
    visitors("prune", anonymous, "--older-than", "1d", "--yes", now=NOW, code=2)
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_a_clock_that_jumped_back_prunes_nobody_who_was_seen_or_made_after_that(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "seen-in-the-future", "createdAt": LONG_AGO, "lastSeenAt": LATER}, now=LONG_AGO)
    visitors("create", "--id", "made-in-the-future", now=LATER)
    visitors("create", "--id", "made-today", now=NOW)
    visitors("track", "--id", "made-today", now="2020-01-01")  # recorded with a wrong clock
    assert visitors("show", "made-today", "--format", "json").json["lastSeenAt"] == "2020-01-01T00:00:00.000Z"
    for now in (NOW, LONG_AGO, "2001-01-01"):
        assert visitors("prune", "--older-than", "1d", "--yes", now=now).lines == []
    assert visitors("prune", "--older-than", "0d", "--yes", now="2027-01-02").lines == [
        "seen-in-the-future",
        "made-in-the-future",
        "made-today",
    ]


def on_terminal(*arguments: str, answer: str | None) -> tuple[str, int | None]:
    child: Any = pexpect.spawn(str(COMMAND), list(arguments), dimensions=(24, 80), encoding="utf-8", timeout=60)
    said = ""
    if answer is not None:
        child.expect_exact("[y/N] ")
        said = str(child.before) + "[y/N] "
        child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    return (said + str(child.before)).replace("\r\n", "\n"), child.exitstatus


@pytest.mark.usefixtures("store")
def test_a_person_sees_who_is_affected_before_confirming(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISITORS_NOW", NOW)
    monkeypatch.setenv("NO_COLOR", "1")
    arguments = ("prune", "--older-than", "90d")
    text, code = on_terminal(*arguments, answer="n")
    assert (code, text.index("3 anonymous visitors") < text.index("prune 3 visitors? [y/N]")) == (7, True)
    text, code = on_terminal(*arguments, answer="y")
    assert (code, text.splitlines()[-1]) == (0, "Pruned 3 visitors.")
    text, code = on_terminal(*arguments, answer=None)
    assert (text, code) == (
        "no anonymous visitor without conversations was last seen before 2026-04-01 00:00 UTC\n",
        0,
    )
    assert visitors("history", "--command", "prune", "--format", "count").stdout == "1\n"


def test_it_shows_the_records_in_the_formats_for_programs(visitors: Visitors, anonymous: str) -> None:
    found = visitors("prune", "--older-than", "1d", "--yes", "--format", "json", now="2099-01-01").json
    assert [(one["outcome"], one["id"], one["deletedAt"]) for one in found] == [
        ("pruned", anonymous, "2099-01-01T00:00:00.000Z")
    ]
    assert visitors("prune", "--older-than", "1d", "--yes", "--format", "count").stdout == "0\n"


def test_the_installed_command_prunes(visitors_process: Visitors) -> None:
    frozen = {"VISITORS_NOW": LONG_AGO}
    visitors_process("create", "--id", "old", env=frozen)
    visitors_process("create", "--id", "new")
    assert visitors_process("prune", "--older-than", "30d", code=2).stdout == ""
    assert visitors_process("prune", "--older-than", "30d", "--yes").stdout == "old\n"
    assert visitors_process("list", "--format", "ids").stdout == "new\n"


# for any store

times = st.sampled_from([LONG_AGO, "2026-03-31T23:59:59.999Z", LIMIT, RECENTLY, NOW, LATER])
visitor = st.fixed_dictionaries(
    {"created": times, "seen": st.none() | times, "identified": st.booleans(), "blocked": st.booleans(),
     "talks": st.booleans(), "deleted": st.booleans()}
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(visitor, max_size=8))
def test_from_python_it_prunes_by_the_same_rules(records: list[dict[str, Any]]) -> None:
    with api.open_store(":memory:", now=NOW) as store:
        expected = []
        for number, one in enumerate(records):
            row: dict[str, Any] = {"id": f"v{number}", "createdAt": one["created"], "lastSeenAt": one["seen"]}
            if one["identified"]:
                row["contact"] = {"externalId": f"u{number}"}
            store.import_([row])
            if one["talks"]:
                store.conversations.start(f"v{number}")
            if one["blocked"]:
                store.block(f"v{number}")
            if one["deleted"]:
                store.delete(f"v{number}")
            if not any(one[what] for what in ("identified", "talks", "blocked", "deleted")) and all(
                time < LIMIT for time in (one["created"], one["seen"] or one["created"])
            ):
                expected.append(f"v{number}")
        assert [one.id for one in store.prune("90d")] == expected
        assert store.count(deleted=True) == len(expected) + sum(one["deleted"] for one in records)
        with pytest.raises(UsageProblem):
            store.prune("90d", identified=True)
