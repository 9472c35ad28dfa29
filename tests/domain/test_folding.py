"""Search ignores letter case, accents and width."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.domain.folding import fold, search_text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ada", "ada"),
        ("Weiß", "weiss"),
        ("WEISS", "weiss"),
        ("Yılmaz", "yilmaz"),
        ("YILMAZ", "yilmaz"),
        ("İstanbul", "istanbul"),
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("Søren Łódź", "soren lodz"),
        ("Ægir Œuvre Þór", "aegir oeuvre thor"),
        ("Чёрный", "черныи"),
        ("ΟΔΥΣΣΕΎΣ", "οδυσσευσ"),
        ("ﬁＡ①", "fia1"),
        ("\u212aelvin", "kelvin"),
    ],
)
def test_case_accents_and_width_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["ガ", "पी", "กี่", "한", "太郎", "עִברית", "👩🏽"])
def test_marks_that_tell_words_apart_stay(text: str) -> None:
    assert fold(text) == normalize("NFC", text)


def test_accents_alone_stay_since_nothing_would_be_part_of_everything() -> None:
    assert fold("\u0301") == "\u0301"
    assert fold("") == ""


@given(st.text())
def test_any_two_spellings_of_a_text_are_folded_alike(text: str) -> None:
    for other in (normalize("NFD", text), normalize("NFC", text), text.casefold(), fold(text)):
        assert fold(other) == fold(text)


@given(st.text(st.characters(codec="latin-1")), st.text("àéîõüçñ", min_size=1), st.text())
def test_without_accents_a_part_is_found(before: str, accented: str, after: str) -> None:
    plain = normalize("NFD", accented).encode("ascii", "ignore").decode()
    assert plain.upper().lower() in fold(before + accented + after)


def test_a_contact_is_found_by_each_of_its_texts() -> None:
    assert search_text("U-1", None, "Zoë@example.com") == "u-1\nzoe@example.com"
    assert search_text(None, None, None) == ""
