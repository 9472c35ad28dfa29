"""Identifiers: ULIDs that sort by time, and the rules for ids from outside."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors.domain.ids import ALPHABET, Entropy, given_id, id_token, new_id
from visitors.errors import InvalidData

always = settings(deadline=None)
milliseconds = st.integers(min_value=0, max_value=2**48 - 1)
random_parts = st.integers(min_value=0, max_value=2**80 - 1)
TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def decode(ulid: str) -> int:
    number = 0
    for character in ulid:
        number = number * 32 + ALPHABET.index(character)
    return number


def fixed(bits: int) -> Entropy:
    """Entropy that is always the same."""
    return lambda size: bits.to_bytes(size, "big")


def test_the_alphabet_is_crockfords_base_32_without_i_l_o_u() -> None:
    assert len(set(ALPHABET)) == 32
    assert sorted(ALPHABET) == list(ALPHABET)
    assert set("ILOU").isdisjoint(ALPHABET)


@always
@given(milliseconds)
def test_a_new_id_has_26_characters_of_the_alphabet(at: int) -> None:
    assert re.fullmatch(f"[0-7][{ALPHABET}]{{25}}", new_id(at))


@always
@given(milliseconds)
def test_the_time_part_decodes_back_to_the_milliseconds(at: int) -> None:
    ulid = new_id(at)

    assert decode(ulid[:10]) == at
    assert decode(ulid) >> 80 == at


def test_the_time_part_is_that_of_the_specification() -> None:
    assert new_id(1469918176385, fixed(0)) == "01ARYZ6S41" + 16 * "0"


def test_the_smallest_and_the_largest_id_fill_the_whole_range() -> None:
    assert new_id(0, fixed(0)) == 26 * "0"
    assert new_id(2**48 - 1, fixed(2**80 - 1)) == "7" + 25 * "Z"


@always
@given(milliseconds, milliseconds)
def test_ids_sort_by_the_time_they_were_made(one: int, other: int) -> None:
    if one != other:
        assert (new_id(one) < new_id(other)) == (one < other)


def test_ids_of_one_millisecond_all_differ() -> None:
    assert len({new_id(1_772_398_691_021) for _ in range(2_000)}) == 2_000


@always
@given(milliseconds)
def test_a_new_id_is_a_valid_given_id(at: int) -> None:
    ulid = new_id(at)

    assert given_id(ulid) == ulid


@pytest.mark.parametrize("token", ["a", "0", "Z", "a.b_c:d-e", "user:42", "9" * 128, "a--", "0.", "v_1"])
def test_an_id_may_be_a_token_of_1_to_128_characters(token: str) -> None:
    assert id_token(token) == token


def test_a_given_id_is_trimmed_and_keeps_its_case() -> None:
    assert given_id(" \tAbC-1\n") == "AbC-1"


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        "a" * 129,
        ".a",
        "_a",
        ":a",
        "-a",
        "a b",
        "a/b",
        "a@b",
        "a\0",
        "a\nb",
        "é",
        "a\u202eb",
        "a+b",
        "１",
        "a%",
        "a'",
    ],
)
def test_anything_else_is_refused_as_a_given_id(token: str) -> None:
    with pytest.raises(InvalidData) as refused:
        given_id(token, "visitorId")

    assert refused.value.code == "invalid_id"
    assert refused.value.field == "visitorId"


def test_a_refused_id_is_shown_shortened() -> None:
    with pytest.raises(InvalidData) as refused:
        given_id("?" * 10_000)

    assert len(refused.value.message) < 100


@always
@given(
    st.text(TOKEN, min_size=1, max_size=1),
    st.text(TOKEN + "._:-", max_size=127),
    st.sampled_from(["", " ", "\t", "\n "]),
)
def test_every_token_of_the_rule_passes_and_passes_again(first: str, rest: str, space: str) -> None:
    token = id_token(space + first + rest + space)

    assert token == first + rest
    assert id_token(token) == token


@always
@given(st.text(st.characters()))
def test_any_text_is_either_a_token_or_invalid_data(value: str) -> None:
    try:
        token = id_token(value)
    except InvalidData:
        return
    assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", token)


@always
@given(random_parts, milliseconds)
def test_the_random_part_is_kept_whole(bits: int, at: int) -> None:
    assert decode(new_id(at, fixed(bits))[10:]) == bits
