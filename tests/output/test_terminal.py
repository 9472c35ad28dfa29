"""What a person sees on a real terminal, and a program in a pipe."""

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

from trials.running import interruptible

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))
NOW = "2026-03-01T12:00:00Z"


class Screen:
    """The output of a command on its own terminal, and its exit code."""

    def __init__(self, text: str, code: int | None) -> None:
        self.text = text.replace("\r\n", "\n")
        self.code = code

    @property
    def lines(self) -> list[str]:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.text).splitlines()


def on_terminal(
    *words: str, answer: str | None = None, columns: int = 100, environment: dict[str, str] | None = None
) -> Screen:
    """Run the command at a terminal; `answer` is typed when it asks."""
    settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    child: Any = pexpect.spawn(
        COMMAND,
        list(words),
        dimensions=(50, columns),
        env={**settings, "TERM": "xterm-256color", "VISITORS_NOW": NOW, **(environment or {})},
        encoding="utf-8",
        timeout=20,
        preexec_fn=interruptible,
    )
    text = ""
    if answer is not None:
        child.expect_exact("[y/N] ")
        text = child.before + child.after
        child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    return Screen(text + child.before, child.exitstatus)


def fill(visitors: Visitors, number: int) -> None:
    """Create visitors `v000`, `v001`, ..., an hour before NOW."""
    rows = "".join(f"v{index:03d},en-US,Firefox,2026-03-01T11:00:00Z\n" for index in range(number))
    visitors("import", "-", "--input-format", "csv", input="id,language,browser,lastSeenAt\n" + rows)


