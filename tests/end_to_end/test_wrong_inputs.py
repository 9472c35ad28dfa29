"""The most frequent wrong inputs: the exact words, the exit code, and that these suffice to go on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

TIMES = "use RFC 3339 (2026-03-01T20:58:11Z), a date (2026-03-01), an age (30d, 12h, 4w), or now, today or yesterday"
FORMATS = "'table', 'json', 'ndjson', 'csv', 'tsv', 'ids', 'count'"
WRONG = {
    # typing errors
    "shwo abc1": (2, "no such command 'shwo'", "did you mean 'visitors show'?"),
    "contacts lst": (2, "no such command 'lst'", "did you mean 'visitors contacts list'?"),
    "show --fromat json abc1": (2, "no such option: --fromat", "did you mean --format?"),
    "list --formatt": (2, "no such option: --formatt", "did you mean --format?"),
    # an unknown command, with nothing like it
    "frobnicate": (2, "no such command 'frobnicate'", "visitors --help"),
    "contacts frobnicate": (2, "no such command 'frobnicate'", "visitors contacts --help"),
    # a missing id
    "show": (2, "no visitors given: pass ids, or - for standard input", None),
    "delete": (
        2,
        "no visitors given: pass ids, - for standard input, or a selection",
        "to act on every visitor, use --all",
    ),
    "contacts show": (2, "no contacts given: pass ids, emails or ext:ID, or - for standard input", None),
    "identify --email ada@example.com": (2, "missing argument 'VISITOR'", "visitors identify --help"),
    "conversations show": (2, "missing argument 'CONVERSATION...'", "visitors conversations show --help"),
    "completion": (2, "missing argument 'SHELL'", "use one of bash, zsh, fish"),
    # a wrong format, or another word that is not one of a few
    "list --format jsno": (2, f"invalid value for '--format': 'jsno' is not one of {FORMATS}", "did you mean json?"),
    "list --format xml": (2, f"invalid value for '--format': 'xml' is not one of {FORMATS}", "visitors list --help"),
    "stats --per dya": (
        2,
        "invalid value for '--per': 'dya' is not one of 'day', 'week', 'month'",
        "did you mean day?",
    ),
    # a value that is missing, too many, or of another type
    "list --sort": (2, "option '--sort' requires an argument", "visitors list --help"),
    "--db": (2, "option '--db' requires an argument", "visitors --help"),
    "list --blocked=yes": (2, "option '--blocked' does not take a value", "visitors list --help"),
    "list abc1": (2, "unexpected argument: abc1", "visitors list --help"),
    "list --limit ten": (2, "invalid value for '--limit': 'ten' is not a whole number", "visitors list --help"),
    "list --limit -1": (2, "invalid value for '--limit': -1 is less than 0", "visitors list --help"),
    "list --limit 9999999999999999999": (
        2,
        "invalid value for '--limit': 9999999999999999999 is greater than 1000000000000000000",
        "visitors list --help",
    ),
    # a value that reads like a message
    "list 'a is not in the range 1<=x<=2'": (
        2,
        "unexpected argument: a is not in the range 1<=x<=2",
        "visitors list --help",
    ),
    "list '--a is not in the range 1<=x<=2'": (
        2,
        "no such option: --a is not in the range 1<",
        "visitors list --help",
    ),
    """stats --per "it's is not one of 'dya'\"""": (
        2,
        """invalid value for '--per': "it's is not one of 'dya'" is not one of 'day', 'week', 'month'""",
        "visitors stats --help",
    ),
    # an unknown field
    "list --fields lnguage": (2, "unknown field 'lnguage'", "did you mean language? the fields are id, language, …"),
    "list --sort lnguage": (2, "cannot sort by 'lnguage'", "did you mean language? sort by one of …"),
    # a file that is not there
    "import nowhere.csv": (3, "file nowhere.csv not found", "check the path"),
    "fixtures apply nowhere.yaml": (3, "file nowhere.yaml not found", "check the path"),
    "db restore nowhere.bak": (6, "no store found at …nowhere.bak", "check the path"),
    # an id that is not there
    "show nobody": (
        3,
        "no visitor has the id 'nobody'",
        "to search by part of an id, name, email or external id: visitors list --search TEXT",
    ),
    "contacts show nobody@example.com": (
        3,
        "no contact has the email 'nobody@example.com'",
        "to search by part of a name, email or external id: visitors contacts list --search TEXT",
    ),
    "show ada@example.com": (
        3,
        "'ada@example.com' refers to a contact, not to a visitor",
        (
            "to list its visitors: visitors list --contact ada@example.com;"
            " to show the contact: visitors contacts show ada@example.com"
        ),
    ),
    # an ambiguous prefix
    "show abc": (
        4,
        "'abc' is ambiguous: it matches the visitors abc1, abc2",
        "use a longer prefix, or the whole id",
    ),
    # --yes missing in a pipe
    "delete --anonymous": (
        2,
        "delete 2 visitors: confirmation needed, but this is not a terminal",
        "to confirm, add --yes",
    ),
    "erase abc1": (
        2,
        "permanently erase 1 visitor, including their history: confirmation needed, but this is not a terminal",
        "to confirm, add --yes",
    ),
    # a wrong time
    "list --created-since yesterdy": (5, "created-since 'yesterdy' is not a time", TIMES),
    "block abc1 --for 3x": (
        5,
        "'3x' is not a valid duration",
        "use a whole number and a unit: 15m, 12h, 7d, 4w, 1y",
    ),
    "list --created-since 1d --created-until 30d": (
        2,
        "--created-since … is after --created-until …",
        "swap the two times; an age of 30d is earlier than 7d",
    ),
    # a wrong email
    "identify abc1 --email ada": (5, "email 'ada' is not an email address", "use an address such as name@example.com"),
    "identify abc1": (
        2,
        "identify needs an external id, an email, or both",
        "add --external-id ID or --email ADDRESS",
    ),
}


