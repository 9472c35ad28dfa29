"""The filters of every listing of the installed command: what they match, and that hostile values match nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("visitors")
HOSTILE = ("' OR 1=1 --", '"; DROP TABLE visitors; --', "%", "_", "?", "\x1b[2J", "[/red]", "\u202e", "*", "a" * 900)


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *words], input=stdin, capture_output=True, text=True, check=False)


def ids(*words: str) -> list[str]:
    done = run(*words, "--format", "ids")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(autouse=True)
def store() -> None:
    """Two visitors, one of them of a person, blocked and waiting for an answer."""
    rows = [
        {"id": "a", "ip": "203.0.113.7", "fingerprint": "fp-a", "contact": {"id": "A", "email": "ada@example.com"}},
        {"id": "b", "ip": "2001:db8::7"},
    ]
    assert run("import", "-", stdin="\n".join(map(json.dumps, rows))).returncode == 0
    assert run("conversations", "start", "a", "--title", "Größe", "--message", "Ça va bien").returncode == 0
    assert run("block", "a", "--reason", "Spam", "--as", "jo").returncode == 0


@pytest.mark.slow
def test_the_installed_command_chooses_by_every_new_filter() -> None:
    for words in (
        *("--ip 203.0.113.0/24", "--fingerprint fp-a", "--email-domain EXAMPLE.com", "--blocked-since 1h"),
        *(
            "--blocked-by jo",
            "--block-reason spam",
            "--blocked-until now --blocked",
            "--updated-since 1h --ip 203.0.113.7",
        ),
    ):
        assert ids("list", *words.split()) == ["a"], words
    assert ids("list", "--ip", "2001:db8::/32") == ["b"]
    assert ids("contacts", "list", "--has-visitors", "--email-domain", "example.com") == ["A"]
    assert ids("contacts", "list", "--no-visitors") == []
    assert len(ids("conversations", "list", "--unanswered", "--search", "grosse", "--search", "CA VA")) == 1
    assert run("assert", "--blocked-since", "1h", "--max", "0").returncode == 8
    assert run("assert", "--blocked-since", "1h", "--count", "1").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        *(("list", option) for option in ("--ip", "--fingerprint", "--email-domain", "--blocked-by", "--block-reason")),
        *(("contacts", "list", option) for option in ("--email-domain", "--metadata", "--search")),
        ("conversations", "list", "--search"),
    ],
    ids=" ".join,
)
def test_a_hostile_value_is_refused_or_chooses_nothing_and_does_no_harm(words: tuple[str, ...]) -> None:
    for value in HOSTILE:
        done = run(*words[:-1], f"{words[-1]}={value}", "--format", "ids")
        assert done.returncode in (0, 2, 5), done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
    for value in HOSTILE:
        assert run("list", f"--ip=203.0.113.0/{value}").returncode == 5
    assert ids("list", "--sort", "id") == ["a", "b"]