def test_a_person_gets_a_table_with_relative_times_and_a_program_gets_tsv(visitors: Visitors) -> None:
    fill(visitors, 2)

    screen = on_terminal("list")
    piped = subprocess.run([COMMAND, "list"], capture_output=True, text=True, check=True, timeout=20)

    assert screen.code == 0
    assert screen.lines[0].split() == ["ID", "WHO", "LANGUAGE", "DEVICE", "SEEN"]
    assert screen.lines[1].split() == ["v001", "anonymous", "en-US", "Firefox", "1h", "ago"]
    assert piped.stdout.startswith("id\tlanguage\t")
    assert "2026-03-01T11:00:00.000Z" in piped.stdout
    assert piped.stderr == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["create", "--id", "new"], "Created visitor new."),
        (["track", "--id", "v000"], "Recognised visitor v000 by its id."),
        (["block", "v000"], "Blocked visitor v000."),
        (["delete", "v000", "v001"], "Deleted 2 visitors."),
        (["update", "v000", "--city", "Oslo"], "Updated visitor v000."),
        (["identify", "v000", "--email", "ada@example.com"], "Linked visitor v000 to a new contact."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_change_is_one_friendly_line_to_a_person_and_ids_to_a_program(
    visitors: Visitors, words: list[str], sentence: str
) -> None:
    fill(visitors, 2)

    assert on_terminal(*words).lines == [sentence]

    again = visitors(*words, *(["--exist-ok"] if words[0] == "create" else [])).lines
    assert again == [word for word in words if word in ("new", "v000", "v001")]


def test_a_change_that_changes_nothing_says_so(visitors: Visitors) -> None:
    fill(visitors, 1)
    visitors("block", "v000")

    assert on_terminal("block", "v000").lines == ["Visitor v000 is already blocked; nothing changed."]


def test_format_overrides_both_defaults(visitors: Visitors) -> None:
    fill(visitors, 1)

    assert on_terminal("list", "--format", "ids").lines == ["v000"]
    assert on_terminal("block", "v000", "--format", "ids").lines == ["v000"]
    assert visitors("block", "v000", "--format", "json").json["id"] == "v000"


def test_a_list_that_is_cut_says_so_on_standard_error(visitors: Visitors, tmp_path: Path) -> None:
    fill(visitors, 60)
    said = tmp_path / "stderr"
    child: Any = pexpect.spawn("bash", ["-c", f"{COMMAND} list 2>{said}"], dimensions=(50, 100), encoding="utf-8")
    child.expect(pexpect.EOF)

    assert len(child.before.splitlines()) == 51
    assert re.fullmatch(r"50 of 60( visitors)?; --limit 0 for all\n", said.read_text())
    assert len(on_terminal("list", "--limit", "0").lines) == 61
    assert on_terminal("list", "--quiet").lines[-1].startswith("v010")
    assert len(visitors("list").lines) == 61


def test_an_empty_list_says_so(visitors: Visitors) -> None:
    fill(visitors, 1)

    assert on_terminal("list", "--language", "de").lines == ["no visitors found"]


@pytest.mark.parametrize(
    "answer", ["n\r", "\r", "no\r", "never\r", "\x04"], ids=["n", "enter", "no", "never", "ctrl-d"]
)
def test_whoever_does_not_say_yes_declines(visitors: Visitors, answer: str) -> None:
    fill(visitors, 3)

    screen = on_terminal("delete", "--language", "en", answer=answer)

    assert screen.code == 7
    assert "delete 3 visitors? [y/N]" in screen.text
    assert "error: nothing was changed" in "\n".join(screen.lines)
    assert visitors("list", "--format", "count").stdout == "3\n"


@pytest.mark.parametrize("answer", ["y\r", "yes\r", "Y\r"])
def test_whoever_says_yes_gets_it(visitors: Visitors, answer: str) -> None:
    fill(visitors, 3)

    screen = on_terminal("delete", "--language", "en", answer=answer)

    assert screen.code == 0
    assert screen.lines[-1] == "Deleted 3 visitors."
    assert visitors("list", "--format", "count").stdout == "0\n"


def test_ctrl_c_at_the_prompt_is_an_interruption_that_changes_nothing(visitors: Visitors) -> None:
    fill(visitors, 3)

    screen = on_terminal("delete", "--language", "en", answer="\x03")

    assert screen.code == 130
    assert "Traceback" not in screen.text
    assert visitors("list", "--format", "count").stdout == "3\n"


def test_without_a_terminal_nobody_is_asked(visitors: Visitors) -> None:
    fill(visitors, 3)

    assert "hint: to confirm, add --yes" in visitors("delete", "--language", "en", code=2).stderr
    assert visitors("list", "--format", "count").stdout == "3\n"


@pytest.mark.parametrize("columns", [72, 80, 200])
def test_a_table_fits_the_terminal_and_cuts_no_id(visitors: Visitors, columns: int) -> None:
    visitor = visitors("create", "--browser", "A browser with a rather long name", "--os", "An operating system").lines[
        0
    ]
    visitors("identify", visitor, "--external-id", "u1", "--name", "Somebody with a name of forty characters")

    screen = on_terminal("list", columns=columns)

    assert max(map(len, screen.lines)) <= columns
    assert len(screen.lines) == 2
    assert visitor in screen.lines[1]
    assert ("…" in screen.lines[1]) == (columns < 200)


@pytest.mark.parametrize("columns", [20, 40])
def test_on_a_narrow_terminal_a_record_is_a_line_for_each_value_and_nothing_vanishes(
    visitors: Visitors, columns: int
) -> None:
    visitor = visitors("create", "--browser", "Firefox", "--os", "Linux", "--language", "en-GB").lines[0]
    visitors("identify", visitor, "--external-id", "u1", "--name", "Somebody with a name of forty characters")
    visitors("create", "--id", "other")

    screen = on_terminal("list", columns=columns)

    text = " ".join(screen.text.split())
    assert "\n\n" in screen.text
    for part in (
        visitor,
        "other",
        "anonymous",
        "Somebody with a name of forty characters",
        "en-GB",
        "Firefox",
        "Linux",
    ):
        assert part in re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "…" not in text


def test_a_wide_terminal_has_more_columns(visitors: Visitors) -> None:
    visitor = visitors("create", "--ip", "203.0.113.7").lines[0]
    visitors("identify", visitor, "--email", "ada@example.com", "--name", "Ada")

    assert on_terminal("list", columns=80).lines[0].split() == ["ID", "WHO"]
    header, row = on_terminal("list", columns=120).lines
    assert header.split() == ["ID", "WHO", "EMAIL", "IP", "CREATED"]
    assert "203.0.113.7" in row


def test_a_page_shows_a_long_id_whole_at_any_width(visitors: Visitors) -> None:
    visitor = visitors("create").lines[0]

    assert visitor in on_terminal("show", visitor, columns=80).lines[0]


def test_a_page_shows_the_end_of_a_block_once(visitors: Visitors) -> None:
    visitors("create", "--id", "a")
    visitors("block", "a", "--reason", "spam", "--until", "2099-01-02T03:04:05Z")
    assert on_terminal("show", "a").text.count("2099-01-02") == 1


def test_a_terminal_has_colour_unless_it_is_not_wanted(visitors: Visitors) -> None:
    fill(visitors, 1)

    assert "\x1b[" in on_terminal("list").text
    assert "\x1b[1;36mv000" in on_terminal("show", "v000").text
    assert "\x1b[" in on_terminal("show", "nobody").text


@pytest.mark.parametrize("words", [["list"], ["show", "v000"], ["show", "nobody"], ["list", "--language", "de"]])
@pytest.mark.parametrize("how", ["--no-color", "NO_COLOR", "TERM"])
def test_no_colour_means_no_escape_at_all(visitors: Visitors, words: list[str], how: str) -> None:
    fill(visitors, 1)
    settings = {"NO_COLOR": {"NO_COLOR": "1"}, "TERM": {"TERM": "dumb"}}.get(how)
    flags = [how] if settings is None else []
    screen = on_terminal(*words, *flags, environment=settings)

    assert "\x1b" not in screen.text
    assert screen.text.strip()


def test_an_empty_no_color_changes_nothing(visitors: Visitors) -> None:
    fill(visitors, 1)

    assert on_terminal("list", environment={"NO_COLOR": ""}).text == on_terminal("list").text


@pytest.mark.parametrize("flags", [[], ["--no-color"]])
def test_a_bar_has_colour_unless_it_is_not_wanted(tmp_path: Path, flags: list[str]) -> None:
    file = tmp_path / "many.csv"
    file.write_text("id,browser\n" + "".join(f"v{number:05},{'x' * 100}\n" for number in range(10_000)))

    shown = on_terminal("import", str(file), "--dry-run", *flags).text

    assert "━" in shown
    assert bool(re.search(r"\x1b\[[0-9;]*m", shown)) == (not flags)


@pytest.mark.parametrize("columns", ["0", "00"])
def test_no_columns_are_as_many_as_the_terminal_has(visitors: Visitors, columns: str) -> None:
    fill(visitors, 1)

    assert on_terminal("list", environment={"COLUMNS": columns}).text == on_terminal("list").text
    assert on_terminal("show", "v000", environment={"COLUMNS": columns}).text == on_terminal("show", "v000").text
    assert on_terminal("list", "--help", environment={"COLUMNS": columns}).text == on_terminal("list", "--help").text


def test_a_pipe_has_no_colour(visitors: Visitors) -> None:
    fill(visitors, 1)

    assert "\x1b" not in visitors("list", "--format", "table").stdout
    assert "\x1b" not in visitors("show", "nobody", code=3).stderr


def test_a_long_listing_is_as_complete_as_a_short_one(visitors: Visitors) -> None:
    fill(visitors, 300)

    screen = on_terminal("list", "--limit", "0")

    assert len(screen.lines) == 301
    assert screen.lines[300].split() == ["v000", "anonymous", "en-US", "Firefox", "1h", "ago"]


@pytest.mark.parametrize("format_", ["tsv", "csv", "json", "ndjson", "table"])
def test_no_format_lets_data_steer_the_terminal(visitors: Visitors, format_: str) -> None:
    visitor = visitors("create").lines[0]
    visitors("identify", visitor, "--external-id", "u1", "--name", "\x1b]52;c;cm0=\x07\u202e\x9b1m")

    screen = on_terminal("list", "--format", format_, "--no-color", "--fields", "contact.name")

    assert "\x1b" not in screen.text
    assert not set("\x07\u202e\x9b") & set(screen.text)
    assert "52;c;cm0=" in screen.text


def test_seed_reports_what_it_made_up_in_one_line() -> None:
    screen = on_terminal("seed", "--count", "20", "--blocked", "5%", "--conversations", "1")

    assert screen.lines == ["Generated 20 visitors: 6 identified, 1 blocked, 20 conversations."]


def test_a_person_sees_what_a_fixture_did_and_is_asked_before_it_removes(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "stray")
    file = tmp_path / "fixture.yaml"
    file.write_text("version: 1\nvisitors: {v: , w: }\nblocks: [{visitor: v}]\n")
    words = ("fixtures", "apply", str(file))
    assert on_terminal(*words, "--dry-run").lines == [
        "Would have created 2 visitors, 1 block.",
        "dry run: nothing was changed",
    ]
    assert on_terminal(*words).lines == ["Created 2 visitors, 1 block."]
    assert on_terminal(*words).lines == ["2 records, unchanged."]
    declined = on_terminal(*words, "--prune", answer="n\n")
    assert declined.code == 7
    assert declined.lines[0] == f"store: {tmp_path}/visitors.db"
    assert declined.lines[1].startswith("remove 1 visitor not named in the files? [y/N]")
    assert on_terminal(*words, "--prune", answer="y\n").lines[-1] == "Removed 1 visitor."
    visitors("assert", "--count", "2")


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_an_error_breaks_no_word_at_the_edge_of_the_terminal(visitors: Visitors, columns: int) -> None:
    fill(visitors, 1)
    error = visitors("list", "--fields", "nothing", code=2).stderr

    screen = on_terminal("list", "--fields", "nothing", columns=columns)

    assert " ".join(screen.lines).split() == error.split()
    assert all(len(line) <= columns or " " not in line for line in screen.lines)


def test_a_command_in_a_hint_is_one_line_to_be_copied(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "a" * 30, "--email", "a@example.com")
    visitors("create", "--id", "v")
    visitors("identify", "v", "--email", "a@example.com")
    visitors("block", "--contact", "a" * 30)

    screen = on_terminal("unblock", "v", columns=40)

    assert screen.lines[-1] == f"hint: visitors unblock --contact {'a' * 30}"


@pytest.mark.parametrize(
    ("flags", "environment", "zone", "shown"),
    [
        ((), {"VISITORS_TIMEZONE": "Asia/Kolkata"}, "Asia/Kolkata", "2026-03-01T16:30:00.000+05:30"),
        (("--local-time",), {"TZ": "Europe/Berlin"}, "local", "2026-03-01T12:00:00.000+01:00"),
        (("--local-time",), {"VISITORS_TIMEZONE": "Asia/Kolkata"}, "Asia/Kolkata", "2026-03-01T16:30:00.000+05:30"),
        ((), {"TZ": "Europe/Berlin"}, "UTC", "2026-03-01T11:00:00.000Z"),
    ],
)
def test_times_are_local_to_whoever_wants_that(
    visitors: Visitors, flags: tuple[str, ...], environment: dict[str, str], zone: str, shown: str
) -> None:
    visitors("create", "--id", "v", now="2026-03-01T11:00:00Z")
    visitors("block", "v", "--until", "2026-03-01T11:00:00Z", now="2026-03-01T10:00:00Z")

    assert f"{shown}  (1h ago)" in on_terminal("show", "v", *flags, environment=environment).text
    assert shown in on_terminal("list", "--fields", "id,createdAt", *flags, environment=environment).text
    header, event, *_ = on_terminal("explain", "v", *flags, environment=environment).lines
    assert header.startswith(f"WHEN ({zone})")
    assert shown[:16].replace("T", " ") in event
    machine = on_terminal("list", "--format", "ndjson", *flags, environment=environment).text
    assert "2026-03-01T11:00:00.000Z" in machine


def test_times_in_a_pipe_are_in_utc(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors("create", "--id", "v", now="2026-03-01T11:00:00Z")
    monkeypatch.setenv("VISITORS_TIMEZONE", "Asia/Kolkata")

    for words in (("show", "v"), ("show", "v", "--format", "table"), ("list", "--fields", "createdAt")):
        assert "2026-03-01T11:00:00.000Z" in visitors(*words, "--local-time").stdout
    assert "WHEN (UTC)" in visitors("explain", "v", "--format", "table").stdout


def test_an_unknown_zone_is_an_error_where_it_is_needed(visitors: Visitors) -> None:
    fill(visitors, 1)

    screen = on_terminal("show", "v000", environment={"VISITORS_TIMEZONE": "Mars/Olympus"})

    assert screen.code == 5
    assert screen.lines[0] == "error: VISITORS_TIMEZONE 'Mars/Olympus' is not a time zone"


@pytest.mark.parametrize("columns", [20, 24])
def test_on_a_narrow_terminal_a_page_has_all_that_it_has_on_a_wide_one(visitors: Visitors, columns: int) -> None:
    visitors("create", "--id", "v", "--screen-resolution", "1920x1080", "--browser-version", "147.0.7727.56")
    visitors("identify", "v", "--email", "ada@example.com", "--name", "Ada", "--metadata", "plan=pro")
    visitors("block", "v", "--reason", "spam")

    narrow, wide = ("".join(on_terminal("show", "v", columns=width).text.split()) for width in (columns, 200))

    for word in ("1920x1080", "147.0.7727.56", "ada@example.com", '{"plan":"pro"}', "(spam)", "screenresolution"):
        assert word in re.sub(r"\x1b\[[0-9;]*m", "", narrow)
    assert "…" not in narrow
    for heading in ("Contact", "Blocks(1)", "Links(1)", "Recentchanges"):
        assert heading in narrow
        assert heading in wide
