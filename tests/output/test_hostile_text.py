"""Names that contain terminal controls, markup or formulas: stored unchanged, displayed safely."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]

MARKUP = "[bold]x[/]"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
FORMULA = "=cmd()"
REVERSED = "invoice\u202efdp.exe"
HOSTILE = {
    "rich-markup": (MARKUP, MARKUP),
    "broken-rich-markup": ("[/bold] :smile:", "[/bold] :smile:"),
    "clipboard-escape": (CLIPBOARD, "\\x1b]52;c;cm0gLXJmIC8=\\x07"),
    "one-byte-escape": ("\x9b31mred", "\\x9b31mred"),
    "formula": (FORMULA, FORMULA),
    "reversed-text": (REVERSED, "invoice\\u202efdp.exe"),
    "line-end": ("two\nlines", "two\\x0alines"),
}
"""Description -> how it is stored, how it is shown."""

hostile = pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=HOSTILE.keys())
hostile_text = pytest.mark.parametrize("text", [text for text, _ in HOSTILE.values()], ids=HOSTILE.keys())


def key_of(text: str) -> str:
    """Return a metadata key with `text`, without the characters that end a key on the command line."""
    return text.replace("=", "") + "key"


def assert_harmless(text: str) -> None:
    found = {
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Zl", "Zp") and character != "\n")
        or unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    }
    assert not found, text


@pytest.fixture
def named(visitors: Visitors, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """A visitor whose contact, block, conversation and actor are all named `text`; the table has room for it."""
    monkeypatch.setenv("COLUMNS", "250")
    visitor: str = visitors("create", "--browser", text, "--as", text).stdout.strip()
    visitors("identify", visitor, "--external-id", "u1", "--name", text, "--metadata", f"{key_of(text)}={text}")
    visitors("conversations", "start", visitor, "--title", text, "--message", text)
    visitors("block", visitor, "--reason", text)
    return visitor


@hostile_text
def test_text_is_stored_as_it_is(visitors: Visitors, named: str, text: str) -> None:
    page = visitors("show", named, "--format", "json")

    assert page.json["contact"]["name"] == text
    assert page.json["contact"]["metadata"] == {key_of(text): text}
    assert page.json["browser"] == page.json["blockReason"] == page.json["conversations"][0]["title"] == text
    assert_harmless(page.stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "--fields", "id,contact.name"],
        ["contacts", "list"],
        ["conversations", "list"],
        ["show", "VISITOR"],
        ["contacts", "show", "ext:u1"],
        ["history", "VISITOR"],
    ],
    ids=" ".join,
)
@hostile
def test_text_is_shown_harmless_to_a_person(visitors: Visitors, named: str, shown: str, words: list[str]) -> None:
    table = visitors(*(named if word == "VISITOR" else word for word in words), "--format", "table").stdout

    assert_harmless(table)
    assert shown in table


@pytest.mark.usefixtures("named")
@hostile
def test_an_actor_is_shown_harmless(visitors: Visitors, text: str, shown: str) -> None:
    table = visitors("history", "--format", "table").stdout

    assert_harmless(table)
    assert shown in table
    assert visitors("history", "--format", "json").json[-1]["actor"] == text


@hostile_text
def test_an_error_that_quotes_text_is_harmless(visitors: Visitors, named: str, text: str) -> None:
    for words, code in (
        (["show", f"x{text}"], 3),
        (["list", "--fields", text], 2),
        (["list", "--language", text], 5),
        (["create", "--timezone", text], 5),
        (["identify", named, "--email", text], 5),
        (["identify", named, "--external-id", "somebody-else"], 4),
        (["import", f"{text}.csv"], 3),
        ([text], 2),
    ):
        result = visitors(*words, code=code)
        assert_harmless(result.stderr)
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") <= 2

        as_json = visitors(*words, "--format", "json", code=code)
        assert_harmless(as_json.stderr)
        assert set(as_json.error) == {"code", "message", "hint"}


@hostile
def test_rejected_rows_are_reported_safely(visitors: Visitors, text: str, shown: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    result = visitors("import", "-", "--input-format", "csv", "--keep-going", input=f"id,language\nv1,{cell}\n", code=5)

    assert_harmless(result.stderr)
    # Where a message uses repr() on the value, a line end is shown as \n.
    assert shown.replace("\\x0a", "\\n") in result.stderr
