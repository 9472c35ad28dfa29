"""Hostile text in data or file names is shown on a terminal and never interpreted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from trials.running import COMMAND, settings

Visitors = Callable[..., Any]

HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egnp[bold]x[/]\x08\x7f"
SHOWN = r"\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egnp[bold]x[/]\x08\x7f"
IN_AN_ID = HOSTILE.replace("\u202e", "")
"""Invisible characters are refused in identifiers."""
IN_A_FILE_NAME = HOSTILE.replace("/", "")
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""The sequences that the program itself sends: colours, and cursor movement."""


def on_terminal(*words: str, answer: str | None = None) -> str:
    """Return what a person sees of a run of the command, without colours."""
    child = pexpect.spawn(
        COMMAND, list(words), env=settings(TERM="xterm-256color"), encoding="utf-8", dimensions=(50, 250), timeout=30
    )
    if answer is not None:
        child.expect_exact("[y/N] ")
        asked = child.before
        child.sendline(answer)
    else:
        asked = ""
    child.expect(pexpect.EOF)
    child.close()
    return OURS.sub("", f"{asked}{child.before}")


def assert_harmless(seen: str) -> None:
    assert not set(seen) & set("\x1b\x07\x9b\u202e\x08\x7f"), repr(seen)


@pytest.fixture
def named(visitors: Visitors) -> str:
    """A visitor of a hostile person; another contact to merge with."""
    visitors("create", "--id", "v1")
    visitors(
        "identify", "v1", "--external-id", f"u{IN_AN_ID}", "--name", HOSTILE, "--metadata", f"k{HOSTILE}={HOSTILE}"
    )
    visitors("contacts", "create", "--external-id", "other", "--name", HOSTILE)
    visitors("conversations", "start", "v1", "--title", HOSTILE, "--message", HOSTILE)
    visitors("block", "v1", "--reason", HOSTILE, "--as", HOSTILE)
    return "v1"


@pytest.mark.parametrize(
    "words",
    ["list --search v1", "show v1", "history", "history v1", "explain v1", "contacts list", "contacts show ext:other",
     "contacts duplicates", "conversations list", "export --format csv", "export --format tsv",
     "export --format ndjson", "db dump", "fixtures dump", "list --format json",
     "list --fields id,contact.name,contact.metadata"],
)  # fmt: skip
@pytest.mark.usefixtures("named")
def test_every_way_to_show_data(words: str) -> None:
    seen = on_terminal(*words.split())

    assert_harmless(seen)
    is_shown = "x1b]52" in seen or "u001b]52" in seen
    assert is_shown or words in ("list --search v1", "contacts duplicates", "explain v1", "history"), seen


@pytest.mark.usefixtures("named")
def test_the_question_before_a_merge() -> None:
    seen = on_terminal("contacts", "merge", "ext:other", f"ext:u{IN_AN_ID}", "--force", answer="n")

    assert_harmless(seen)
    assert SHOWN in seen


@pytest.mark.parametrize("good", [True, False])
def test_names_of_files_in_remarks_and_errors(tmp_path: Path, visitors: Visitors, good: bool) -> None:  # noqa: FBT001
    visitors("create")
    file = tmp_path / f"{IN_A_FILE_NAME}.csv"
    file.write_text("id\nv1\n" if good else "id\n?\n")

    for words in (["import", str(file)], ["export", "-o", str(tmp_path / f"{IN_A_FILE_NAME}.tsv")]):
        seen = on_terminal(*words)
        assert_harmless(seen)
    assert_harmless(on_terminal("import", f"{file}.nope.csv"))
    assert_harmless(on_terminal("list", "--db", f"{file}.nope.db"))
    assert_harmless(on_terminal(f"nope{HOSTILE}"))


def test_a_progress_bar_shows_nothing_of_the_data(tmp_path: Path) -> None:
    file = tmp_path / f"{IN_A_FILE_NAME}.ndjson"
    row = '{"id":"v%d","city":"\\u001b]0;x\\u0007","region":"' + "x" * 800 + '"}\n'
    file.write_text("".join(row % number for number in range(2_000)))

    seen = on_terminal("import", str(file))

    assert "2,000" in seen
    assert_harmless(seen)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("format_", ["csv", "tsv"])
def test_no_cell_starts_a_formula_where_that_was_asked_for(visitors: Visitors, start: str, format_: str) -> None:
    row = {"id": "v1", "city": f"{start}cmd()", "contact": {"externalId": "u1", "metadata": {"k": f"{start}cmd()"}}}
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row))

    words = ("export", "--spreadsheet-safe", "--fields", "city,contact.metadata.k", "--format", format_)
    cells = visitors(*words).stdout.split("\n", 1)[1].strip("\n")

    for cell in cells.replace('"', "").split("," if format_ == "csv" else "\t"):
        assert cell.startswith(("'", "c")), cells  # white space is trimmed from a city
