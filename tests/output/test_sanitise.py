"""Sanitised text is safe to display, and JSON keeps its value."""

from __future__ import annotations

import json
import unicodedata
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.output.sanitise import json_bytes, json_safe, visible

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"\u061c", "\u200e", "\u200f"}
# Uniformly random text hardly ever contains the relevant characters.
NEEDED = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u200c\u200d\U000110bd\U000110cd")
NEEDED |= {chr(code) for code in range(0x13430, 0x13440)}
"""Invisible characters that scripts need: joiners, number signs, and hieroglyph joiners."""
DANGEROUS = st.sampled_from(
    "\xad\u034f\u115f\u17b5\u180e\u2063\u206f\u3164\uffa0\ufff9\U0001bca0\U0001d173\U000e0001\U000e0067"
)
DANGEROUS |= st.sampled_from("\x00\x07\x08\t\n\r\x1b\x7f\x80\x85\x9b\x9d\u061c\u200f\u2028\u2029\u202e\u2066\ufeff[]\\")
TEXT = st.lists(st.one_of(DANGEROUS, st.characters())).map("".join)
STORABLE = st.lists(st.one_of(DANGEROUS, st.characters(exclude_categories=["Cs"]))).map("".join)
JSON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        STORABLE,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(STORABLE, inner, max_size=4)),
    max_leaves=12,
)


def harmful(text: str) -> list[str]:
    """The characters of `text` that control a terminal, reorder text, or cannot be encoded."""
    return [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or (unicodedata.category(character) == "Cf" and character not in NEEDED)
        or unicodedata.bidirectional(character) in BIDI
        or character in MARKS
    ]


@given(TEXT)
def test_visible_text_holds_nothing_harmful_and_is_one_line(text: str) -> None:
    shown = visible(text)

    assert harmful(shown) == []
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(TEXT)
def test_text_that_is_visible_already_stays(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ada",
        "Ærøskøbing",
        "日本語",
        "👩‍💻",
        "مرحبا",
        "می\u200cخواهم",
        "❤\ufe0f",
        "[bold]x[/]",
        "=cmd()",
        "C:\\temp",
    ],
)
def test_harmless_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("\x1b]52;c;cm0=\x07", "\\x1b]52;c;cm0=\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "\\x7f"),
        ("txt.\u202eexe", "txt.\\u202eexe"),
        ("two\nlines\r\n", "two\\x0alines\\x0d\\x0a"),
        ("\u2028", "\\u2028"),
        ("\udcff", "\\xff"),
        ("soft\xadhyphen", "soft\\xadhyphen"),
        ("a\u2063b\u3164", "a\\u2063b\\u3164"),
        ("tag\U000e0067", "tag\\U000e0067"),
    ],
)
def test_harmful_characters_show_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(STORABLE)
def test_safe_json_is_the_same_from_bytes(text: str) -> None:
    assert json_bytes(msgspec.json.encode(text)) == json_safe(msgspec.json.encode(text).decode()).encode()


def test_every_character_is_as_safe_from_bytes() -> None:
    beyond = (range(0x1BC90, 0x1BCB0), range(0x1D160, 0x1D180), range(0xE0000, 0xE0200))
    for character in map(chr, chain(range(0x11000), *beyond)):
        if not 0xD800 <= ord(character) < 0xE000:
            assert json_bytes(character.encode()) == json_safe(character).encode()


@given(JSON_VALUES)
def test_safe_json_has_the_same_value_and_nothing_harmful(value: Any) -> None:
    text = json_safe(msgspec.json.encode(value).decode())

    assert msgspec.json.decode(text) == value
    assert json.loads(text) == value
    assert harmful(text) == []
