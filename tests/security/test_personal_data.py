"""Where personal data must not appear: in operations, in quiet errors, at TAB."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from trials.running import COMMAND
from visitors.completion import KINDS

Visitors = Callable[..., Any]

PERSON = {
    "externalId": "external-of-ada", "email": "ada@lovelace.example", "name": "Ada Lovelace",
    "image": "https://lovelace.example/ada.png",
}  # fmt: skip
SECRETS = [*PERSON.values(), "pro-plan", "Marylebone", "203.0.113.99", "because-of-ada", "Dear Ada", "About Ada"]
OPTIONS = ["--external-id", PERSON["externalId"], "--email", PERSON["email"], "--name", PERSON["name"]]


@pytest.fixture
def store(visitors: Visitors, store_path: Path) -> Path:
    """A store with one person's full data, and another person."""
    visitors("create", "--id", "v1", "--city", "Marylebone", "--ip", "203.0.113.99")
    visitors("identify", "v1", *OPTIONS, "--image", PERSON["image"], "--metadata", "plan=pro-plan")
    visitors("conversations", "start", "v1", "--title", "About Ada", "--message", "Dear Ada")
    visitors("block", "v1", "--reason", "because-of-ada")
    visitors("block", "--contact", PERSON["email"], "--reason", "because-of-ada")
    visitors("unblock", "v1", "--contact", PERSON["email"], code=None)
    visitors("contacts", "update", f"ext:{PERSON['externalId']}", "--metadata", "plan=pro-plan", "--metadata", "b=c")
    visitors("create", "--id", "v2")
    visitors("identify", "v2", "--external-id", "u2", "--email", "grace@example.com")
    return store_path


def found(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def test_operations_hold_no_values_of_the_command_line(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        recorded = connection.execute("SELECT id, at, actor, command, arguments FROM operations").fetchall()

    assert len(recorded) >= 8
    assert found(repr(recorded)) == []


ERRORS = [
    ["identify", "v2", *OPTIONS],
    ["identify", "v1", "--external-id", "somebody-else", "--email", PERSON["email"]],
    ["identify", "v2", "--external-id", PERSON["externalId"]],
    ["identify", "v2", "--external-id", "u2", "--email", PERSON["email"], "--on-conflict", "merge"],
    ["contacts", "create", "--external-id", PERSON["externalId"]],
    ["contacts", "create", "--email", "Ada Lovelace@lovelace.example"],
    ["contacts", "merge", PERSON["email"], "ext:u2", "--yes"],
    ["contacts", "update", "ext:u2", "--email", PERSON["email"]],
    ["contacts", "update", "ext:u2", "--external-id", PERSON["externalId"]],
    ["contacts", "show", f"x{PERSON['email']}"],
    ["contacts", "restore", PERSON["email"]],
    ["contacts", "split", PERSON["email"], "v2"],
    ["list", "--contact", f"ext:{PERSON['externalId']}x"],
    ["create", "--ip", "203.0.113.99.1"],
    ["unblock", "v1"],
    ["conversations", "start", "v1", "--message", "Dear Ada"],
]


@pytest.mark.parametrize("flag", ["--quiet", "-q"])
@pytest.mark.parametrize("format_", [(), ("--format", "json")])
@pytest.mark.usefixtures("store")
def test_a_quiet_error_says_nothing_about_anybody(visitors: Visitors, flag: str, format_: tuple[str, ...]) -> None:
    for words in ERRORS:
        said = visitors(*words, flag, *format_, code=None)

        assert found(said.stderr) == [], words
        assert said.code in (0, 3, 4, 5)
        assert bool(said.stderr) == bool(said.code)


def test_a_quiet_error_names_its_place_and_its_code(visitors: Visitors) -> None:
    rows = f"id,contact.email\nv1,ada@example.com\nv2,{PERSON['name']}\n"

    said = visitors("import", "-", "--input-format", "csv", "--quiet", input=rows, code=5).stderr
    assert said == "error: standard input, line 3, column 'contact.email': invalid email\n"
    reasons = visitors("import", "-", "--input-format", "csv", "--quiet", "--keep-going", input=rows, code=5).stderr
    assert "standard input, line 3, column 'contact.email': invalid email" in reasons
    assert found(reasons) == []


def test_a_quiet_fixture_error_names_its_place(visitors: Visitors, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(f"version: 1\ncontacts:\n  ada:\n    email: {PERSON['name']}\n")

    said = visitors("fixtures", "apply", str(file), "--quiet", code=5).stderr

    assert f"{file}, line 4" in said
    assert found(said) == []


def test_an_unexpected_failure_is_quiet_too(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(PERSON["email"])

    visitors("create")
    monkeypatch.delenv("VISITORS_DEBUG")
    monkeypatch.setattr("visitors.store.records.visitors.select", fail)

    assert found(visitors("list", code=1).stderr) == [PERSON["email"]]
    assert found(visitors("list", "--quiet", code=1).stderr) == []


def test_what_is_completed_are_ids_alone(visitors_process: Visitors, store: Path) -> None:
    assert COMMAND
    for kind in KINDS:
        for prefix in ("", PERSON["email"]):
            said = visitors_process("__complete", "--db", str(store), kind, prefix)
            assert found(said.stdout) == []
            assert said.stderr == ""