@pytest.fixture
def store(visitors: Visitors) -> None:
    """Two visitors whose ids have a prefix in common."""
    visitors("create", "--id", "abc1")
    visitors("create", "--id", "abc2")


def is_like(text: str, pattern: str) -> bool:
    """Whether a text is as it should be, where `…` is anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), text) is not None


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said_in_one_line_and_what_to_do_in_another(visitors: Visitors, line: str) -> None:
    code, message, hint = WRONG[line]
    answer = visitors(*shlex.split(line), code=code)
    told = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert answer.stdout == ""
    assert is_like(answer.stderr, told), answer.stderr


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("line", WRONG)
def test_a_program_is_told_the_same_as_json(visitors: Visitors, line: str) -> None:
    code, message, hint = WRONG[line]
    if line == "--db" or "--format " in line:  # which takes what comes next, or has a format already
        return
    answer = visitors("--format", "json", *shlex.split(line), code=code)
    error = json.loads(answer.stderr)["error"]
    assert is_like(error["message"], message), error
    assert is_like(error["hint"] or "", hint or ""), error
    assert re.fullmatch("[a-z_]+", error["code"])


def test_the_style_is_one() -> None:
    """What `WRONG` has, the program says: in lower case, in one line, without a full stop."""
    for _, message, hint in WRONG.values():
        for text in filter(None, (message, hint)):
            assert text[0].islower() or text[0] in "'-"
            assert not text.endswith(".") or text.endswith("...")
            assert "\n" not in text


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("--help list", "visitors [OPTIONS] COMMAND [ARGS]..."),
        ("list --help", "visitors list [OPTIONS]"),
        ("show abc1 --help", "visitors show [OPTIONS] [VISITOR...]"),
        ("contacts --help list", "visitors contacts [OPTIONS] COMMAND [ARGS]..."),
        ("conversations list --help", "visitors conversations list [OPTIONS]"),
    ],
)
def test_help_is_given_wherever_it_is_asked_for(visitors: Visitors, line: str, usage: str) -> None:
    answer = visitors(*shlex.split(line))
    assert answer.stdout.startswith(f"Usage: {usage}\n")
    assert answer.stderr == ""


def test_a_store_that_is_not_there_is_named(visitors: Visitors, tmp_path: Path) -> None:
    path = tmp_path / "typo.db"
    answer = visitors("--db", str(path), "list", code=6)
    assert answer.stderr == (
        f"error: no store found at {path}\n"
        "hint: check --db and VISITORS_DB; create, track and import create a new store\n"
    )
    assert not path.exists()
