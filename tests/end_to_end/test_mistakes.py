"""A command line with a mistake: one error, exit code 2, and a suggestion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

COMMANDS = {
    "lst": "'visitors list'",
    "lsit --format csv": "'visitors list'",
    "ls": "'visitors list'",
    "rm v1": "'visitors delete'",
    "get v1": "'visitors show'",
    "contact": "'visitors contacts'",
    "contact --quiet list": "'visitors contacts'",
    "contact list": "'visitors contacts list'",
    "contact lst": "'visitors contacts list'",
    "contact 01ABC": "'visitors contacts'",
    "contacts get c1": "'visitors contacts show'",
    "--format csv contacts --quiet lst": "'visitors contacts list'",
    "db chek": "'visitors db check'",
    "db remove": "'visitors delete' or 'visitors contacts delete'",
    "merge c1 c2": "'visitors contacts merge'",
    "backup": "'visitors db backup'",
    "check": "'visitors fixtures check' or 'visitors db check'",
    "contacts block v1": "'visitors block'",
    "conversations restore c1": "'visitors restore' or 'visitors contacts restore' or 'visitors db restore'",
}
OPTIONS = {
    "list --revers": "--reverse",
    "list --created_since 3d": "--created-since",
    "list --lang de": "--language",
    "create --deviceType mobile": "--device-type",
    "--formt json list": "--format",
    "db --formt json info": "--format",
}
VALUES = {
    "list --format jsno": "json",
    "--format jsno list": "json",
    "list --format=JSNO": "json",
    "list --device-type mobil": "mobile",
    "list --sort creatdAt": "createdAt",
    "list --fields idd": "id",
    "list --fields id,contact.emial": "contact.email",
    "contacts list --sort emial": "email",
    "import - --on-existing updat": "update",
    "completion bsh": "bash",
}
FAR = {
    "frobnicate": "visitors",
    "db frobnicate": "visitors db",
    "list --desc": "visitors list",
    "list --json": "visitors list",
    "list -z": "visitors list",
    "list --format xyz": "visitors list",
    "list extra": "visitors list",
    "seed --count": "visitors seed",
    "db --quiet": "visitors db",
}


@pytest.mark.parametrize(("words", "meant"), {**COMMANDS, **OPTIONS, **VALUES}.items())
def test_what_was_probably_meant_is_named(visitors: Visitors, words: str, meant: str) -> None:
    visitors("create")
    error, hint = told(visitors, *words.split())

    assert hint.startswith(f"did you mean {meant}?")
    for said_by_typer in ("did you mean", "possible options", "value error"):
        assert said_by_typer not in error.lower()


@pytest.mark.parametrize(("words", "command"), FAR.items())
def test_where_nothing_is_near_only_help_is_named(visitors: Visitors, words: str, command: str) -> None:
    _, hint = told(visitors, *words.split())

    assert hint == f"{command} --help"


def test_a_word_like_an_error_is_no_error_of_its_own(visitors: Visitors) -> None:
    assert told(visitors, "db", "path", "a is not one of b")[1] == "visitors db path --help"


def test_what_was_meant_is_not_run(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")
    told(visitors, "delet", "v1")

    assert visitors("list", "--format", "ids").lines == ["v1"]


def test_a_mistake_is_reported_as_json_on_request(visitors: Visitors) -> None:
    told = visitors("lst", "--format", "json", code=2).error

    assert told == {"code": "usage", "message": "no such command 'lst'", "hint": "did you mean 'visitors list'?"}


def told(visitors: Visitors, *words: str) -> tuple[str, str]:
    """The error and the hint, each on its line."""
    result = visitors(*words, code=2)
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    error, hint = first.removeprefix("error: "), second.removeprefix("hint: ")
    assert (first, second) == (f"error: {error}", f"hint: {hint}")
    assert error[0].islower()
    assert error[-1] != "."
    return error, hint
